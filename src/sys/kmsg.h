/* The log and random devices of /dev: registered once by kernel_main. */
#ifndef ARAMID_SYS_KMSG_H
#define ARAMID_SYS_KMSG_H

void kmsg_init(void);

#endif

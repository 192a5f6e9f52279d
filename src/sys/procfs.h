/* The proc file system: registered once by kernel_main; mounted by init. */
#ifndef ARAMID_SYS_PROCFS_H
#define ARAMID_SYS_PROCFS_H

void procfs_init(void);

#endif

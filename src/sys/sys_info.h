/*
 * The machine's names, for uname and /proc/version.
 */
#ifndef ARAMID_SYS_SYS_INFO_H
#define ARAMID_SYS_SYS_INFO_H

struct new_utsname;

void system_names_get(struct new_utsname *out);

#endif

/*
 * The machine's names, as uname(2) and /proc show them.
 */
#ifndef ARAMID_SYS_UTS_H
#define ARAMID_SYS_UTS_H

#include "lib/types.h"

#include <linux/utsname.h>

#define UTS_NAME_SIZE (__NEW_UTS_LEN + 1)

const char *uts_release(void);
const char *uts_version(void);
void uts_nodename_get(char name[UTS_NAME_SIZE]);
/* -EPERM without CAP_SYS_ADMIN, -EINVAL when too long. name need not end with a NUL. */
int __must_check uts_nodename_set(const char *name, size_t n);

#endif

#include "contract.h"

#include <linux/fs.h>

CONTRACT(fs_rename_noreplace, "RENAME_NOREPLACE never replaces")
{
	put("a", "a");
	put("b", "b");
	OK(mkdir("d", 0755));
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "d", RENAME_NOREPLACE), EEXIST);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "a", RENAME_NOREPLACE), EEXIST);
	SAME(get("a"), "a");
	SAME(get("b"), "b");
	OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	CHECK(!exists("a"));
	SAME(get("c"), "a");
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c",
		      RENAME_NOREPLACE | RENAME_EXCHANGE),
	      EINVAL);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", 0x80), EINVAL);
	say("kept both");
}

#include "contract.h"

#include <linux/fs.h>

CONTRACT(fs_rename_exchange, "RENAME_EXCHANGE swaps two names, whatever their kinds")
{
	ino_t file, dir;

	put("file", "file");
	OK(mkdir("d", 0755));
	OK(mkdir("parent", 0755));
	OK(mkdir("parent/dir", 0755));
	put("parent/dir/inner", "inner");
	file = lstat_of("file").st_ino;
	dir = lstat_of("parent/dir").st_ino;
	OK(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "parent/dir", RENAME_EXCHANGE));
	EQ(lstat_of("file").st_ino, dir);
	EQ(lstat_of("parent/dir").st_ino, file);
	SAME(get("file/inner"), "inner");
	SAME(get("parent/dir"), "file");
	EQ(lstat_of("file/..").st_ino, lstat_of(".").st_ino);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "none", RENAME_EXCHANGE), ENOENT);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "file/inner", RENAME_EXCHANGE),
	      EINVAL);
	OK(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "d", RENAME_EXCHANGE));
	SAME(get("d/inner"), "inner");
	say("swapped");
}

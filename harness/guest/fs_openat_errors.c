#include "contract.h"

CONTRACT(fs_openat_errors, "the *at calls check their descriptor only when they need it")
{
	struct stat st;
	int file, dir;

	put("file", "");
	file = OK(open("file", O_RDONLY));
	dir = OK(open(".", O_RDONLY));
	FAILS(openat(99, "file", O_RDONLY), EBADF);
	FAILS(openat(file, "file", O_RDONLY), ENOTDIR);
	OK(openat(99, "/", O_RDONLY));
	OK(openat(file, "/dev/null", O_RDONLY));
	FAILS(fstatat(99, "file", &st, 0), EBADF);
	FAILS(fstatat(dir, "", &st, 0), ENOENT);
	FAILS(fstatat(dir, "file", &st, 0x10), EINVAL);
	OK(fstatat(file, "", &st, AT_EMPTY_PATH));
	OK(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	FAILS(mkdirat(99, "d", 0755), EBADF);
	FAILS(mkdirat(file, "d", 0755), ENOTDIR);
	FAILS(unlinkat(file, "x", 0), ENOTDIR);
	FAILS(renameat(99, "file", dir, "x"), EBADF);
	FAILS(renameat(dir, "file", 99, "x"), EBADF);
	FAILS(linkat(dir, "file", 99, "x", 0), EBADF);
	FAILS(linkat(dir, "file", dir, "x", 1), EINVAL);
	FAILS(symlinkat("x", 99, "y"), EBADF);
	FAILS(fchmodat(99, "file", 0600, 0), EBADF);
	FAILS(fchownat(99, "file", 0, 0, 0), EBADF);
	FAILS(fchownat(dir, "file", 0, 0, 0x4000000), EINVAL);
	say("checked");
}

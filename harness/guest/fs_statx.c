#include "contract.h"

#include <linux/stat.h>

CONTRACT(fs_statx, "statx fills in the basic fields and says which")
{
	struct statx sx;
	struct stat st;

	put("file", "123");
	OK(chmod("file", 0604));
	OK(symlink("file", "link"));
	st = stat_of("file");
	memset(&sx, 0xee, sizeof(sx));
	OK(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &sx));
	EQ(sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	EQ(sx.stx_ino, st.st_ino);
	EQ(((uint64_t)sx.stx_dev_major << 8 | sx.stx_dev_minor), st.st_dev);
	EQ(sx.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	EQ(sx.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	EQ(sx.stx_ctime.tv_nsec, st.st_ctim.tv_nsec);
	EQ(sx.stx_blocks, st.st_blocks);
	EQ(sx.stx_blksize, st.st_blksize);
	say("mode %o links %u owner %u:%u size %llu", sx.stx_mode, sx.stx_nlink, sx.stx_uid,
	    sx.stx_gid, (unsigned long long)sx.stx_size);
	OK(syscall(SYS_statx, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &sx));
	CHECK(S_ISLNK(sx.stx_mode));
	OK(syscall(SYS_statx, OK(open("file", O_RDONLY)), "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	EQ(sx.stx_size, 3);
	FAILS(syscall(SYS_statx, AT_FDCWD, "missing", 0, STATX_TYPE, &sx), ENOENT);
	FAILS(syscall(SYS_statx, AT_FDCWD, "file", 0x7fff0000, STATX_TYPE, &sx), EINVAL);
	FAILS(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX__RESERVED, &sx), EINVAL);
	FAILS(syscall(SYS_statx, AT_FDCWD, "file", 0x6000, STATX_TYPE, &sx), EINVAL);
	FAILS(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_TYPE, (void *)1), EFAULT);
}

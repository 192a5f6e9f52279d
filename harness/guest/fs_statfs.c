#include "contract.h"

CONTRACT(fs_statfs, "statfs and fstatfs describe the file system")
{
	struct statfs fs, byfd;

	OK(statfs(".", &fs));
	CHECK(fs.f_bsize > 0 && fs.f_blocks > 0);
	CHECK(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree);
	CHECK(fs.f_ffree <= fs.f_files);
	say("names up to %ld", (long)fs.f_namelen);
	put("file", "");
	OK(statfs("file", &byfd));
	EQ(byfd.f_type, fs.f_type);
	EQ(byfd.f_blocks, fs.f_blocks);
	OK(fstatfs(OK(open("file", O_RDONLY)), &byfd));
	EQ(byfd.f_type, fs.f_type);
	OK(statfs("/proc", &fs));
	say("/proc is %lx", (unsigned long)fs.f_type);
	FAILS(statfs("missing", &fs), ENOENT);
	FAILS(statfs("file/x", &fs), ENOTDIR);
	FAILS(fstatfs(99, &fs), EBADF);
	FAILS(syscall(SYS_statfs, ".", 1), EFAULT);
}

#include "contract.h"

#include <linux/fs.h>

static void set(int fd, int flags)
{
	int now;

	OK(ioctl(fd, FS_IOC_GETFLAGS, &now));
	now = (now & ~(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL)) | flags;
	OK(ioctl(fd, FS_IOC_SETFLAGS, &now));
}

CONTRACT(fs_file_flags, "immutable and append-only files refuse what they must")
{
	struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6}};
	struct fsxattr fsx;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644)), flags, dir;

	EQ(write(fd, "hello", 5), 5);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
		skip("this file system has no flags");
	flags |= FS_IMMUTABLE_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0)
		skip("flags can't be set here");
	say("immutable");
	SHOW(pwrite(fd, "x", 1, 0));
	SHOW(ftruncate(fd, 2));
	SHOW(open("file", O_WRONLY));
	SHOW(open("file", O_RDONLY | O_TRUNC));
	SHOW(truncate("file", 2));
	SHOW(chmod("file", 0600));
	SHOW(chown("file", 1, 1));
	SHOW(unlink("file"));
	SHOW(rename("file", "other"));
	SHOW(link("file", "other"));
	SHOW(utimensat(AT_FDCWD, "file", times, 0));
	SHOW(utimensat(AT_FDCWD, "file", NULL, 0));
	SHOW(fallocate(fd, 0, 0, 100));
	OK(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	say("xflags %#x", fsx.fsx_xflags);
	set(fd, FS_APPEND_FL);
	say("append");
	SHOW(open("file", O_WRONLY));
	OK(close(OK(open("file", O_WRONLY | O_APPEND))));
	SHOW(open("file", O_WRONLY | O_APPEND | O_TRUNC));
	SHOW(truncate("file", 2));
	SHOW(ftruncate(fd, 2));
	SHOW(chmod("file", 0600));
	SHOW(unlink("file"));
	SHOW(rename("file", "other"));
	SHOW(link("file", "other"));
	SHOW(utimensat(AT_FDCWD, "file", times, 0));
	SHOW(utimensat(AT_FDCWD, "file", NULL, 0));
	OK(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	say("xflags %#x", fsx.fsx_xflags);
	set(fd, FS_NODUMP_FL);
	OK(chmod("file", 0600));
	say("directory");
	OK(mkdir("dir", 0755));
	OK(close(OK(open("dir/old", O_WRONLY | O_CREAT, 0644))));
	dir = OK(open("dir", O_RDONLY | O_DIRECTORY));
	set(dir, FS_APPEND_FL);
	OK(close(OK(open("dir/new", O_WRONLY | O_CREAT, 0644))));
	SHOW(unlink("dir/old"));
	SHOW(rename("dir/old", "dir/older"));
	set(dir, FS_IMMUTABLE_FL);
	SHOW(open("dir/newer", O_WRONLY | O_CREAT, 0644));
	SHOW(mkdir("dir/sub", 0755));
	SHOW(unlink("dir/old"));
	SHOW(rmdir("dir"));
	set(dir, 0);
	OK(unlink("dir/old"));
	OK(unlink("dir/new"));
	flags = FS_DIRSYNC_FL | FS_EXTENT_FL;
	SHOW(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	OK(unlink("file"));
}

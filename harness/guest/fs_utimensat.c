#include "contract.h"

CONTRACT(fs_utimensat, "utimensat sets both times to the nanosecond")
{
	struct timespec times[2] = {{1000000001, 123456789}, {1500000000, 987654321}};
	struct stat st;
	int fd;

	put("file", "");
	OK(symlink("file", "link"));
	OK(utimensat(AT_FDCWD, "file", times, 0));
	st = stat_of("file");
	say("atime %ld.%09ld mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
	    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1] = (struct timespec){2000000000, 1};
	OK(utimensat(AT_FDCWD, "link", times, 0));
	st = stat_of("file");
	say("atime %ld.%09ld mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
	    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	times[0] = (struct timespec){7, 7};
	times[1] = (struct timespec){8, 8};
	OK(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
	st = lstat_of("link");
	EQ(st.st_mtim.tv_sec, 8);
	EQ(stat_of("file").st_mtim.tv_sec, 2000000000);
	times[1].tv_nsec = UTIME_NOW;
	fd = OK(open("file", O_RDONLY));
	OK(futimens(fd, times));
	st = stat_of("file");
	CHECK(st.st_mtim.tv_sec != 2000000000 && st.st_mtim.tv_sec != 8);
	EQ(st.st_atim.tv_sec, 7);
	times[0].tv_nsec = 1000000000;
	FAILS(futimens(fd, times), EINVAL);
	times[0].tv_nsec = -1;
	FAILS(futimens(fd, times), EINVAL);
	FAILS(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	FAILS(utimensat(AT_FDCWD, "file", NULL, 0x10000), EINVAL);
	OK(utimensat(AT_FDCWD, "file", NULL, 0));
	times[0] = (struct timespec){-5, 5};
	times[1] = (struct timespec){5000000000, 6};
	OK(utimensat(AT_FDCWD, "file", times, 0));
	st = stat_of("file");
	say("atime %ld.%09ld mtime %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
	    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

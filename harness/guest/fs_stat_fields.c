#include "contract.h"

CONTRACT(fs_stat_fields, "stat reports kind, mode, links, owner, size and blocks")
{
	struct stat st, byfd;
	int fd;

	put("file", "12345");
	OK(chmod("file", 04751));
	OK(chown("file", 12, 34));
	OK(chmod("file", 06751));
	st = stat_of("file");
	say("mode %o links %lu owner %u:%u size %ld", st.st_mode, (unsigned long)st.st_nlink,
	    st.st_uid, st.st_gid, (long)st.st_size);
	CHECK(st.st_blksize >= 512 && st.st_blksize <= 1 << 20);
	fd = OK(open("file", O_RDONLY));
	OK(fstat(fd, &byfd));
	CHECK(byfd.st_ino == st.st_ino && byfd.st_dev == st.st_dev);
	CHECK(byfd.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	      byfd.st_mtim.tv_nsec == st.st_mtim.tv_nsec);
	FAILS(fstat(99, &st), EBADF);
	OK(fstat(0, &st));
	CHECK(S_ISCHR(st.st_mode));
	say("/dev/null is %lx", (unsigned long)st.st_rdev);
	OK(mkdir("d", 01777));
	say("directory mode %o", stat_of("d").st_mode);
	OK(chmod("d", 01777));
	say("directory mode %o", stat_of("d").st_mode);
}

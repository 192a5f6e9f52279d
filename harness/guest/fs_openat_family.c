#include "contract.h"

CONTRACT(fs_openat_family, "the *at calls work relative to a directory descriptor")
{
	char buffer[32];
	struct stat st;
	int dir, sub, fd;

	OK(mkdir("d", 0755));
	OK(mkdir("elsewhere", 0755));
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	OK(chdir("elsewhere"));
	fd = OK(openat(dir, "file", O_RDWR | O_CREAT, 0644));
	write_all(fd, "12345", 5);
	OK(close(fd));
	OK(mkdirat(dir, "sub", 0755));
	sub = OK(openat(dir, "sub", O_RDONLY));
	OK(linkat(dir, "file", sub, "hard", 0));
	OK(symlinkat("../file", sub, "soft"));
	EQ(readlinkat(sub, "soft", buffer, sizeof(buffer)), 7);
	OK(fstatat(sub, "soft", &st, 0));
	EQ(st.st_size, 5);
	EQ(st.st_nlink, 2);
	OK(fstatat(sub, "soft", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	OK(fchmodat(dir, "file", 0640, 0));
	OK(fchownat(dir, "file", 7, 8, 0));
	OK(fchownat(sub, "soft", 5, 6, AT_SYMLINK_NOFOLLOW));
	OK(fstatat(dir, "file", &st, 0));
	say("file: mode %o owner %u:%u", st.st_mode, st.st_uid, st.st_gid);
	OK(fstatat(sub, "soft", &st, AT_SYMLINK_NOFOLLOW));
	say("soft: owner %u:%u", st.st_uid, st.st_gid);
	OK(faccessat(sub, "soft", R_OK | W_OK, 0));
	OK(mknodat(sub, "fifo", S_IFIFO | 0600, 0));
	OK(renameat(sub, "hard", dir, "moved"));
	OK(fstatat(dir, "moved", &st, 0));
	EQ(st.st_size, 5);
	OK(unlinkat(dir, "moved", 0));
	OK(unlinkat(sub, "soft", 0));
	OK(unlinkat(sub, "fifo", 0));
	OK(unlinkat(dir, "sub", AT_REMOVEDIR));
	OK(fstatat(sub, "", &st, AT_EMPTY_PATH));
	EQ(st.st_nlink, 0);
	OK(fstatat(dir, "..", &st, 0));
	EQ(st.st_ino, stat_of("..").st_ino);
}

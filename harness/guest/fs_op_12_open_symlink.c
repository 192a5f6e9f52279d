#include "contract.h"

CONTRACT(fs_op_12_open_symlink, "opening a symbolic link opens what it points at")
{
	struct stat through;
	int fd;

	put("file", "content");
	OK(symlink("file", "link"));
	fd = OK(open("link", O_RDONLY));
	OK(fstat(fd, &through));
	OK(close(fd));
	EQ(through.st_ino, lstat_of("file").st_ino);
	CHECK(lstat_of("link").st_ino != through.st_ino);
	FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	FAILS(open("link", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	OK(symlink("made", "dangling"));
	fd = OK(open("dangling", O_WRONLY | O_CREAT, 0644));
	OK(close(fd));
	CHECK(S_ISREG(lstat_of("made").st_mode));
	say("followed");
}

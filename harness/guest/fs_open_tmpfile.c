#include "contract.h"

CONTRACT(fs_open_tmpfile, "O_TMPFILE makes a nameless file that linkat can name")
{
	char path[64];
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		skip("this file system has no O_TMPFILE");
	CHECK(fd >= 0);
	write_all(fd, "nameless", 8);
	OK(fstat(fd, &st));
	EQ(st.st_nlink, 0);
	EQ(st.st_size, 8);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	OK(fstat(fd, &st));
	EQ(st.st_nlink, 1);
	OK(close(fd));
	SAME(get("named"), "nameless");
	FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	FAILS(open("named", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	say("named later");
}

#include "contract.h"

CONTRACT(fs_op_02_create, "open with O_CREAT makes an empty regular file")
{
	int fd = OK(open("file", O_WRONLY | O_CREAT | O_EXCL, 0640));
	struct stat st;

	OK(fstat(fd, &st));
	CHECK(S_ISREG(st.st_mode));
	say("mode %o size %ld links %lu owner %u:%u", st.st_mode, (long)st.st_size,
	    (unsigned long)st.st_nlink, st.st_uid, st.st_gid);
	EQ(st.st_blocks, 0);
	OK(close(fd));
	FAILS(open("file", O_WRONLY | O_CREAT | O_EXCL, 0640), EEXIST);
	EQ(lstat_of("file").st_ino, st.st_ino);
	fd = OK(creat("other", 0600));
	OK(close(fd));
	CHECK(lstat_of("other").st_ino != st.st_ino);
}

#include "contract.h"

CONTRACT(fs_truncate_errors, "truncate refuses directories, negative sizes and unwritable files")
{
	int pipes[2];

	put("file", "content");
	OK(mkdir("d", 0755));
	FAILS(truncate("d", 0), EISDIR);
	FAILS(truncate("missing", 0), ENOENT);
	FAILS(truncate("file/x", 0), ENOTDIR);
	FAILS(truncate("file", -1), EINVAL);
	FAILS(ftruncate(OK(open("file", O_RDONLY)), 0), EINVAL);
	FAILS(ftruncate(99, 0), EBADF);
	OK(pipe(pipes));
	FAILS(ftruncate(pipes[1], 0), EINVAL);
	SHOW(truncate("/dev/null", 0));
	EQ(stat_of("file").st_size, 7);
}

#include "contract.h"

CONTRACT(fs_op_10_symlink, "symlink makes a link of the length of its target")
{
	struct stat st;

	OK(symlink("some/where", "link"));
	st = lstat_of("link");
	CHECK(S_ISLNK(st.st_mode));
	say("mode %o size %ld", st.st_mode, (long)st.st_size);
	FAILS(symlink("other", "link"), EEXIST);
	FAILS(symlink("", "empty"), ENOENT);
	FAILS(symlink("target", "missing/link"), ENOENT);
	FAILS(symlink("target", ""), ENOENT);
	FAILS(stat("link", &st), ENOENT);
	FAILS(open("link", O_RDONLY), ENOENT);
}

#include "contract.h"

CONTRACT(fs_op_06_mkdir, "mkdir makes a directory with two links and counts in its parent")
{
	struct stat st;

	OK(mkdir("d", 0750));
	st = lstat_of("d");
	CHECK(S_ISDIR(st.st_mode));
	say("mode %o", st.st_mode);
	FAILS(mkdir("d", 0755), EEXIST);
	FAILS(mkdir("missing/d", 0755), ENOENT);
	put("file", "");
	FAILS(mkdir("file", 0755), EEXIST);
	FAILS(mkdir("file/d", 0755), ENOTDIR);
	OK(mkdir("slash/", 0755));
	FAILS(mkdir("d/.", 0755), EEXIST);
	FAILS(mkdir("d/..", 0755), EEXIST);
	FAILS(mkdir("/", 0755), EEXIST);
	FAILS(mkdir("", 0755), ENOENT);
	EQ(lstat_of("d/.").st_ino, st.st_ino);
	EQ(lstat_of("d/..").st_ino, lstat_of(".").st_ino);
}

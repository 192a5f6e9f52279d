#include "contract.h"

CONTRACT(fs_symlink_trailing_slash,
	 "a slash after a link follows it; the last component of some calls is not followed")
{
	struct stat st;

	OK(mkdir("d", 0755));
	put("d/file", "");
	put("file", "");
	OK(symlink("d", "dlink"));
	OK(symlink("file", "flink"));
	OK(lstat("dlink/", &st));
	CHECK(S_ISDIR(st.st_mode));
	OK(lstat("dlink", &st));
	CHECK(S_ISLNK(st.st_mode));
	FAILS(lstat("flink/", &st), ENOTDIR);
	FAILS(unlink("dlink/"), ENOTDIR);
	FAILS(rmdir("dlink/"), ENOTDIR);
	SHOW(rename("dlink/", "x"));
	SHOW(mkdir("dlink/", 0755));
	SHOW(mkdir("nowhere/", 0755));
	OK(symlink("nothing", "dangling"));
	SHOW(mkdir("dangling", 0755));
	SHOW(mkdir("dangling/", 0755));
	OK(unlink("dlink"));
	CHECK(exists("d/file"));
}

#include "contract.h"

CONTRACT(fs_rename_errors, "rename refuses to mix kinds, to fill directories, to make loops")
{
	put("file", "");
	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	OK(mkdir("full", 0755));
	put("full/file", "");
	FAILS(rename("missing", "x"), ENOENT);
	FAILS(rename("file", "missing/x"), ENOENT);
	FAILS(rename("file", "d"), EISDIR);
	FAILS(rename("d", "file"), ENOTDIR);
	FAILS(rename("d", "full"), ENOTEMPTY);
	FAILS(rename("d", "d/e/f"), EINVAL);
	FAILS(rename("d", "d/x"), EINVAL);
	FAILS(rename("d/e", "d"), ENOTEMPTY);
	FAILS(rename("d/.", "x"), EBUSY);
	FAILS(rename("d/..", "x"), EBUSY);
	FAILS(rename("file", "d/."), EBUSY);
	FAILS(rename("file/", "x"), ENOTDIR);
	FAILS(rename("file", "x/"), ENOTDIR);
	FAILS(rename("", "x"), ENOENT);
	FAILS(rename("file", ""), ENOENT);
	OK(rename("d/", "renamed/"));
	CHECK(exists("renamed/e"));
	say("refused");
}

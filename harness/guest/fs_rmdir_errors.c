#include "contract.h"

CONTRACT(fs_rmdir_errors, "rmdir refuses what is no empty directory")
{
	put("file", "");
	OK(mkdir("d", 0755));
	OK(symlink("d", "link"));
	FAILS(rmdir("file"), ENOTDIR);
	FAILS(rmdir("file/"), ENOTDIR);
	FAILS(rmdir("link"), ENOTDIR);
	FAILS(rmdir("missing"), ENOENT);
	FAILS(rmdir("d/."), EINVAL);
	FAILS(rmdir("d/.."), ENOTEMPTY);
	FAILS(rmdir("/"), EBUSY);
	FAILS(rmdir(""), ENOENT);
	put("d/file", "");
	FAILS(rmdir("d"), ENOTEMPTY);
	say("refused");
}

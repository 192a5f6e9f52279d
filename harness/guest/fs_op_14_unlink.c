#include "contract.h"

CONTRACT(fs_op_14_unlink, "unlink removes names of files and links, not of directories")
{
	put("file", "");
	put("kept", "kept");
	OK(symlink("kept", "link"));
	OK(mkdir("d", 0755));
	OK(unlink("file"));
	FAILS(unlink("file"), ENOENT);
	OK(unlink("link"));
	SAME(get("kept"), "kept");
	FAILS(unlink("d"), EISDIR);
	FAILS(unlink("kept/"), ENOTDIR);
	FAILS(unlink("kept/x"), ENOTDIR);
	FAILS(unlink("missing/x"), ENOENT);
	FAILS(unlink(""), ENOENT);
	FAILS(unlinkat(AT_FDCWD, "kept", AT_REMOVEDIR), ENOTDIR);
	FAILS(unlinkat(AT_FDCWD, "kept", 0x40000), EINVAL);
	say("unlinked");
}

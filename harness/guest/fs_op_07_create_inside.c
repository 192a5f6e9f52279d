#include "contract.h"

CONTRACT(fs_op_07_create_inside, "files and directories can be created inside a new directory")
{
	OK(mkdir("d", 0755));
	put("d/file", "inside\n");
	OK(mkdir("d/e", 0755));
	put("d/e/deeper", "deeper\n");
	SAME(get("d/file"), "inside\n");
	SAME(get("d/e/../e/./deeper"), "deeper\n");
	FAILS(open("d/missing/file", O_CREAT | O_WRONLY, 0644), ENOENT);
	FAILS(open("d/file/file", O_CREAT | O_WRONLY, 0644), ENOTDIR);
	FAILS(open("d/e", O_CREAT | O_WRONLY, 0644), EISDIR);
	FAILS(open("d/new/", O_CREAT | O_WRONLY, 0644), EISDIR);
	FAILS(rmdir("d"), ENOTEMPTY);
	say("created inside");
}

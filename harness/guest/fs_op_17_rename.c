#include "contract.h"

CONTRACT(fs_op_17_rename, "rename moves a file without touching its inode or content")
{
	struct stat before, after;

	OK(mkdir("d", 0755));
	put("old", "the content");
	before = lstat_of("old");
	OK(rename("old", "new"));
	after = lstat_of("new");
	EQ(before.st_ino, after.st_ino);
	EQ(after.st_nlink, 1);
	SAME(get("new"), "the content");
	OK(rename("new", "d/moved"));
	EQ(lstat_of("d/moved").st_ino, before.st_ino);
	SAME(get("d/moved"), "the content");
	say("renamed");
}

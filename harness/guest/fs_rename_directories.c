#include "contract.h"

CONTRACT(fs_rename_directories, "a directory moved elsewhere gets a new parent")
{
	ino_t ino;

	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	OK(mkdir("a/sub", 0755));
	put("a/sub/file", "content");
	ino = lstat_of("a/sub").st_ino;
	OK(rename("a/sub", "b/moved"));
	EQ(lstat_of("b/moved").st_ino, ino);
	EQ(lstat_of("b/moved/..").st_ino, lstat_of("b").st_ino);
	SAME(get("b/moved/../moved/file"), "content");
	OK(rmdir("a"));
	OK(chdir("b/moved"));
	OK(rename("../moved", "../../top"));
	SAME(get("../top/file"), "content");
	OK(rmdir("../b"));
	say("moved");
}

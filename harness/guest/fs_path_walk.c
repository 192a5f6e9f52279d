#include "contract.h"

CONTRACT(fs_path_walk, "paths: dots, repeated slashes, trailing slashes, empty paths")
{
	struct stat st;

	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	put("d/e/file", "content");
	SAME(get("d//e///file"), "content");
	SAME(get("./d/./e/./file"), "content");
	SAME(get("d/e/../../d/e/file"), "content");
	SAME(get("d/e/../e/../../d/e/file"), "content");
	FAILS(open("d/missing/../e/file", O_RDONLY), ENOENT);
	FAILS(open("d/e/file/../file", O_RDONLY), ENOTDIR);
	FAILS(open("d/e/file/.", O_RDONLY), ENOTDIR);
	FAILS(stat("", &st), ENOENT);
	FAILS(stat("d/e/file/", &st), ENOTDIR);
	OK(stat("d/e/", &st));
	OK(stat("/..", &st));
	EQ(st.st_ino, stat_of("/").st_ino);
	EQ(stat_of("/../../..").st_dev, stat_of("/").st_dev);
	say("walked");
}

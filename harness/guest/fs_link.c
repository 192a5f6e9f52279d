#include "contract.h"

CONTRACT(fs_link, "link gives a file another name")
{
	put("a", "content");
	OK(mkdir("d", 0755));
	OK(link("a", "d/b"));
	EQ(lstat_of("a").st_ino, lstat_of("d/b").st_ino);
	EQ(lstat_of("a").st_nlink, 2);
	put("d/b", "changed");
	SAME(get("a"), "changed");
	OK(unlink("a"));
	EQ(lstat_of("d/b").st_nlink, 1);
	SAME(get("d/b"), "changed");
	FAILS(link("d", "e"), EPERM);
	FAILS(link("missing", "e"), ENOENT);
	FAILS(link("d/b", "d"), EEXIST);
	FAILS(link("d/b", "d/b"), EEXIST);
	FAILS(link("d/b", "missing/x"), ENOENT);
	FAILS(link("d/b", "d/b/x"), ENOTDIR);
	say("linked");
}

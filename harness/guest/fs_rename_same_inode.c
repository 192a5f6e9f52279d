#include "contract.h"

CONTRACT(fs_rename_same_inode, "rename between two links of one file does nothing")
{
	put("a", "content");
	OK(link("a", "b"));
	OK(rename("a", "b"));
	CHECK(exists("a"));
	CHECK(exists("b"));
	EQ(lstat_of("a").st_nlink, 2);
	OK(rename("a", "a"));
	SAME(get("a"), "content");
	say("both names stayed");
}

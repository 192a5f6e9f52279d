#include "contract.h"

CONTRACT(fs_op_13_read_through_symlink, "reading and writing through symbolic links")
{
	OK(mkdir("d", 0755));
	OK(mkdir("e", 0755));
	put("d/file", "the content\n");
	OK(symlink("../d/file", "e/link"));
	OK(symlink("e", "dirlink"));
	OK(symlink("dirlink/link", "chain"));
	SAME(get("e/link"), "the content\n");
	SAME(get("chain"), "the content\n");
	SAME(get("dirlink/../d/file"), "the content\n");
	put("chain", "changed\n");
	SAME(get("d/file"), "changed\n");
	CHECK(S_ISLNK(lstat_of("chain").st_mode));
	say("read through");
}

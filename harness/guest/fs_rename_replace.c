#include "contract.h"

CONTRACT(fs_rename_replace, "rename replaces its target at once, an open target lives on")
{
	char buffer[16] = "";
	struct stat st;
	int fd;

	put("old", "new content");
	put("target", "target");
	OK(link("target", "other"));
	fd = OK(open("target", O_RDONLY));
	OK(rename("old", "target"));
	CHECK(!exists("old"));
	SAME(get("target"), "new content");
	SAME(get("other"), "target");
	EQ(stat_of("other").st_nlink, 1);
	OK(unlink("other"));
	EQ(read(fd, buffer, sizeof(buffer)), 6);
	SAME(buffer, "target");
	OK(fstat(fd, &st));
	EQ(st.st_nlink, 0);
	OK(mkdir("d", 0755));
	OK(mkdir("empty", 0755));
	put("d/file", "in d");
	OK(rename("d", "empty"));
	SAME(get("empty/file"), "in d");
	say("replaced");
}

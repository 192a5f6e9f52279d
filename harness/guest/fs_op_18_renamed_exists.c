#include "contract.h"

CONTRACT(fs_op_18_renamed_exists, "after rename only the new name exists")
{
	struct stat st;
	int names = 0;
	struct dirent *entry;
	DIR *dir;

	put("old", "content");
	OK(rename("old", "new"));
	FAILS(stat("old", &st), ENOENT);
	OK(stat("new", &st));
	dir = opendir(".");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		CHECK(strcmp(entry->d_name, "old") != 0);
		if (entry->d_name[0] != '.')
			names++;
	}
	closedir(dir);
	say("%d name", names);
	put("old", "another");
	SAME(get("new"), "content");
	SAME(get("old"), "another");
}

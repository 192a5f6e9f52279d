#include "contract.h"

CONTRACT(fs_op_15_unlinked_is_gone, "an unlinked name is gone for every call, and can be reused")
{
	struct stat st;
	char buffer[8];
	struct dirent *entry;
	DIR *dir;

	put("file", "old content");
	OK(unlink("file"));
	FAILS(stat("file", &st), ENOENT);
	FAILS(lstat("file", &st), ENOENT);
	FAILS(open("file", O_RDONLY), ENOENT);
	FAILS(access("file", F_OK), ENOENT);
	FAILS(truncate("file", 0), ENOENT);
	FAILS(chmod("file", 0600), ENOENT);
	FAILS(readlink("file", buffer, sizeof(buffer)), ENOENT);
	FAILS(rename("file", "other"), ENOENT);
	FAILS(link("file", "other"), ENOENT);
	dir = opendir(".");
	CHECK(dir);
	while ((entry = readdir(dir)))
		CHECK(strcmp(entry->d_name, "file") != 0);
	closedir(dir);
	put("file", "");
	EQ(stat_of("file").st_size, 0);
	say("gone");
}

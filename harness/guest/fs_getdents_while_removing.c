#include "contract.h"

CONTRACT(fs_getdents_while_removing, "removing every entry while reading misses none")
{
	enum { files = 400 };
	struct dirent *entry;
	int removed = 0;
	DIR *dir;

	OK(mkdir("d", 0755));
	for (int i = 0; i < files; i++) {
		char path[64];

		snprintf(path, sizeof(path), "d/a-rather-longer-name-%d", i);
		OK(close(OK(open(path, O_CREAT | O_WRONLY, 0644))));
	}
	dir = opendir("d");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		OK(unlinkat(dirfd(dir), entry->d_name, 0));
		removed++;
	}
	closedir(dir);
	OK(rmdir("d"));
	say("removed %d", removed);
}

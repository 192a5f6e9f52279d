#include "contract.h"

CONTRACT(fs_op_09_readdir_count, "readdir yields each entry once, with dot and dot-dot")
{
	enum { files = 70 };
	int seen[files] = {0}, dots = 0, total = 0;
	struct dirent *entry;
	DIR *dir;

	OK(mkdir("d", 0755));
	for (int i = 0; i < files; i++) {
		char path[32];

		snprintf(path, sizeof(path), "d/entry-%d", i);
		put(path, "");
	}
	dir = opendir("d");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		int number;

		total++;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			dots++;
			continue;
		}
		EQ(sscanf(entry->d_name, "entry-%d", &number), 1);
		CHECK(number >= 0 && number < files);
		seen[number]++;
	}
	closedir(dir);
	for (int i = 0; i < files; i++)
		EQ(seen[i], 1);
	say("%d entries, %d of them dots", total, dots);
}

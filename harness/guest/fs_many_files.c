#include "contract.h"

CONTRACT(fs_many_files, "a thousand files keep their own content")
{
	enum { files = 1000 };
	char path[64], text[64];
	int left = 0;
	struct dirent *entry;
	DIR *dir;

	OK(mkdir("d", 0755));
	for (int i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "d/%d-file", i * 7919);
		snprintf(text, sizeof(text), "content of %d", i);
		put(path, text);
	}
	for (int i = files - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), "d/%d-file", i * 7919);
		snprintf(text, sizeof(text), "content of %d", i);
		SAME(get(path), text);
		if (i % 3 == 0)
			OK(unlink(path));
	}
	dir = opendir("d");
	CHECK(dir);
	while ((entry = readdir(dir)))
		left += entry->d_name[0] != '.';
	closedir(dir);
	say("%d files left", left);
}

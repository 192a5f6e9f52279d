#include "contract.h"

CONTRACT(fs_getdents_seek, "telldir and seekdir return to the same entry, rewinddir to the start")
{
	enum { files = 120 };
	char names[files + 2][32];
	long places[files + 2];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	OK(mkdir("d", 0755));
	for (int i = 0; i < files; i++) {
		char path[32];

		snprintf(path, sizeof(path), "d/name-%d", i);
		put(path, "");
	}
	dir = opendir("d");
	CHECK(dir);
	for (;;) {
		long place = telldir(dir);

		entry = readdir(dir);
		if (!entry)
			break;
		CHECK(count < files + 2);
		places[count] = place;
		snprintf(names[count++], 32, "%.31s", entry->d_name);
	}
	EQ(count, files + 2);
	for (int i = count - 1; i >= 0; i -= 7) {
		seekdir(dir, places[i]);
		entry = readdir(dir);
		CHECK(entry);
		SAME(entry->d_name, names[i]);
	}
	rewinddir(dir);
	for (int i = 0; i < count; i++) {
		entry = readdir(dir);
		CHECK(entry);
		SAME(entry->d_name, names[i]);
	}
	CHECK(!readdir(dir));
	closedir(dir);
	say("%d entries in a stable order", count);
}

#include "contract.h"

CONTRACT(fs_getdents_stable, "a listing shows each entry that stays once while others come and go")
{
	enum { stay = 300 };
	int seen[stay] = {0}, extra = 0, at;
	struct dirent *entry;
	long middle = -1;
	char path[64], after[64] = "";
	DIR *dir;

	OK(mkdir("d", 0755));
	for (int i = 0; i < stay; i++) {
		snprintf(path, sizeof(path), "d/stays-%d", i);
		OK(close(OK(open(path, O_CREAT | O_WRONLY, 0644))));
	}
	dir = opendir("d");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "stays-%d", &at) == 1)
			seen[at]++;
		else
			continue;
		if (middle >= 0 && !after[0])
			strcpy(after, entry->d_name);
		if (at % 7 == 0 && middle < 0)
			middle = telldir(dir);
		for (int k = 0; k < 4; k++) {
			snprintf(path, sizeof(path), "d/comes-%d-with-a-longer-name", extra++);
			OK(close(OK(open(path, O_CREAT | O_WRONLY, 0644))));
		}
		if (extra > 40) {
			snprintf(path, sizeof(path), "d/comes-%d-with-a-longer-name", extra - 30);
			unlink(path);
		}
	}
	for (int i = 0; i < stay; i++)
		EQ(seen[i], 1);
	/* a position leads to what stood behind it, new names aside */
	seekdir(dir, middle);
	do {
		entry = readdir(dir);
		CHECK(entry);
	} while (strncmp(entry->d_name, "stays-", 6) != 0);
	CHECK(strcmp(entry->d_name, after) == 0);
	closedir(dir);
	say("each of %d once", stay);
}

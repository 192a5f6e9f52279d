#include "contract.h"

CONTRACT(fs_names_bytes, "a name is any bytes but NUL and slash, and case matters")
{
	static const char *names[] = {" ", "\t\n", "\xff\xfe\x80", "\xc3\xa9t\xc3\xa9",
				      "A", "a",    "...",          "-",
				      "*", "\\",   "a.b.c",        "\x01"};
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	OK(mkdir("d", 0755));
	OK(chdir("d"));
	for (size_t i = 0; i < 12; i++) {
		char text[4] = {(char)('a' + i), 0};

		put(names[i], text);
	}
	for (size_t i = 0; i < 12; i++) {
		const char *text = get(names[i]);

		EQ(text[0], 'a' + i);
	}
	dir = opendir(".");
	CHECK(dir);
	while ((entry = readdir(dir)))
		for (size_t i = 0; i < 12; i++)
			found += strcmp(entry->d_name, names[i]) == 0;
	closedir(dir);
	say("%d of 12 names", found);
}

#include "contract.h"

CONTRACT(fs_link_many, "a file can have hundreds of names, in several directories")
{
	enum { names = 300 };
	char path[64];

	put("file", "x");
	OK(mkdir("d", 0755));
	for (int i = 0; i < names; i++) {
		snprintf(path, sizeof(path), "%sname-%d", i % 2 ? "d/" : "", i);
		OK(link("file", path));
	}
	say("%lu links", (unsigned long)lstat_of("file").st_nlink);
	for (int i = 0; i < names; i++) {
		snprintf(path, sizeof(path), "%sname-%d", i % 2 ? "d/" : "", i);
		OK(unlink(path));
	}
	EQ(lstat_of("file").st_nlink, 1);
	OK(rmdir("d"));
}

#include "contract.h"

CONTRACT(fs_deep_directories, "directories nest far deeper than one path can name")
{
	enum { depth = 300 };
	const char *name = "a-directory-name-of-thirty-chars";
	char path[PATH_MAX * 4];

	for (int i = 0; i < depth; i++) {
		OK(mkdir(name, 0755));
		OK(chdir(name));
	}
	put("bottom", "reached");
	SAME(get("bottom"), "reached");
	FAILS(syscall(SYS_getcwd, path, sizeof(path)), ENAMETOOLONG);
	OK(unlink("bottom"));
	for (int i = 0; i < depth; i++) {
		OK(chdir(".."));
		OK(rmdir(name));
	}
	say("%d deep and back", depth);
}

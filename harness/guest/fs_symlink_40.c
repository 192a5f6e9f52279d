#include "contract.h"

CONTRACT(fs_symlink_40, "forty symbolic links are followed, the forty-first is too many")
{
	char name[16], target[16];
	struct stat st;

	put("link-0", "the end\n");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "link-%d", i);
		snprintf(target, sizeof(target), "link-%d", i - 1);
		OK(symlink(target, name));
	}
	SAME(get("link-1"), "the end\n");
	SAME(get("link-40"), "the end\n");
	FAILS(open("link-41", O_RDONLY), ELOOP);
	FAILS(stat("link-41", &st), ELOOP);
	OK(lstat("link-41", &st));
	OK(symlink("self", "self"));
	FAILS(open("self", O_RDONLY), ELOOP);
	OK(symlink("b", "a"));
	OK(symlink("a", "b"));
	FAILS(stat("a", &st), ELOOP);
	FAILS(mkdir("a", 0755), EEXIST);
	FAILS(open("a", O_CREAT | O_WRONLY, 0644), ELOOP);
	FAILS(chdir("a/x"), ELOOP);
	say("forty followed");
}

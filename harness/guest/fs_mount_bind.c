#include "contract.h"

CONTRACT(fs_mount_bind, "a bind mount shows the same files at a second place")
{
	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	put("a/file", "content");
	if (mount("a", "b", NULL, MS_BIND, NULL) != 0 && errno == EPERM)
		skip("mount needs CAP_SYS_ADMIN");
	SAME(get("b/file"), "content");
	EQ(stat_of("a/file").st_ino, stat_of("b/file").st_ino);
	put("b/new", "new");
	SAME(get("a/new"), "new");
	FAILS(rename("b/new", "moved"), EXDEV);
	FAILS(link("b/new", "linked"), EXDEV);
	FAILS(rmdir("b"), EBUSY);
	EQ(stat_of("b/..").st_ino, stat_of(".").st_ino);
	OK(umount("b"));
	CHECK(!exists("b/file"));
	put("f", "below");
	put("g", "above");
	OK(mount("g", "f", NULL, MS_BIND, NULL));
	SAME(get("f"), "above");
	FAILS(unlink("f"), EBUSY);
	OK(umount("f"));
	SAME(get("f"), "below");
	say("bound");
}

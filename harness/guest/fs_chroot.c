#include "contract.h"

CONTRACT(fs_chroot, "chroot confines absolute paths, links and dot-dot")
{
	char path[PATH_MAX];

	OK(mkdir("root", 0755));
	OK(mkdir("root/d", 0755));
	put("root/file", "inside");
	put("file", "outside");
	OK(symlink("/file", "root/link"));
	FAILS(chroot("missing"), ENOENT);
	FAILS(chroot("file"), ENOTDIR);
	OK(chroot("root"));
	OK(chdir("/"));
	SAME(get("/file"), "inside");
	SAME(get("/link"), "inside");
	SAME(get("/../../file"), "inside");
	SAME(get("../file"), "inside");
	OK(chdir("d"));
	CHECK(getcwd(path, sizeof(path)));
	say("confined to %s", path);
}

#include "contract.h"

CONTRACT(fs_op_01_mount, "a file system can be mounted, used and unmounted")
{
	OK(mkdir("m", 0755));
	if (mount("none", "m", "tmpfs", 0, NULL) != 0) {
		if (errno == EPERM)
			skip("mount needs CAP_SYS_ADMIN");
		CHECK(!"mount of a tmpfs");
	}
	put("m/file", "on the mounted one\n");
	SAME(get("m/file"), "on the mounted one\n");
	CHECK(stat_of("m").st_dev != stat_of(".").st_dev);
	OK(umount("m"));
	CHECK(!exists("m/file"));
	EQ(stat_of("m").st_dev, stat_of(".").st_dev);
	OK(rmdir("m"));
	say("mounted, used, unmounted");
}

#include "contract.h"

CONTRACT(fs_mount_stacked, "mounts stack: the last one shows, and unmounting uncovers")
{
	OK(mkdir("m", 0755));
	put("m/level", "0");
	for (int i = 1; i <= 3; i++) {
		char text[2] = {(char)('0' + i), 0};

		if (mount("none", "m", "tmpfs", 0, NULL) != 0 && errno == EPERM)
			skip("mount needs CAP_SYS_ADMIN");
		CHECK(!exists("m/level"));
		put("m/level", text);
		SAME(get("m/level"), text);
	}
	for (int i = 2; i >= 0; i--) {
		char text[2] = {(char)('0' + i), 0};

		OK(umount("m"));
		SAME(get("m/level"), text);
	}
	say("uncovered");
}

#include "contract.h"

CONTRACT(fs_umount_busy, "a busy mount cannot be unmounted, except lazily")
{
	char buffer[8] = "";
	int fd;

	OK(mkdir("m", 0755));
	if (mount("none", "m", "tmpfs", 0, NULL) != 0 && errno == EPERM)
		skip("mount needs CAP_SYS_ADMIN");
	put("m/file", "open");
	fd = OK(open("m/file", O_RDONLY));
	FAILS(umount("m"), EBUSY);
	OK(close(fd));
	OK(chdir("m"));
	FAILS(umount("../m"), EBUSY);
	OK(chdir(".."));
	OK(umount("m"));
	FAILS(umount("m"), EINVAL);
	OK(mount("none", "m", "tmpfs", 0, NULL));
	put("m/file", "open");
	fd = OK(open("m/file", O_RDONLY));
	OK(umount2("m", MNT_DETACH));
	CHECK(!exists("m/file"));
	EQ(read(fd, buffer, 8), 4);
	SAME(buffer, "open");
	FAILS(umount("missing"), ENOENT);
	FAILS(mount("none", "m", "no-such-type", 0, NULL), ENODEV);
	FAILS(mount("none", "missing", "tmpfs", 0, NULL), ENOENT);
	put("plain", "");
	FAILS(mount("none", "plain", "tmpfs", 0, NULL), ENOTDIR);
	say("busy");
}

#include "contract.h"

CONTRACT(fs_tmpfs, "tmpfs keeps modes, holes, links, devices and a size limit")
{
	static char block[4096];
	int fd, blocks = 0;

	OK(mkdir("m", 0755));
	if (mount("none", "m", "tmpfs", 0, "size=256k,mode=1770") != 0 && errno == EPERM)
		skip("mount needs CAP_SYS_ADMIN");
	say("mode %o", stat_of("m").st_mode);
	OK(chdir("m"));
	put("file", "content");
	OK(link("file", "link"));
	OK(rename("link", "renamed"));
	EQ(stat_of("file").st_nlink, 2);
	OK(symlink("file", "soft"));
	SAME(get("soft"), "content");
	OK(mkdir("d", 0755));
	OK(mkfifo("d/fifo", 0600));
	FAILS(rmdir("d"), ENOTEMPTY);
	fd = OK(open("hole", O_RDWR | O_CREAT, 0644));
	OK(ftruncate(fd, 1 << 30));
	EQ(pread(fd, block, 10, 1 << 29), 10);
	EQ(block[5], 0);
	EQ(stat_of("hole").st_size, 1 << 30);
	fd = OK(open("full", O_RDWR | O_CREAT, 0644));
	while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block))
		blocks++;
	EQ(errno, ENOSPC);
	CHECK(blocks > 32 && blocks <= 64);
	OK(unlink("full"));
	OK(close(fd));
	fd = OK(open("again", O_RDWR | O_CREAT, 0644));
	write_all(fd, block, sizeof(block));
	OK(chdir(".."));
	OK(umount2("m", MNT_DETACH));
	say("kept");
}

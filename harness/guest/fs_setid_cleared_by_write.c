#include "contract.h"

CONTRACT(fs_setid_cleared_by_write, "a write by another user clears setuid and setgid")
{
	pid_t pid;

	put("file", "content");
	OK(chmod("file", 06777));
	put("cut", "content");
	OK(chmod("cut", 06777));
	put("root", "content");
	OK(chmod("root", 06777));
	put("root", "by root");
	pid = OK(fork());
	if (pid == 0) {
		int fd;

		become(1000, 1000);
		fd = OK(open("file", O_WRONLY));
		EQ(write(fd, "x", 1), 1);
		OK(truncate("cut", 1));
		_exit(0);
	}
	reap_exit(pid, 0);
	say("written: %o", stat_of("file").st_mode);
	say("truncated: %o", stat_of("cut").st_mode);
	say("by root: %o", stat_of("root").st_mode);
}

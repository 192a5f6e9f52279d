#include "contract.h"

CONTRACT(fs_chown, "chown is root's, chgrp the owner's within its groups, and both drop setuid")
{
	struct stat st;
	pid_t pid;

	OK(chmod(".", 0777));
	put("file", "");
	OK(symlink("file", "link"));
	OK(chown("file", 1000, 2000));
	OK(chmod("file", 06755));
	OK(chown("file", -1, 2001));
	st = stat_of("file");
	say("after root's chgrp: %u:%u %o", st.st_uid, st.st_gid, st.st_mode);
	OK(lchown("link", 5, 6));
	EQ(stat_of("file").st_uid, 1000);
	EQ(lstat_of("link").st_uid, 5);
	OK(chmod("file", 06755));
	pid = OK(fork());
	if (pid == 0) {
		gid_t groups[1] = {3000};

		OK(syscall(SYS_setgroups, 1, groups));
		OK(setresgid(2001, 2001, 2001));
		OK(setresuid(1000, 1000, 1000));
		FAILS(chown("file", 1001, -1), EPERM);
		FAILS(chown("file", -1, 4000), EPERM);
		OK(chown("file", 1000, 3000));
		_exit(0);
	}
	reap_exit(pid, 0);
	st = stat_of("file");
	say("after the owner's: %u:%u %o", st.st_uid, st.st_gid, st.st_mode);
	OK(chmod("file", 02644));
	OK(chown("file", 0, 0));
	say("setgid without group execute: %o", stat_of("file").st_mode);
	OK(chown("file", 4000000000, 4000000001));
	st = stat_of("file");
	say("large ids: %u:%u", st.st_uid, st.st_gid);
	FAILS(fchown(99, 0, 0), EBADF);
}

#include "contract.h"

CONTRACT(fs_setgid_directory, "a setgid directory hands down its group, and the bit to directories")
{
	struct stat st;
	pid_t pid;

	OK(mkdir("d", 0777));
	OK(chown("d", 0, 3000));
	OK(chmod("d", 02777));
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		put("d/file", "");
		OK(mkdir("d/sub", 0755));
		OK(close(OK(open("d/setgid", O_CREAT | O_WRONLY, 02775))));
		_exit(0);
	}
	reap_exit(pid, 0);
	st = stat_of("d/file");
	say("file %o %u:%u", st.st_mode, st.st_uid, st.st_gid);
	st = stat_of("d/sub");
	say("directory %o %u:%u", st.st_mode, st.st_uid, st.st_gid);
	say("setgid executable %o", stat_of("d/setgid").st_mode);
}

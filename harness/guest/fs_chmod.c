#include "contract.h"

CONTRACT(fs_chmod, "chmod sets the twelve mode bits, for the owner only")
{
	static const mode_t modes[] = {0, 0777, 04755, 02755, 01777, 07777, 0644};
	pid_t pid;

	put("file", "");
	OK(chmod(".", 0777));
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		OK(chmod("file", modes[i]));
		EQ(stat_of("file").st_mode, S_IFREG | modes[i]);
	}
	OK(chmod("file", 0170000 | 0600));
	EQ(stat_of("file").st_mode, S_IFREG | 0600);
	OK(symlink("file", "link"));
	OK(chmod("link", 0640));
	EQ(stat_of("file").st_mode, S_IFREG | 0640);
	put("theirs", "");
	OK(chown("theirs", 1000, 1000));
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		FAILS(chmod("file", 0777), EPERM);
		OK(chmod("theirs", 0604));
		OK(chmod("theirs", 06755));
		_exit(0);
	}
	reap_exit(pid, 0);
	say("theirs: %o", stat_of("theirs").st_mode);
}

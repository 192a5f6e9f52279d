#include "contract.h"

CONTRACT(fs_directory_permissions, "directories need x to pass, r to list, w and x to change")
{
	static const mode_t modes[] = {0755, 0754, 0751, 0750, 0753, 0752, 0757};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		pid_t pid;

		OK(mkdir("d", 0755));
		put("d/file", "");
		OK(chmod("d/file", 0666));
		OK(chmod("d", modes[i]));
		pid = OK(fork());
		if (pid == 0) {
			struct stat st;

			become(1000, 1000);
			say("mode %o", modes[i]);
			SHOW(open("d", O_RDONLY));
			SHOW(open("d/file", O_RDWR));
			SHOW(stat("d/file", &st));
			SHOW(stat("d/missing", &st));
			SHOW(access("d/.", F_OK));
			SHOW(open("d/new", O_CREAT | O_WRONLY, 0600));
			SHOW(rename("d/file", "d/moved"));
			SHOW(unlink("d/moved"));
			_exit(0);
		}
		reap_exit(pid, 0);
		OK(chmod("d", 0755));
		unlink("d/file");
		unlink("d/new");
		OK(rmdir("d"));
	}
}

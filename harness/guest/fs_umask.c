#include "contract.h"

CONTRACT(fs_umask, "umask masks files, directories, fifos and nodes, and is inherited")
{
	pid_t pid;

	EQ(umask(027), 022);
	OK(close(OK(open("file", O_CREAT | O_WRONLY, 0777))));
	OK(mkdir("d", 0777));
	OK(mkfifo("fifo", 0666));
	OK(symlink("x", "link"));
	say("%o %o %o %o", lstat_of("file").st_mode, lstat_of("d").st_mode,
	    lstat_of("fifo").st_mode, lstat_of("link").st_mode);
	pid = OK(fork());
	if (pid == 0) {
		EQ(umask(0777), 027);
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(umask(01777), 027);
	EQ(umask(0), 0777);
	OK(close(OK(open("open", O_CREAT | O_WRONLY, 06777))));
	say("%o", lstat_of("open").st_mode);
	OK(chmod("file", 0666));
	EQ(stat_of("file").st_mode, S_IFREG | 0666);
}

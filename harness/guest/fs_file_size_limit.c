#include "contract.h"

static volatile sig_atomic_t caught;

static void on_signal(int sign)
{
	caught = sign;
}

CONTRACT(fs_file_size_limit, "RLIMIT_FSIZE cuts writes short, then SIGXFSZ and EFBIG")
{
	struct rlimit limit = {10000, RLIM_INFINITY};
	static char block[8000];
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	pid_t pid;

	OK(getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = 10000;
	OK(setrlimit(RLIMIT_FSIZE, &limit));
	handle(SIGXFSZ, on_signal, 0);
	EQ(write(fd, block, sizeof(block)), 8000);
	EQ(write(fd, block, sizeof(block)), 2000);
	EQ(caught, 0);
	FAILS(write(fd, block, 1), EFBIG);
	EQ(caught, SIGXFSZ);
	caught = 0;
	FAILS(ftruncate(fd, 10001), EFBIG);
	EQ(caught, SIGXFSZ);
	OK(ftruncate(fd, 10000));
	EQ(pwrite(fd, "x", 1, 9999), 1);
	pid = OK(fork());
	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		pwrite(fd, "x", 1, 10000);
		_exit(0);
	}
	reap_signal(pid, SIGXFSZ);
	say("size %ld", (long)stat_of("file").st_size);
}

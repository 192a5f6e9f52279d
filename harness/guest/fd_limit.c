#include "contract.h"

CONTRACT(fd_limit, "RLIMIT_NOFILE bounds descriptors: EMFILE, then room again")
{
	struct rlimit limit;
	int pipes[2], last = -1, fd;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 20;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	EQ(errno, EMFILE);
	say("the last descriptor is %d", last);
	FAILS(dup(0), EMFILE);
	FAILS(pipe(pipes), EMFILE);
	FAILS(fcntl(0, F_DUPFD, 5), EMFILE);
	FAILS(fcntl(0, F_DUPFD, 20), EINVAL);
	FAILS(dup2(0, 20), EBADF);
	FAILS(syscall(SYS_open, "made", O_CREAT | O_WRONLY, 0644), EMFILE);
	OK(close(7));
	FAILS(pipe(pipes), EMFILE);
	EQ(open("/dev/null", O_RDONLY), 7);
	limit.rlim_cur = 10;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	OK(fcntl(19, F_GETFD));
	EQ(dup2(0, 5), 5);
	FAILS(dup2(0, 15), EBADF);
	CHECK(!exists("made"));
}

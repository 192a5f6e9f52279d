#include "contract.h"

CONTRACT(proc_limit_processes, "RLIMIT_NPROC stops a user's forks with EAGAIN, and root's not")
{
	struct rlimit limit;
	pid_t pid = OK(fork());

	OK(getrlimit(RLIMIT_NPROC, &limit));
	limit.rlim_cur = 5;
	if (pid == 0) {
		struct bell bell;
		int children = 0;

		bell_make(&bell);
		OK(setrlimit(RLIMIT_NPROC, &limit));
		become(12345, 12345);
		for (;;) {
			pid = fork();
			if (pid == 0) {
				bell_await(&bell);
				_exit(0);
			}
			if (pid < 0)
				break;
			CHECK(++children < 50);
		}
		say("%d children, then %s", children, error_name(errno));
		for (int i = 0; i < children; i++)
			bell_ring(&bell);
		for (int i = 0; i < children; i++)
			CHECK(wait(NULL) > 0);
		pid = OK(fork());
		if (pid == 0)
			_exit(0);
		reap_exit(pid, 0);
		_exit(0);
	}
	reap_exit(pid, 0);
	limit.rlim_cur = 1;
	OK(setrlimit(RLIMIT_NPROC, &limit));
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	reap_exit(pid, 0);
}

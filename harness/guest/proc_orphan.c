#include "contract.h"

CONTRACT(proc_orphan, "an orphan is adopted: its parent changes and it goes on")
{
	int pipes[2], changed;
	struct bell died;
	pid_t pid;

	OK(pipe(pipes));
	bell_make(&died);
	pid = OK(fork());
	if (pid == 0) {
		pid_t middle = getpid();

		if (OK(fork()) == 0) {
			bell_await(&died);
			changed = getppid() != middle;
			write_all(pipes[1], &changed, sizeof(changed));
			_exit(0);
		}
		_exit(0);
	}
	reap_exit(pid, 0);
	bell_ring(&died);
	read_all(pipes[0], &changed, sizeof(changed));
	say("adopted %d", changed);
	FAILS(wait(NULL), ECHILD);
}

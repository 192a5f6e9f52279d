#include "contract.h"

#include <sys/prctl.h>

CONTRACT(proc_subreaper,
	 "a subreaper adopts its orphaned descendants; PDEATHSIG tells of the parent's end")
{
	int sum = 0, status;
	struct bell ready;
	pid_t pid;

	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = OK(fork());
	if (pid == 0) {
		for (int i = 1; i <= 3; i++)
			if (OK(fork()) == 0)
				_exit(i);
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		CHECK(wait(&status) > 0);
		sum += WEXITSTATUS(status);
	}
	FAILS(wait(NULL), ECHILD);
	say("sum %d", sum);
	bell_make(&ready);
	pid = OK(fork());
	if (pid == 0) {
		if (OK(fork()) == 0) {
			OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
			bell_ring(&ready);
			for (;;)
				pause();
		}
		bell_await(&ready);
		_exit(0);
	}
	reap_exit(pid, 0);
	CHECK(wait(&status) > 0);
	say("ended by signal %d", WTERMSIG(status));
}

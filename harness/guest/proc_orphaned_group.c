#include "contract.h"

CONTRACT(proc_orphaned_group, "a stopped group that becomes orphaned gets SIGHUP and SIGCONT")
{
	int pipes[2], status, seen;
	pid_t pid;

	OK(pipe(pipes));
	pid = OK(fork());
	if (pid == 0) {
		pid_t child;

		OK(setsid());
		child = OK(fork());
		if (child == 0) {
			OK(setpgid(0, 0));
			OK(close(pipes[0]));
			OK(kill(getpid(), SIGSTOP));
			_exit(0);
		}
		OK(setpgid(child, child));
		EQ(waitpid(child, &status, WUNTRACED), child);
		CHECK(WIFSTOPPED(status));
		_exit(0);
	}
	OK(close(pipes[1]));
	reap_exit(pid, 0);
	EQ(read(pipes[0], &seen, 1), 0);
	say("hung up");
}

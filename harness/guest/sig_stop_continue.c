#include "contract.h"

static int wait_status(pid_t pid)
{
	int status;

	EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
	return status;
}

CONTRACT(sig_stop_continue, "stop signals stop, SIGCONT continues, even when blocked or ignored")
{
	static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	struct bell bell;
	pid_t pid;
	int status;

	bell_make(&bell);
	pid = OK(fork());
	if (pid == 0) {
		sigset_t set;

		OK(setpgid(0, 0));
		signal(SIGCONT, SIG_IGN);
		sigemptyset(&set);
		sigaddset(&set, SIGCONT);
		OK(sigprocmask(SIG_BLOCK, &set, NULL));
		bell_ring(&bell);
		for (;;)
			pause();
	}
	bell_await(&bell);
	for (size_t i = 0; i < 4; i++) {
		OK(kill(pid, stops[i]));
		status = wait_status(pid);
		say("stopped %d by %d", WIFSTOPPED(status), WSTOPSIG(status));
		EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
		OK(kill(pid, SIGCONT));
		status = wait_status(pid);
		say("continued %d", WIFCONTINUED(status));
	}
	OK(kill(pid, SIGSTOP));
	wait_status(pid);
	OK(kill(pid, SIGKILL));
	status = wait_status(pid);
	say("killed %d by %d", WIFSIGNALED(status), WTERMSIG(status));
}

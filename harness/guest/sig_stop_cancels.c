#include "contract.h"

static int stopped_by(pid_t pid)
{
	int status;

	EQ(waitpid(pid, &status, WUNTRACED), pid);
	return WIFSTOPPED(status) ? WSTOPSIG(status) : -WTERMSIG(status);
}

CONTRACT(sig_stop_cancels, "SIGCONT discards pending stops, a stop discards a pending SIGCONT")
{
	sigset_t set, pending;
	pid_t pid = OK(fork());

	if (pid == 0) {
		OK(setpgid(0, 0));
		sigemptyset(&set);
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
		OK(sigprocmask(SIG_BLOCK, &set, NULL));
		signal(SIGCONT, SIG_IGN);
		OK(kill(getpid(), SIGTSTP));
		OK(sigpending(&pending));
		say("stop pending %d", sigismember(&pending, SIGTSTP));
		OK(kill(getpid(), SIGCONT));
		OK(sigpending(&pending));
		say("stop pending %d", sigismember(&pending, SIGTSTP));
		OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
		OK(kill(getpid(), SIGSTOP));
		_exit(3);
	}
	EQ(stopped_by(pid), SIGSTOP);
	OK(kill(pid, SIGCONT));
	reap_exit(pid, 3);
}

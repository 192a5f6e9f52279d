#include "contract.h"

CONTRACT(sig_default_actions, "default actions: terminate, dump, ignore, stop, continue")
{
	for (int sign = 1; sign < NSIG; sign++) {
		struct bell bell;
		int status;
		pid_t pid;

		if (sign >= 32 && sign < 35)
			continue;
		bell_make(&bell);
		pid = OK(fork());
		if (pid == 0) {
			signal(SIGPIPE, SIG_DFL);
			OK(close(bell.fd[1]));
			bell_await(&bell);
			_exit(100);
		}
		OK(setpgid(pid, pid));
		signal(SIGPIPE, SIG_IGN);
		OK(close(bell.fd[0]));
		await_asleep(pid);
		OK(kill(pid, sign));
		if (sign == SIGSTOP || sign == SIGTSTP || sign == SIGTTIN || sign == SIGTTOU) {
			EQ(waitpid(pid, &status, WUNTRACED), pid);
			if (sign != SIGSTOP || !WIFSTOPPED(status))
				say("%d: stopped %d", sign, WIFSTOPPED(status));
			OK(kill(pid, SIGCONT));
		}
		write(bell.fd[1], "!", 1);
		status = reap(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 100)
			say("%d: goes on", sign);
		else
			say("%d: ends it, status %#x", sign, status & 0x7f);
		OK(close(bell.fd[1]));
	}
}

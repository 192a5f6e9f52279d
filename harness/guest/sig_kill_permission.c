#include "contract.h"

CONTRACT(sig_kill_permission, "another user's process cannot be signalled, one's own can")
{
	pid_t target, mine, pid;

	target = OK(fork());
	if (target == 0)
		for (;;)
			pause();
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		FAILS(kill(target, 0), EPERM);
		FAILS(kill(target, SIGKILL), EPERM);
		FAILS(syscall(SYS_tgkill, target, target, SIGTERM), EPERM);
		mine = OK(fork());
		if (mine == 0)
			for (;;)
				pause();
		OK(kill(mine, SIGTERM));
		reap_signal(mine, SIGTERM);
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(waitpid(target, NULL, WNOHANG), 0);
	OK(kill(target, SIGTERM));
	reap_signal(target, SIGTERM);
	say("refused");
}

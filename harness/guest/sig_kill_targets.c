#include "contract.h"

static int count_dead(pid_t *pid, int count)
{
	int dead = 0;

	for (int i = 0; i < count; i++)
		if (waitpid(pid[i], NULL, WNOHANG) == pid[i])
			dead++;
	return dead;
}

static void start(pid_t *pid, int index, pid_t group)
{
	pid[index] = OK(fork());
	if (pid[index] == 0)
		for (;;)
			pause();
	OK(setpgid(pid[index], group));
}

CONTRACT(sig_kill_targets, "kill reaches a process, a group, or nobody")
{
	pid_t pid[4];

	start(pid, 0, 0);
	start(pid, 1, pid[0]);
	start(pid, 2, 0);
	start(pid, 3, pid[2]);
	OK(kill(pid[0], 0));
	OK(kill(-pid[0], 0));
	FAILS(kill(-pid[1], 0), ESRCH);
	FAILS(kill(pid[0], 65), EINVAL);
	FAILS(kill(pid[0], -1), EINVAL);
	OK(killpg(pid[2], SIGTERM));
	reap_signal(pid[2], SIGTERM);
	reap_signal(pid[3], SIGTERM);
	FAILS(kill(pid[2], 0), ESRCH);
	FAILS(kill(-pid[2], 0), ESRCH);
	EQ(count_dead(pid, 2), 0);
	OK(kill(pid[1], SIGKILL));
	reap_signal(pid[1], SIGKILL);
	OK(kill(-pid[0], SIGHUP));
	reap_signal(pid[0], SIGHUP);
	FAILS(kill(0x7ffffffe, SIGTERM), ESRCH);
	FAILS(syscall(SYS_tgkill, getpid(), 0x7ffffffe, SIGTERM), ESRCH);
	FAILS(syscall(SYS_tgkill, -1, gettid(), SIGTERM), EINVAL);
	OK(syscall(SYS_tkill, gettid(), 0));
	say("reached");
}

#include "contract.h"

CONTRACT(proc_rlimits, "limits are inherited, can be lowered by all, raised by root or not at all")
{
	struct rlimit limit, back;
	pid_t pid;

	OK(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 50;
	limit.rlim_max = 60;
	OK(setrlimit(RLIMIT_NOFILE, &limit));
	pid = OK(fork());
	if (pid == 0) {
		OK(getrlimit(RLIMIT_NOFILE, &back));
		EQ(back.rlim_cur, 50);
		EQ(back.rlim_max, 60);
		become(1000, 1000);
		back.rlim_cur = 60;
		OK(setrlimit(RLIMIT_NOFILE, &back));
		back.rlim_cur = 61;
		FAILS(setrlimit(RLIMIT_NOFILE, &back), EINVAL);
		back.rlim_max = 61;
		FAILS(setrlimit(RLIMIT_NOFILE, &back), EPERM);
		back.rlim_cur = 40;
		back.rlim_max = 40;
		OK(setrlimit(RLIMIT_NOFILE, &back));
		_exit(0);
	}
	reap_exit(pid, 0);
	OK(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &back));
	EQ(back.rlim_cur, 50);
	pid = OK(fork());
	if (pid == 0)
		for (;;)
			pause();
	limit.rlim_cur = 30;
	OK(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, &back));
	EQ(back.rlim_cur, 50);
	OK(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &back));
	EQ(back.rlim_cur, 30);
	OK(kill(pid, SIGKILL));
	reap_signal(pid, SIGKILL);
	FAILS(syscall(SYS_prlimit64, 0x7ffffffe, RLIMIT_NOFILE, NULL, &back), ESRCH);
	FAILS(syscall(SYS_getrlimit, 99, &back), EINVAL);
	FAILS(syscall(SYS_getrlimit, RLIMIT_NOFILE, (void *)8), EFAULT);
	say("limited");
}

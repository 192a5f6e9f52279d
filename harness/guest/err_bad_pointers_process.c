#include "contract.h"

CONTRACT(err_bad_pointers_process, "a bad pointer is EFAULT in process, signal and time calls too")
{
	char *wild = pages(1);
	pid_t pid;

	OK(munmap(wild, PAGE));
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, wild, NULL, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, wild, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, wild, NULL, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, wild, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigpending, wild, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigsuspend, wild, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigtimedwait, wild, NULL, NULL, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, wild), EFAULT);
	FAILS(syscall(SYS_sigaltstack, wild, NULL), EFAULT);
	FAILS(syscall(SYS_nanosleep, wild, NULL), EFAULT);
	FAILS(syscall(SYS_clock_gettime, CLOCK_REALTIME, wild), EFAULT);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, wild, NULL), EFAULT);
	FAILS(syscall(SYS_setitimer, ITIMER_REAL, wild, NULL), EFAULT);
	FAILS(syscall(SYS_getitimer, ITIMER_REAL, wild), EFAULT);
	FAILS(syscall(SYS_timer_create, CLOCK_REALTIME, wild, wild), EFAULT);
	FAILS(syscall(SYS_uname, wild), EFAULT);
	FAILS(syscall(SYS_sysinfo, wild), EFAULT);
	FAILS(syscall(SYS_times, wild), EFAULT);
	FAILS(syscall(SYS_getrandom, wild, 10, 0), EFAULT);
	FAILS(syscall(SYS_getrlimit, RLIMIT_AS, wild), EFAULT);
	FAILS(syscall(SYS_setrlimit, RLIMIT_AS, wild), EFAULT);
	FAILS(syscall(SYS_getresuid, wild, wild, wild), EFAULT);
	FAILS(syscall(SYS_sched_getaffinity, 0, 128, wild), EFAULT);
	FAILS(syscall(SYS_sched_setaffinity, 0, 128, wild), EFAULT);
	FAILS(syscall(SYS_futex, wild, 0, 0, NULL, NULL, 0), EFAULT);
	FAILS(syscall(SYS_execve, wild, NULL, NULL), EFAULT);
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	FAILS(syscall(SYS_wait4, pid, wild, 0, NULL), EFAULT);
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	FAILS(syscall(SYS_wait4, pid, NULL, 0, wild), EFAULT);
	say("faults");
}

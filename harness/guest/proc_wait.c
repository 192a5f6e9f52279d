#include "contract.h"

CONTRACT(proc_wait,
	 "wait4 selects by pid and group, WNOHANG does not wait, ECHILD when there is none")
{
	struct rusage usage;
	struct bell bell;
	pid_t a, b;
	int status;

	FAILS(wait(&status), ECHILD);
	FAILS(waitpid(getpid(), &status, 0), ECHILD);
	FAILS(waitpid(1, &status, 0), ECHILD);
	FAILS(waitpid(-1, &status, 0x40), EINVAL);
	bell_make(&bell);
	a = OK(fork());
	if (a == 0) {
		bell_await(&bell);
		_exit(1);
	}
	b = OK(fork());
	if (b == 0) {
		bell_await(&bell);
		_exit(2);
	}
	OK(setpgid(b, b));
	EQ(waitpid(-1, &status, WNOHANG), 0);
	EQ(waitpid(-b, &status, WNOHANG), 0);
	EQ(waitpid(0, &status, WNOHANG), 0);
	bell_ring(&bell);
	bell_ring(&bell);
	EQ(waitpid(-b, &status, 0), b);
	EQ(WEXITSTATUS(status), 2);
	FAILS(waitpid(-b, &status, 0), ECHILD);
	memset(&usage, 0xff, sizeof(usage));
	EQ(wait4(0, &status, 0, &usage), a);
	EQ(WEXITSTATUS(status), 1);
	CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 60);
	FAILS(wait(NULL), ECHILD);
	FAILS(syscall(SYS_wait4, -1, (void *)8, 0, NULL), ECHILD);
	say("selected");
}

#include "contract.h"

static volatile sig_atomic_t count;

static void on_alarm(int sign)
{
	(void)sign;
	count++;
}

CONTRACT(time_alarm,
	 "alarm fires once, can be replaced, and is not inherited by fork but kept by exec")
{
	pid_t pid;

	handle(SIGALRM, on_alarm, 0);
	EQ(alarm(100), 0);
	CHECK(alarm(1) >= 50);
	while (!count)
		pause();
	EQ(count, 1);
	EQ(alarm(0), 0);
	EQ(alarm(50), 0);
	pid = OK(fork());
	if (pid == 0) {
		EQ(alarm(0), 0);
		_exit(0);
	}
	reap_exit(pid, 0);
	CHECK(alarm(0) > 0);
	say("fired");
}

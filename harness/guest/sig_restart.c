#include "contract.h"

static int pipes[2];
static volatile int ticks;

static void on_tick(int sign)
{
	(void)sign;
	if (++ticks == 3)
		write_all(pipes[1], "x", 1);
}

CONTRACT(sig_restart,
	 "with SA_RESTART read and wait go on after a handler, without they give EINTR")
{
	int status;
	char byte;
	pid_t pid;

	OK(pipe(pipes));
	handle(SIGALRM, on_tick, SA_RESTART);
	ticking_alarm();
	EQ(read(pipes[0], &byte, 1), 1);
	CHECK(ticks >= 3);
	pid = OK(fork());
	if (pid == 0) {
		OK(close(pipes[1]));
		EQ(read(pipes[0], &byte, 1), 0);
		_exit(5);
	}
	ticks = 10;
	handle(SIGALRM, on_tick, 0);
	FAILS(wait4(pid, &status, 0, NULL), EINTR);
	FAILS(read(pipes[0], &byte, 1), EINTR);
	quiet_alarm();
	OK(close(pipes[1]));
	reap_exit(pid, 5);
	say("restarted and interrupted");
}

#include "contract.h"

static volatile int ticks;

static void on_tick(int sign)
{
	(void)sign;
	ticks++;
}

CONTRACT(sig_restart_write, "an interrupted write tells how much it wrote")
{
	static char block[200000];
	int pipes[2];
	ssize_t put_in;

	OK(pipe(pipes));
	handle(SIGALRM, on_tick, 0);
	ticking_alarm();
	put_in = write(pipes[1], block, sizeof(block));
	if (put_in < 0) {
		EQ(errno, EINTR);
		put_in = write(pipes[1], block, sizeof(block));
	}
	quiet_alarm();
	say("wrote %zd", put_in);
	CHECK(ticks > 0);
	FAILS(fcntl(pipes[1], F_SETFL, O_NONBLOCK) || write(pipes[1], block, 1) == -1 ? -1 : 0,
	      EAGAIN);
}

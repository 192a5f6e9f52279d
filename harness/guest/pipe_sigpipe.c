#include "contract.h"

static volatile sig_atomic_t caught;

static void on_signal(int sign)
{
	caught = sign;
}

CONTRACT(pipe_sigpipe, "writing without readers is EPIPE and SIGPIPE")
{
	int pipes[2];
	pid_t pid;

	OK(pipe(pipes));
	OK(close(pipes[0]));
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(pipes[1], "x", 1), EPIPE);
	handle(SIGPIPE, on_signal, 0);
	FAILS(write(pipes[1], "x", 1), EPIPE);
	EQ(caught, SIGPIPE);
	pid = OK(fork());
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		write(pipes[1], "x", 1);
		_exit(0);
	}
	reap_signal(pid, SIGPIPE);
	say("broken");
}

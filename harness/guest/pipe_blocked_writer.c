#include "contract.h"

CONTRACT(pipe_blocked_writer, "a writer waits for room, and learns when its last reader goes")
{
	static char block[200000];
	int pipes[2];
	pid_t pid;

	OK(pipe(pipes));
	pid = OK(fork());
	if (pid == 0) {
		OK(close(pipes[0]));
		pattern_fill(block, sizeof(block), 0, 1);
		EQ(write(pipes[1], block, sizeof(block)), sizeof(block));
		_exit(0);
	}
	await_asleep(pid);
	read_all(pipes[0], block, sizeof(block));
	CHECK(pattern_matches(block, sizeof(block), 0, 1));
	reap_exit(pid, 0);
	pid = OK(fork());
	if (pid == 0) {
		OK(close(pipes[0]));
		signal(SIGPIPE, SIG_IGN);
		EQ(write(pipes[1], block, sizeof(block)), 65536);
		FAILS(write(pipes[1], block, 1), EPIPE);
		_exit(0);
	}
	await_asleep(pid);
	OK(close(pipes[0]));
	reap_exit(pid, 0);
	say("waited");
}

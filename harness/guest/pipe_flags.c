#include "contract.h"

CONTRACT(pipe_flags, "pipe2 sets flags on both ends and leaves nothing behind when it fails")
{
	int pipes[2] = {-7, -7}, other[2];

	OK(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
	for (int i = 0; i < 2; i++) {
		EQ(fcntl(pipes[i], F_GETFD), FD_CLOEXEC);
		EQ(fcntl(pipes[i], F_GETFL) & (O_ACCMODE | O_NONBLOCK),
		   (i ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
	}
	OK(pipe2(other, 0));
	EQ(fcntl(other[0], F_GETFD), 0);
	EQ(fcntl(other[0], F_GETFL) & O_NONBLOCK, 0);
	FAILS(pipe2(other, O_APPEND), EINVAL);
	FAILS(syscall(SYS_pipe2, (void *)8, 0), EFAULT);
	say("the next descriptor is %d", OK(dup(0)));
}

#include "contract.h"

#define QUERY            0
#define GLOBAL           1
#define PRIVATE          8
#define REGISTER_PRIVATE 16
#define membarrier(...)  syscall(SYS_membarrier, __VA_ARGS__)

CONTRACT(thread_membarrier,
	 "the expedited memory barrier is for processes that registered, and their children")
{
	long commands = OK(membarrier(QUERY, 0, 0));
	pid_t pid;

	EQ(commands & (GLOBAL | PRIVATE | REGISTER_PRIVATE), GLOBAL | PRIVATE | REGISTER_PRIVATE);
	FAILS(membarrier(PRIVATE, 0, 0), EPERM);
	FAILS(membarrier(QUERY, 1, 0), EINVAL);
	FAILS(membarrier(1 << 30, 0, 0), EINVAL);
	OK(membarrier(REGISTER_PRIVATE, 0, 0));
	OK(membarrier(PRIVATE, 0, 0));
	pid = OK(fork());
	if (pid == 0) {
		OK(membarrier(PRIVATE, 0, 0));
		_exit(0);
	}
	reap_exit(pid, 0);
	say("registered");
}

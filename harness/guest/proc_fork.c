#include "contract.h"

CONTRACT(proc_fork, "fork returns twice, and the child is a new process like its parent")
{
	pid_t parent = getpid(), child;
	int status, marker = 5;

	child = OK(fork());
	if (child == 0) {
		CHECK(getpid() != parent);
		EQ(getppid(), parent);
		EQ(getpgid(0), getpgid(parent));
		EQ(getsid(0), getsid(parent));
		EQ(marker, 5);
		EQ(gettid(), getpid());
		_exit(17);
	}
	CHECK(child > 0 && child != parent);
	EQ(getpid(), parent);
	EQ(waitpid(child, &status, 0), child);
	say("exited %d with %d", WIFEXITED(status), WEXITSTATUS(status));
}

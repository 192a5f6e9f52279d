#include "contract.h"

CONTRACT(fd_inheritance, "exec keeps descriptors except those marked close-on-exec")
{
	char *arguments[] = {"contracts", "--helper=descriptors", NULL};
	pid_t pid;

	OK(dup2(0, 10));
	OK(dup3(0, 11, O_CLOEXEC));
	OK(dup2(0, 40));
	OK(fcntl(40, F_SETFD, FD_CLOEXEC));
	OK(dup2(40, 41));
	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		execv("self", arguments);
		_exit(9);
	}
	reap_exit(pid, 0);
	OK(fcntl(40, F_GETFD));
}

#include "contract.h"

CONTRACT(proc_execveat, "execveat runs a file by directory or by its own descriptor")
{
	char *arguments[] = {"contracts", "--helper=exit", "8", NULL}, *none[] = {NULL};
	int dir, file, closing;
	pid_t pid;

	OK(mkdir("d", 0755));
	link_self("d/self");
	dir = OK(open("d", O_PATH));
	file = OK(open("d/self", O_RDONLY));
	closing = OK(open("d/self", O_PATH | O_CLOEXEC));
	for (int kind = 0; kind < 3; kind++) {
		pid = OK(fork());
		if (pid == 0) {
			if (kind == 0)
				syscall(SYS_execveat, dir, "self", arguments, none, 0);
			else
				syscall(SYS_execveat, kind == 1 ? file : closing, "", arguments,
					none, AT_EMPTY_PATH);
			_exit(9);
		}
		reap_exit(pid, 8);
	}
	FAILS(syscall(SYS_execveat, dir, "self", arguments, none, AT_SYMLINK_NOFOLLOW), ELOOP);
	FAILS(syscall(SYS_execveat, dir, "missing", arguments, none, 0), ENOENT);
	FAILS(syscall(SYS_execveat, 99, "self", arguments, none, 0), EBADF);
	FAILS(syscall(SYS_execveat, dir, "self", arguments, none, 0x8000), EINVAL);
	FAILS(syscall(SYS_execveat, dir, "", arguments, none, 0), ENOENT);
	FAILS(syscall(SYS_execveat, dir, "", arguments, none, AT_EMPTY_PATH), EACCES);
	say("executed");
}

#include "contract.h"

#define STACK 65536

static volatile int value;

static int child(void *argument)
{
	int *fds = argument;

	value = 5;
	close(fds[0]);
	OK(chdir("d"));
	umask(077);
	return 11;
}

static void try_clone(int flags, const char *name)
{
	static _Alignas(16) char stack[STACK];
	int fds[2];
	pid_t pid;

	value = 0;
	umask(022);
	fds[0] = OK(dup(0));
	pid = OK(clone(child, stack + STACK, flags | SIGCHLD, fds));
	reap_exit(pid, 11);
	say("%s: memory %d files %d directory %d umask %o", name, value == 5,
	    fcntl(fds[0], F_GETFD) < 0, access("d", F_OK) != 0, umask(022));
	close(fds[0]);
	if (access("d", F_OK) != 0)
		OK(chdir(".."));
}

CONTRACT(proc_clone_shares, "clone shares exactly what its flags say")
{
	OK(mkdir("d", 0755));
	try_clone(0, "nothing");
	try_clone(CLONE_VM, "CLONE_VM");
	try_clone(CLONE_FILES, "CLONE_FILES");
	try_clone(CLONE_FS, "CLONE_FS");
	try_clone(CLONE_VM | CLONE_FILES | CLONE_FS, "all three");
	FAILS(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

#include "contract.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static int pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int send_signal(int pidfd, int sign, siginfo_t *info)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sign, info, 0);
}

static pid_t sleeper(void)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

CONTRACT(proc_pidfd, "a pidfd means one process: to signal it, to poll for its end, to wait for it")
{
	pid_t pid = sleeper();
	int pidfd = OK(pidfd_open(pid, 0));
	struct pollfd poll_for = {.fd = pidfd, .events = POLLIN};
	siginfo_t info;
	char byte;

	EQ(OK(fcntl(pidfd, F_GETFD)), FD_CLOEXEC);
	EQ(poll(&poll_for, 1, 0), 0);
	FAILS(read(pidfd, &byte, 1), EINVAL);
	OK(send_signal(pidfd, 0, NULL));
	FAILS(send_signal(pidfd, 65, NULL), EINVAL);
	FAILS(send_signal(0, 0, NULL), EBADF);
	FAILS(send_signal(99, 0, NULL), EBADF);
	memset(&info, 0, sizeof(info));
	FAILS(send_signal(pidfd, SIGTERM, &info), EINVAL);
	info.si_signo = SIGTERM;
	FAILS(send_signal(pidfd, SIGTERM, &info), EPERM);
	info.si_code = SI_QUEUE;
	OK(send_signal(pidfd, SIGTERM, &info));
	EQ(poll(&poll_for, 1, -1), 1);
	CHECK(poll_for.revents & POLLIN);
	memset(&info, 0, sizeof(info));
	OK(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
	EQ(info.si_pid, pid);
	say("ended: code %d, status %d", info.si_code, info.si_status);
	FAILS(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), ECHILD);
	FAILS(send_signal(pidfd, 0, NULL), ESRCH);
	FAILS(pidfd_open(pid, 0), ESRCH);
	FAILS(pidfd_open(0, 0), EINVAL);
	FAILS(pidfd_open(getpid(), 1), EINVAL);
	FAILS(waitid(P_PIDFD, 0, &info, WEXITED), EBADF);
	OK(close(pidfd));
}

CONTRACT(proc_pidfd_nonblock, "waiting through a pidfd that does not block says EAGAIN")
{
	pid_t pid = sleeper();
	int pidfd = OK(pidfd_open(pid, O_NONBLOCK));
	siginfo_t info = {.si_pid = 1};

	FAILS(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), EAGAIN);
	OK(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG));
	EQ(info.si_pid, 0);
	OK(kill(pid, SIGKILL));
	reap_signal(pid, SIGKILL);
	say("did not block");
}

CONTRACT(proc_clone_pidfd, "clone hands out a pidfd of the child, to the parent alone")
{
	int pidfd = -1, status;
	siginfo_t info;
	pid_t pid;

	FAILS(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &pidfd, 0, 0),
	      EINVAL);
	pid = (pid_t)OK(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0));
	if (pid == 0)
		_exit(fcntl(pidfd, F_GETFD) == -1 && errno == EBADF ? 7 : 1);
	EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	OK(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOWAIT));
	EQ(info.si_pid, pid);
	EQ(info.si_status, 7);
	EQ(waitpid(pid, &status, 0), pid);
	FAILS(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, bad_pointer, 0, 0), EFAULT);
	FAILS(waitpid(-1, NULL, 0), ECHILD);
	say("cloned");
}

CONTRACT(proc_pidfd_getfd, "a descriptor of another process can be had through its pidfd")
{
	struct bell ready;
	int pipe_fd[2], pidfd, fd;
	char byte = 0;
	pid_t pid;

	bell_make(&ready);
	pid = OK(fork());
	if (pid == 0) {
		OK(pipe(pipe_fd));
		OK(dup2(pipe_fd[0], 100));
		write_all(pipe_fd[1], "x", 1);
		bell_ring(&ready);
		for (;;)
			pause();
	}
	bell_await(&ready);
	pidfd = OK(pidfd_open(pid, 0));
	FAILS(syscall(SYS_pidfd_getfd, pidfd, 101, 0), EBADF);
	FAILS(syscall(SYS_pidfd_getfd, pidfd, 100, 1), EINVAL);
	fd = (int)OK(syscall(SYS_pidfd_getfd, pidfd, 100, 0));
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(read(fd, &byte, 1), 1);
	EQ(byte, 'x');
	OK(kill(pid, SIGKILL));
	reap_signal(pid, SIGKILL);
	FAILS(syscall(SYS_pidfd_getfd, pidfd, 100, 0), ESRCH);
	say("shared");
}

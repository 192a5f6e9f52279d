#include "contract.h"

#include <sys/signalfd.h>

static void show(int fd)
{
	struct signalfd_siginfo info;

	EQ(OK(read(fd, &info, sizeof(info))), sizeof(info));
	say("signal %u code %d value %d mine %d", info.ssi_signo, info.ssi_code, info.ssi_int,
	    info.ssi_pid == (unsigned)getpid());
}

CONTRACT(sig_signalfd, "a signalfd gives out blocked signals to those who read it")
{
	struct signalfd_siginfo info;
	struct pollfd poll_for = {.events = POLLIN};
	siginfo_t child;
	sigset_t set;
	pid_t pid;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGKILL); /* ignored */
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = OK(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	poll_for.fd = fd;
	FAILS(read(fd, &info, sizeof(info)), EAGAIN);
	FAILS(read(fd, &info, sizeof(info) - 1), EINVAL);
	EQ(poll(&poll_for, 1, 0), 0);
	OK(kill(getpid(), SIGUSR1));
	OK(kill(getpid(), SIGUSR1));
	OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 7}));
	OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 8}));
	EQ(poll(&poll_for, 1, 0), 1);
	show(fd);
	show(fd);
	show(fd);
	FAILS(read(fd, &info, sizeof(info)), EAGAIN);
	pid = OK(fork());
	if (pid == 0)
		_exit(9);
	OK(waitid(P_PID, (id_t)pid, &child, WEXITED | WNOWAIT));
	EQ(OK(read(fd, &info, sizeof(info))), sizeof(info));
	say("child: code %d status %d", info.ssi_code, info.ssi_status);
	CHECK(info.ssi_pid == (unsigned)pid);
	reap_exit(pid, 9);
	/* Another set, and signals that it does not have. */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	EQ(signalfd(fd, &set, 0), fd);
	OK(kill(getpid(), SIGUSR1));
	EQ(poll(&poll_for, 1, 0), 0);
	OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9}));
	show(fd);
	FAILS(signalfd(0, &set, 0), EINVAL);
	FAILS(signalfd(99, &set, 0), EBADF);
	FAILS(signalfd(-1, &set, 1), EINVAL);
}

CONTRACT(sig_signalfd_wakes, "a reader of a signalfd sleeps until a signal comes")
{
	struct signalfd_siginfo info;
	struct bell ready;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	bell_make(&ready);
	pid = OK(fork());
	if (pid == 0) {
		int fd = OK(signalfd(-1, &set, 0));

		bell_ring(&ready);
		EQ(OK(read(fd, &info, sizeof(info))), sizeof(info));
		EQ(info.ssi_signo, SIGUSR2);
		EQ(info.ssi_pid, getppid());
		_exit(0);
	}
	bell_await(&ready);
	await_asleep(pid);
	OK(kill(pid, SIGUSR2));
	reap_exit(pid, 0);
	say("woken");
}

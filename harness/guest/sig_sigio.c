#include "pty.h"

static sigset_t set;

static void await(int want, const char *what, int fd)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	EQ(sigwaitinfo(&set, &info), want);
	if (want == SIGIO)
		say("%s: SIGIO, code %#x", what, info.si_code);
	else
		say("%s: code %d band %#lx fd right %d", what, info.si_code, info.si_band,
		    info.si_fd == fd);
}

static void quiet(void)
{
	struct timespec none = {};

	FAILS(sigtimedwait(&set, NULL, &none), EAGAIN);
}

static int make_async(int fd)
{
	OK(fcntl(fd, F_SETOWN, getpid()));
	return fcntl(fd, F_SETFL, OK(fcntl(fd, F_GETFL)) | O_ASYNC);
}

static void block(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void pipes(void)
{
	static char page[PAGE];
	int pipe_fd[2];
	char byte;

	OK(pipe(pipe_fd));
	write_all(pipe_fd[1], "x", 1);
	OK(make_async(pipe_fd[0]));
	CHECK(OK(fcntl(pipe_fd[0], F_GETFL)) & O_ASYNC);
	quiet(); /* what was there before is no news */
	write_all(pipe_fd[1], "y", 1);
	await(SIGIO, "a byte came", 0);
	EQ(read(pipe_fd[0], &byte, 1), 1);
	OK(fcntl(pipe_fd[0], F_SETSIG, SIGRTMIN));
	EQ(fcntl(pipe_fd[0], F_GETSIG), SIGRTMIN);
	EQ(read(pipe_fd[0], &byte, 1), 1);
	write_all(pipe_fd[1], "z", 1);
	await(SIGRTMIN, "a byte came", pipe_fd[0]);
	OK(fcntl(pipe_fd[0], F_SETFL, 0));
	EQ(read(pipe_fd[0], &byte, 1), 1);
	write_all(pipe_fd[1], "z", 1);
	EQ(fcntl(pipe_fd[0], F_GETFL) & O_ASYNC, 0);

	OK(fcntl(pipe_fd[1], F_SETFL, O_NONBLOCK));
	while (write(pipe_fd[1], page, PAGE) > 0)
		;
	OK(make_async(pipe_fd[1]));
	OK(fcntl(pipe_fd[1], F_SETSIG, SIGRTMIN));
	for (int i = 0; i < 17; i++) /* all of it, so that there surely is room */
		if (read(pipe_fd[0], page, PAGE) < PAGE)
			break;
	await(SIGRTMIN, "there is room", pipe_fd[1]);
	OK(close(pipe_fd[1]));
	OK(close(pipe_fd[0]));
}

CONTRACT(sig_sigio, "a file with O_ASYNC sends its owner a signal when it becomes ready")
{
	int file = OK(open("f", O_CREAT | O_RDWR, 0644)), pipe_fd[2];

	block();
	pipes();
	/* A file that is always ready never says so. */
	OK(make_async(file));
	EQ(fcntl(file, F_GETFL) & O_ASYNC, 0);
	OK(pipe(pipe_fd));
	EQ(fcntl(pipe_fd[0], F_GETOWN), 0);
	OK(fcntl(pipe_fd[0], F_SETOWN, -getpgrp()));
	FAILS(fcntl(pipe_fd[0], F_SETOWN, 999999999), ESRCH);
	FAILS(fcntl(pipe_fd[0], F_SETSIG, 65), EINVAL);
	EQ(fcntl(pipe_fd[0], F_GETSIG), 0);
}

CONTRACT(sig_sigio_terminal, "a terminal with O_ASYNC says when a line is typed")
{
	struct pty pty;
	char line[8];

	block();
	pty_make(&pty);
	pty_open_slave(&pty);
	OK(make_async(pty.slave));
	pty_type(&pty, "ab\n");
	await(SIGIO, "typed", 0);
	EQ(read(pty.slave, line, sizeof(line)), 3);
	say("read it");
}

CONTRACT(sig_sigio_group, "the owner may be a group, and must be one that may be signalled")
{
	int pipe_fd[2], status;
	struct bell ready;
	pid_t pid;

	block();
	bell_make(&ready);
	OK(pipe(pipe_fd));
	pid = OK(fork());
	if (pid == 0) {
		OK(setpgid(0, 0));
		bell_ring(&ready);
		EQ(sigwaitinfo(&set, NULL), SIGIO);
		_exit(3);
	}
	bell_await(&ready);
	OK(fcntl(pipe_fd[0], F_SETFL, O_ASYNC));
	OK(fcntl(pipe_fd[0], F_SETOWN, -pid));
	EQ(fcntl(pipe_fd[0], F_GETOWN), -pid);
	write_all(pipe_fd[1], "x", 1);
	EQ(OK(waitpid(pid, &status, 0)), pid);
	EQ(WEXITSTATUS(status), 3);
	quiet();
	say("the group was told");
}

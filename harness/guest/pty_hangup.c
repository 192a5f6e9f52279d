#include "pty.h"

static volatile sig_atomic_t hangups, continued;

static void on_signal(int sign)
{
	if (sign == SIGHUP)
		hangups++;
	else
		continued++;
}

static void slave_closes(void)
{
	struct pty pty;
	struct pollfd poll_for = {.events = POLLIN | POLLOUT};
	char byte[8];

	pty_make(&pty);
	pty_open_slave(&pty);
	write_all(pty.slave, "last", 4);
	OK(close(pty.slave));
	poll_for.fd = pty.master;
	EQ(poll(&poll_for, 1, 0), 1);
	say("slave closed: events %#x", poll_for.revents & (POLLIN | POLLHUP));
	EQ(read(pty.master, byte, sizeof(byte)), 4);
	FAILS(read(pty.master, byte, sizeof(byte)), EIO);
	pty_open_slave(&pty);
	OK(fcntl(pty.master, F_SETFL, O_NONBLOCK));
	FAILS(read(pty.master, byte, sizeof(byte)), EAGAIN);
	write_all(pty.slave, "x", 1);
	EQ(read(pty.master, byte, sizeof(byte)), 1);
	OK(close(pty.slave));
	OK(close(pty.master));
}

static void leader(struct pty *pty, struct bell *ready)
{
	sigset_t set, old;
	struct pollfd poll_for = {.fd = pty->slave, .events = POLLIN};
	struct winsize size;
	char byte;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	handle(SIGHUP, on_signal, 0);
	handle(SIGCONT, on_signal, 0);
	bell_ring(ready);
	while (!hangups)
		sigsuspend(&old);
	EQ(read(pty->slave, &byte, 1), 0);
	FAILS(write(pty->slave, "x", 1), EIO);
	FAILS(ioctl(pty->slave, TIOCGWINSZ, &size), EIO);
	FAILS(open("/dev/tty", O_RDWR), ENXIO);
	EQ(poll(&poll_for, 1, 0), 1);
	CHECK(poll_for.revents & POLLHUP);
	CHECK(poll_for.revents & POLLIN);
	_exit(0);
}

CONTRACT(pty_hangup, "closing one side of a pseudo terminal ends the other")
{
	struct pty pty;
	struct bell ready;
	pid_t pid;

	slave_closes();
	pty_make(&pty);
	bell_make(&ready);
	pid = pty_fork(&pty);
	if (pid == 0)
		leader(&pty, &ready);
	bell_await(&ready);
	OK(close(pty.master));
	reap_exit(pid, 0);
	say("hung up");
}

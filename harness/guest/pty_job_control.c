#include "pty.h"

static volatile sig_atomic_t resized;

static void on_resize(int sign)
{
	(void)sign;
	resized = 1;
}

static void leader(struct pty *pty)
{
	struct winsize size;
	sigset_t set, old;
	int tty = OK(open("/dev/tty", O_RDWR));

	EQ(tcgetsid(tty), getpid());
	EQ(tcgetpgrp(pty->slave), getpid());
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	handle(SIGWINCH, on_resize, 0);
	OK(ioctl(tty, TIOCGWINSZ, &size));
	EQ(size.ws_row, 0);
	write_all(tty, "ready\n", 6);
	while (!resized)
		sigsuspend(&old);
	OK(ioctl(tty, TIOCGWINSZ, &size));
	EQ(size.ws_row, 50);
	EQ(size.ws_col, 132);
	write_all(tty, "resized\n", 8);
	for (;;)
		pause();
}

CONTRACT(pty_job_control, "a pseudo terminal can be the controlling terminal of a session")
{
	struct winsize size = {.ws_row = 50, .ws_col = 132};
	struct pty pty;
	pid_t pid, group;

	pty_make(&pty);
	pid = pty_fork(&pty);
	if (pid == 0)
		leader(&pty);
	pty_expect(&pty, "ready\r\n");
	OK(ioctl(pty.master, TIOCGPGRP, &group));
	EQ(group, pid);
	OK(ioctl(pty.master, TIOCGSID, &group));
	EQ(group, pid);
	OK(ioctl(pty.master, TIOCSWINSZ, &size));
	pty_expect(&pty, "resized\r\n");
	pty_type(&pty, "\003");
	reap_signal(pid, SIGINT);
	say("interrupted");
}

static void end_with_background(struct pty *pty, struct bell *bells)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		OK(setpgid(0, 0));
		handle(SIGHUP, SIG_IGN, 0);
		bell_ring(&bells[0]);
		bell_await(&bells[1]); /* the leader has gone */
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		write_all(pty->slave, "still", 5);
		_exit(0);
	}
	bell_await(&bells[0]);
	_exit(0);
}

CONTRACT(pty_leader_exit, "the end of a session's leader frees a pseudo terminal for the next one")
{
	struct bell bells[2];
	struct pty pty;
	char byte;
	pid_t pid;

	pty_make(&pty);
	bell_make(&bells[0]);
	bell_make(&bells[1]);
	pid = pty_fork(&pty);
	if (pid == 0)
		end_with_background(&pty, bells);
	reap_exit(pid, 0);
	FAILS(ioctl(pty.master, TIOCGSID, &pid), ENOTTY);
	bell_ring(&bells[1]);
	pty_expect(&pty, "still");
	FAILS(read(pty.master, &byte, 1), EIO); /* the last file is closed */
	pid = pty_fork(&pty);
	if (pid == 0) {
		write_all(pty.slave, "again", 5);
		EQ(tcgetsid(pty.slave), getpid());
		_exit(0);
	}
	reap_exit(pid, 0);
	pty_expect(&pty, "again");
	say("another session has it");
}

#include "pty.h"

static void raw(int fd)
{
	struct termios termios;

	OK(tcgetattr(fd, &termios));
	cfmakeraw(&termios);
	OK(tcsetattr(fd, TCSANOW, &termios));
}

static void packets(struct pty *pty)
{
	struct pollfd poll_for = {.fd = pty->master, .events = POLLIN | POLLPRI};
	unsigned char packet[8];
	int on = 1;

	OK(ioctl(pty->master, TIOCPKT, &on));
	write_all(pty->slave, "abc", 3);
	EQ(read(pty->master, packet, sizeof(packet)), 4);
	EQ(packet[0], TIOCPKT_DATA);
	CHECK(!memcmp(packet + 1, "abc", 3));
	OK(tcflush(pty->slave, TCIFLUSH));
	EQ(poll(&poll_for, 1, 0), 1);
	CHECK(poll_for.revents & POLLPRI);
	EQ(read(pty->master, packet, sizeof(packet)), 1);
	say("after a flush: %#x", packet[0]);
	OK(tcflow(pty->slave, TCOOFF));
	EQ(read(pty->master, packet, sizeof(packet)), 1);
	say("stopped: %#x", packet[0]);
	OK(tcflow(pty->slave, TCOON));
	EQ(read(pty->master, packet, sizeof(packet)), 1);
	say("started: %#x", packet[0]);
	on = 0;
	OK(ioctl(pty->master, TIOCPKT, &on));
}

CONTRACT(pty_modes, "both sides of a pseudo terminal set its modes; raw data passes unchanged")
{
	struct pty pty;
	struct termios termios;
	unsigned char all[256], back[256];
	struct stat status;

	pty_make(&pty);
	pty_open_slave(&pty);
	OK(tcgetattr(pty.slave, &termios));
	say("iflag %#o oflag %#o lflag %#o speed %d", termios.c_iflag, termios.c_oflag,
	    termios.c_lflag, (int)cfgetospeed(&termios) == B38400);
	raw(pty.master);
	OK(tcgetattr(pty.slave, &termios));
	EQ(termios.c_lflag & (ICANON | ECHO | ISIG), 0);
	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	write_all(pty.master, all, sizeof(all));
	read_all(pty.slave, back, sizeof(back));
	CHECK(!memcmp(all, back, sizeof(all)));
	write_all(pty.slave, all, sizeof(all));
	read_all(pty.master, back, sizeof(back));
	CHECK(!memcmp(all, back, sizeof(all)));
	packets(&pty);
	OK(fchmod(pty.slave, 0622));
	EQ(stat_of(pty.name).st_mode & 07777, 0622);
	OK(fchown(pty.slave, 7, 8));
	OK(close(pty.slave));
	status = stat_of(pty.name);
	EQ(status.st_uid, 7);
	EQ(status.st_gid, 8);
	EQ(status.st_mode & 07777, 0622);
	say("modes");
}

CONTRACT(pty_flow, "a writer at either end of a pseudo terminal waits for the reader at the other")
{
	enum { SIZE = 200000 };
	static unsigned char data[SIZE], back[SIZE];
	struct pty pty;
	pid_t pid;

	pty_make(&pty);
	pty_open_slave(&pty);
	raw(pty.slave);
	pattern_fill(data, SIZE, 0, 1);
	pid = OK(fork());
	if (pid == 0) {
		write_all(pty.slave, data, SIZE);
		read_all(pty.slave, back, SIZE);
		CHECK(!memcmp(data, back, SIZE));
		_exit(0);
	}
	read_all(pty.master, back, SIZE);
	CHECK(!memcmp(data, back, SIZE));
	write_all(pty.master, data, SIZE);
	reap_exit(pid, 0);
	say("all of it");
}

#include "pty.h"

CONTRACT(pty_pair, "what the slave writes the master reads, and the master types at the slave")
{
	struct pty pty, other;
	struct stat status;
	int lock = 1, waiting;
	char line[64];

	pty_make(&pty);
	pty_make(&other);
	CHECK(strcmp(pty.name, other.name));
	OK(ioctl(pty.master, TIOCSPTLCK, &lock));
	FAILS(open(pty.name, O_RDWR | O_NOCTTY), EIO);
	lock = 0;
	OK(ioctl(pty.master, TIOCSPTLCK, &lock));
	pty_open_slave(&pty);
	EQ(isatty(pty.slave), 1);
	EQ(isatty(pty.master), 1);
	OK(fstat(pty.slave, &status));
	CHECK(S_ISCHR(status.st_mode));
	EQ(status.st_rdev >> 8, 136);
	OK(ioctl(pty.master, TIOCGPTLCK, &lock));
	EQ(lock, 0);

	write_all(pty.slave, "a\nb", 3);
	pty_expect(&pty, "a\r\nb");
	pty_type(&pty, "hello\nwor\177\177ld");
	pty_expect(&pty, "hello\r\nwor\b \b\b \bld");
	EQ(read(pty.slave, line, sizeof(line)), 6);
	CHECK(!memcmp(line, "hello\n", 6));
	OK(ioctl(pty.slave, FIONREAD, &waiting));
	EQ(waiting, 0);
	pty_type(&pty, "\n\004");
	EQ(read(pty.slave, line, sizeof(line)), 4);
	CHECK(!memcmp(line, "wld\n", 4));
	EQ(read(pty.slave, line, sizeof(line)), 0);
	OK(close(pty.slave));
	OK(close(pty.master));
	CHECK(!exists(pty.name));
	say("both ways");
}

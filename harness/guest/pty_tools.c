#include "pty.h"

void pty_make(struct pty *pty)
{
	int number, unlocked = 0;

	pty->slave = -1;
	pty->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->master < 0)
		skip("no pseudo terminals");
	OK(ioctl(pty->master, TIOCGPTN, &number));
	OK(ioctl(pty->master, TIOCSPTLCK, &unlocked));
	snprintf(pty->name, sizeof(pty->name), "/dev/pts/%d", number);
	if (access(pty->name, F_OK))
		skip("devpts is not on /dev/pts");
}

void pty_open_slave(struct pty *pty)
{
	pty->slave = OK(open(pty->name, O_RDWR | O_NOCTTY));
}

pid_t pty_fork(struct pty *pty)
{
	pid_t pid = OK(fork());

	if (pid)
		return pid;
	OK(close(pty->master));
	OK(setsid());
	if (pty->slave >= 0)
		OK(close(pty->slave));
	pty->slave = OK(open(pty->name, O_RDWR));
	return 0;
}

void pty_expect(struct pty *pty, const char *text)
{
	size_t length = strlen(text), have = 0;
	char got[4096];

	while (have < length) {
		ssize_t n = OK(read(pty->master, got + have, length - have));

		CHECK(n > 0);
		have += (size_t)n;
		got[have] = 0;
		CHECK(!strncmp(got, text, have));
	}
}

void pty_type(struct pty *pty, const char *text)
{
	write_all(pty->master, text, strlen(text));
}

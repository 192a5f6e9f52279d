#include "contract.h"

static void on_tick(int sign)
{
	(void)sign;
}

CONTRACT(lock_posix_wait, "F_SETLKW waits for the holder unless a handled signal interrupts it")
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	struct bell held, release;
	pid_t pid;

	bell_make(&held);
	bell_make(&release);
	pid = OK(fork());
	if (pid == 0) {
		OK(fcntl(fd, F_SETLK, &lock));
		bell_ring(&held);
		bell_await(&release);
		EQ(pwrite(fd, "released", 8, 0), 8);
		lock.l_type = F_UNLCK;
		OK(fcntl(fd, F_SETLK, &lock));
		bell_await(&release);
		_exit(0);
	}
	bell_await(&held);
	FAILS(fcntl(fd, F_SETLK, &lock), EAGAIN);
	handle(SIGALRM, on_tick, 0);
	ticking_alarm();
	FAILS(fcntl(fd, F_SETLKW, &lock), EINTR);
	quiet_alarm();
	bell_ring(&release);
	OK(fcntl(fd, F_SETLKW, &lock));
	SAME(get("file"), "released");
	bell_ring(&release);
	reap_exit(pid, 0);
	say("waited");
}

#include "contract.h"

#include <sys/timerfd.h>

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

static uint64_t count(int fd)
{
	uint64_t n;

	EQ(OK(read(fd, &n, sizeof(n))), 8);
	return n;
}

static void set(int fd, int flags, long value_ms, long interval_ms)
{
	struct itimerspec spec = {
	    .it_value = {value_ms / 1000, value_ms % 1000 * 1000000},
	    .it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000},
	};

	OK(timerfd_settime(fd, flags, &spec, NULL));
}

CONTRACT(time_timerfd, "a timerfd counts its expirations until they are read")
{
	int fd = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), pipe_fd[2];
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	struct itimerspec spec, old;
	char small[4];

	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	FAILS(read(fd, small, sizeof(small)), EINVAL);
	FAILS(read(fd, &spec, 8), EAGAIN);
	EQ(poll(&poll_for, 1, 0), 0);
	set(fd, TFD_TIMER_ABSTIME, 1, 0); /* long ago */
	EQ(poll(&poll_for, 1, -1), 1);
	EQ(count(fd), 1);
	FAILS(read(fd, &spec, 8), EAGAIN);
	OK(timerfd_gettime(fd, &spec));
	EQ(spec.it_value.tv_sec + spec.it_value.tv_nsec, 0);

	set(fd, 0, 3600000, 2500);
	OK(timerfd_gettime(fd, &spec));
	CHECK(spec.it_value.tv_sec >= 3500 && spec.it_value.tv_sec <= 3600);
	EQ(spec.it_interval.tv_sec, 2);
	EQ(spec.it_interval.tv_nsec, 500000000);
	memset(&spec, 0, sizeof(spec));
	OK(timerfd_settime(fd, 0, &spec, &old));
	EQ(old.it_interval.tv_sec, 2);

	set(fd, 0, 1, 1);
	EQ(poll(&poll_for, 1, -1), 1);
	OK(usleep(5000));
	CHECK(count(fd) >= 5); /* none is lost */
	spec.it_value.tv_nsec = 1000000000;
	FAILS(timerfd_settime(fd, 0, &spec, NULL), EINVAL);
	spec.it_value.tv_nsec = -1;
	FAILS(timerfd_settime(fd, 0, &spec, NULL), EINVAL);
	spec.it_value.tv_nsec = 0;
	FAILS(timerfd_settime(fd, 0x100, &spec, NULL), EINVAL);
	OK(pipe(pipe_fd));
	FAILS(timerfd_settime(pipe_fd[0], 0, &spec, NULL), EINVAL);
	FAILS(timerfd_settime(99, 0, &spec, NULL), EBADF);
	FAILS(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	say("counted");
}

/* To what it shows: that is a step too, if a small one. */
static void set_clock(void)
{
	struct timespec now;

	OK(clock_gettime(CLOCK_REALTIME, &now));
	if (clock_settime(CLOCK_REALTIME, &now))
		skip("the clock can't be set");
}

CONTRACT(time_timerfd_cancel,
	 "setting the clock cancels the timers that ask for it, and them alone")
{
	struct itimerspec far = {.it_value = {.tv_sec = 1l << 33}};
	struct pollfd poll_for = {.events = POLLIN};
	int wall = OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int plain = OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int steady = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	uint64_t n;

	OK(timerfd_settime(wall, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL));
	OK(timerfd_settime(plain, TFD_TIMER_ABSTIME, &far, NULL));
	OK(timerfd_settime(steady, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL));
	FAILS(read(wall, &n, 8), EAGAIN);
	set_clock();
	poll_for.fd = wall;
	EQ(poll(&poll_for, 1, -1), 1);
	FAILS(read(wall, &n, 8), ECANCELED);
	FAILS(read(wall, &n, 8), EAGAIN); /* it still runs */
	FAILS(read(plain, &n, 8), EAGAIN);
	FAILS(read(steady, &n, 8), EAGAIN);
	set_clock();
	FAILS(read(wall, &n, 8), ECANCELED);
	say("told");
}

/*
 * Steps the clock by hours, which a contract must not do to the host that it runs on: for a
 * scenario, in a guest.
 */
static void step_clock(long hours)
{
	struct timespec now;

	OK(clock_gettime(CLOCK_REALTIME, &now));
	now.tv_sec += hours * 3600;
	OK(clock_settime(CLOCK_REALTIME, &now));
}

static struct itimerspec in_hours(long hours, bool absolute)
{
	struct timespec now = {};

	if (absolute)
		OK(clock_gettime(CLOCK_REALTIME, &now));
	return (struct itimerspec){.it_value = {now.tv_sec + hours * 3600, 0}};
}

HELPER(clock_steps)
{
	struct itimerspec relative = in_hours(2, false), absolute = in_hours(2, true), left;
	int fds[] = {OK(timerfd_create(CLOCK_REALTIME, 0)), OK(timerfd_create(CLOCK_REALTIME, 0))};
	struct pollfd poll_for[] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(timer_create(CLOCK_REALTIME, &event, &timer));
	OK(timer_settime(timer, TIMER_ABSTIME, &absolute, NULL));
	OK(timerfd_settime(fds[0], 0, &relative, NULL));
	OK(timerfd_settime(fds[1], TFD_TIMER_ABSTIME, &absolute, NULL));
	step_clock(-1);
	OK(timerfd_gettime(fds[0], &left));
	say("back: relative, hours left %ld", (left.it_value.tv_sec + 1800) / 3600);
	OK(timerfd_gettime(fds[1], &left));
	say("back: absolute, hours left %ld", (left.it_value.tv_sec + 1800) / 3600);
	OK(timer_gettime(timer, &left));
	say("back: timer_create, hours left %ld", (left.it_value.tv_sec + 1800) / 3600);
	EQ(poll(poll_for, 2, 0), 0);
	step_clock(4);
	EQ(poll(poll_for, 2, -1), 1);
	say("forth: relative %d, absolute %d", poll_for[0].revents != 0, poll_for[1].revents != 0);
	EQ(sigwaitinfo(&set, NULL), SIGUSR1);
	say("forth: the signal came");
	step_clock(-3);
	return 0;
}

#include "contract.h"

static volatile sig_atomic_t count, value, code;

static void on_timer(int sign, siginfo_t *info, void *context)
{
	(void)sign;
	(void)context;
	value = info->si_value.sival_int;
	code = info->si_code;
	count++;
}

CONTRACT(time_posix_timers, "timers of timer_create fire once or repeat, and carry their value")
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGRTMIN + 3,
				 .sigev_value = {.sival_int = 4242}};
	struct itimerspec once = {{0, 0}, {0, 5000000}}, often = {{0, 5000000}, {0, 5000000}};
	struct itimerspec never = {{0, 0}, {0, 0}}, now, bad = {{0, 0}, {0, -1}};
	timer_t timer, quiet;

	handle_info(SIGRTMIN + 3, on_timer, 0);
	OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	OK(timer_settime(timer, 0, &once, NULL));
	while (!count)
		usleep(1000);
	EQ(count, 1);
	say("value %d code %d", (int)value, (int)code);
	OK(timer_gettime(timer, &now));
	EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
	OK(timer_settime(timer, 0, &often, NULL));
	while (count < 4)
		usleep(1000);
	OK(timer_settime(timer, 0, &never, &now));
	EQ(now.it_interval.tv_nsec, 5000000);
	OK(clock_gettime(CLOCK_MONOTONIC, &once.it_value));
	count = 0;
	OK(timer_settime(timer, TIMER_ABSTIME, &once, NULL));
	while (!count)
		usleep(1000);
	FAILS(timer_settime(timer, 0, &bad, NULL), EINVAL);
	OK(timer_delete(timer));
	FAILS(syscall(SYS_timer_delete, 12345), EINVAL);
	event.sigev_notify = SIGEV_NONE;
	OK(timer_create(CLOCK_REALTIME, &event, &quiet));
	once = (struct itimerspec){{0, 0}, {1000, 0}};
	OK(timer_settime(quiet, 0, &once, NULL));
	OK(timer_gettime(quiet, &now));
	CHECK(now.it_value.tv_sec >= 900 && now.it_value.tv_sec <= 1000);
	OK(timer_delete(quiet));
	FAILS(timer_create(99, &event, &quiet), EINVAL);
}

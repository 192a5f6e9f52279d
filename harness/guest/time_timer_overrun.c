#include "contract.h"

CONTRACT(time_timer_overrun, "a timer whose signal waits counts its overruns")
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	struct itimerspec often = {{0, 2000000}, {0, 2000000}}, never = {{0, 0}, {0, 0}};
	struct timespec wait = {0, 40000000};
	siginfo_t info;
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	OK(timer_settime(timer, 0, &often, NULL));
	OK(nanosleep(&wait, NULL));
	EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	EQ(info.si_code, SI_TIMER);
	CHECK(info.si_overrun >= 10);
	OK(timer_settime(timer, 0, &never, NULL));
	wait = (struct timespec){0, 0};
	while (sigtimedwait(&set, &info, &wait) == SIGRTMIN)
		;
	EQ(errno, EAGAIN);
	OK(timer_delete(timer));
	say("overrun");
}

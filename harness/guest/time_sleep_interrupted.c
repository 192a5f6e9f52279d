#include "contract.h"

static void on_signal(int sign)
{
	(void)sign;
}

CONTRACT(time_sleep_interrupted,
	 "an interrupted sleep tells what remains; a stop and continue resumes it")
{
	struct timespec wait = {1000, 0}, rest = {0, 0}, start, end;
	int status;
	pid_t pid;

	handle(SIGALRM, on_signal, SA_RESTART);
	ticking_alarm();
	FAILS(nanosleep(&wait, &rest), EINTR);
	CHECK(rest.tv_sec > 0 && rest.tv_sec < 1000);
	EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, &rest), EINTR);
	CHECK(rest.tv_sec > 0 && rest.tv_sec < 1000);
	quiet_alarm();
	pid = OK(fork());
	if (pid == 0) {
		wait = (struct timespec){0, 200000000};
		OK(clock_gettime(CLOCK_MONOTONIC, &start));
		OK(nanosleep(&wait, NULL));
		OK(clock_gettime(CLOCK_MONOTONIC, &end));
		CHECK((end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec >=
		      200000000);
		_exit(0);
	}
	await_asleep(pid);
	OK(kill(pid, SIGSTOP));
	EQ(waitpid(pid, &status, WUNTRACED), pid);
	OK(kill(pid, SIGCONT));
	reap_exit(pid, 0);
	say("told and resumed");
}

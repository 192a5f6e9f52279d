#include "contract.h"

CONTRACT(time_wall, "time, gettimeofday and the real-time clock tell the same time")
{
	struct timespec fine;
	struct timeval day;
	time_t seconds;

	for (int i = 0; i < 100; i++) {
		seconds = time(NULL);
		OK(gettimeofday(&day, NULL));
		OK(clock_gettime(CLOCK_REALTIME, &fine));
		CHECK(day.tv_usec >= 0 && day.tv_usec < 1000000);
		CHECK(day.tv_sec >= seconds && day.tv_sec <= fine.tv_sec);
		CHECK(syscall(SYS_time, NULL) >= seconds - 1);
		CHECK(syscall(SYS_gettimeofday, &day, NULL) == 0 && day.tv_sec >= seconds);
	}
	CHECK(seconds > 1600000000);
	FAILS(syscall(SYS_gettimeofday, bad_pointer, NULL), EFAULT);
	say("same");
}

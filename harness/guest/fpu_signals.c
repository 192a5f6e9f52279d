#include "contract.h"

static volatile int ticks;
static volatile double inside;

static void on_tick(int sign)
{
	double value = 1.0;

	(void)sign;
	for (int i = 1; i < 200; i++)
		value = value * 1.01 + 1.0 / i;
#if defined(__x86_64__)
	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n\tpcmpeqb %%xmm1, %%xmm1\n\t"
			 "pcmpeqb %%xmm7, %%xmm7\n\tpcmpeqb %%xmm15, %%xmm15\n\tfninit"
			 :
			 :
			 : "xmm0", "xmm1", "xmm7", "xmm15");
#endif
	inside = value;
	ticks++;
}

CONTRACT(fpu_signals, "floating point and vector registers survive signal handlers")
{
	long rounds = 0;

	handle(SIGALRM, on_tick, 0);
	ticking_alarm();
	while (ticks < 10) {
		double a = 1.5, b = 2.25, c = 3.125;
		long double x = 1.1L;

		for (int i = 0; i < 1000; i++) {
			a = a * 1.0000001 + 0.5;
			b = b * 0.9999999 + 0.25;
			c = c + a * b;
			x = x + 1.0L / 3;
		}
		if (rounds++ == 0) {
			static double first[3];
			static long double first_x;

			if (first[0] == 0) {
				first[0] = a, first[1] = b, first[2] = c, first_x = x;
				rounds = 0;
			}
			CHECK(a == first[0] && b == first[1] && c == first[2] && x == first_x);
			rounds = 0;
		}
	}
	quiet_alarm();
	CHECK(inside > 1.0);
	say("survived");
}

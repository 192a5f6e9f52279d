#include "contract.h"

static volatile int ticks;

static void on_tick(int sign)
{
	(void)sign;
	ticks++;
}

CONTRACT(sig_registers, "handlers that interrupt at any instruction leave every register alone")
{
	uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
	uint64_t rounds = 0, sum = 36;

	handle(SIGALRM, on_tick, 0);
	ticking_alarm();
	while (ticks < 10) {
		for (int i = 0; i < 1000; i++) {
			uint64_t carry = a;

			a = b ^ (uint64_t)(i + 1);
			b = c ^ (uint64_t)(i + 1);
			c = d ^ (uint64_t)(i + 1);
			d = e ^ (uint64_t)(i + 1);
			e = f ^ (uint64_t)(i + 1);
			f = g ^ (uint64_t)(i + 1);
			g = h ^ (uint64_t)(i + 1);
			h = carry ^ (uint64_t)(i + 1);
		}
		rounds++;
	}
	quiet_alarm();
	while (rounds-- > 0)
		for (int i = 999; i >= 0; i--) {
			uint64_t carry = h ^ (uint64_t)(i + 1);

			h = g ^ (uint64_t)(i + 1);
			g = f ^ (uint64_t)(i + 1);
			f = e ^ (uint64_t)(i + 1);
			e = d ^ (uint64_t)(i + 1);
			d = c ^ (uint64_t)(i + 1);
			c = b ^ (uint64_t)(i + 1);
			b = a ^ (uint64_t)(i + 1);
			a = carry;
		}
	sum = a + b + c + d + e + f + g + h;
	say("%llu %llu %llu %llu sum %llu", (unsigned long long)a, (unsigned long long)b,
	    (unsigned long long)c, (unsigned long long)d, (unsigned long long)sum);
}

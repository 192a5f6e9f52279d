#include "contract.h"

#if defined(__x86_64__)
static volatile int ticks;

static void on_tick(int sign)
{
	volatile char frame[500];

	(void)sign;
	memset((char *)(uintptr_t)frame, 0x55, sizeof(frame));
	ticks++;
}
#endif

CONTRACT(sig_red_zone, "a signal frame leaves the 128 bytes below the stack pointer alone")
{
#if defined(__x86_64__)
	handle(SIGALRM, on_tick, 0);
	ticking_alarm();
	while (ticks < 10) {
		uint64_t bad = 0;

		__asm__ volatile("movq $0x1234567, -8(%%rsp)\n\t"
				 "movq $0x7654321, -128(%%rsp)\n\t"
				 "movl $2000, %%ecx\n"
				 "1:\n\t"
				 "cmpq $0x1234567, -8(%%rsp)\n\t"
				 "jne 2f\n\t"
				 "cmpq $0x7654321, -128(%%rsp)\n\t"
				 "jne 2f\n\t"
				 "decl %%ecx\n\t"
				 "jnz 1b\n\t"
				 "jmp 3f\n"
				 "2:\n\t"
				 "movq $1, %0\n"
				 "3:"
				 : "+r"(bad)
				 :
				 : "ecx", "cc", "memory");
		EQ(bad, 0);
	}
	quiet_alarm();
#endif
	say("left alone");
}

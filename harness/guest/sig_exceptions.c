#include "contract.h"

static sigjmp_buf back;
static volatile int sign_seen, code_seen;

static void on_signal(int sign, siginfo_t *info, void *context)
{
	(void)context;
	sign_seen = sign;
	code_seen = info->si_code;
	siglongjmp(back, 1);
}

CONTRACT(sig_exceptions, "processor exceptions become SIGFPE, SIGILL, SIGTRAP and SIGSEGV")
{
	static const int signs[] = {SIGFPE, SIGILL, SIGTRAP, SIGSEGV, SIGBUS};

	for (size_t i = 0; i < 5; i++)
		handle_info(signs[i], on_signal, 0);
#if defined(__x86_64__)
	for (volatile int kind = 0; kind < 6; kind++) {
		static const char *names[] = {"div", "ud2", "int3", "hlt", "cli", "noncanonical"};

		sign_seen = 0;
		if (sigsetjmp(back, 1) == 0) {
			switch (kind) {
			case 0:
				__asm__ volatile("xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\t"
						 "divl %%ecx"
						 :
						 :
						 : "eax", "ecx", "edx", "cc");
				break;
			case 1:
				__asm__ volatile("ud2");
				break;
			case 2:
				__asm__ volatile("int3");
				break;
			case 3:
				__asm__ volatile("hlt");
				break;
			case 4:
				__asm__ volatile("cli");
				break;
			case 5:
				(void)*(volatile char *)0x8000000000000000;
				break;
			}
		}
		say("%s: signal %d code %d", names[kind], sign_seen, code_seen);
	}
#endif
	say("done");
}

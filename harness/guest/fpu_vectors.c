#include "contract.h"

#if defined(__x86_64__)
static void fill(uint32_t seed)
{
	_Alignas(32) uint32_t words[8];

	for (int i = 0; i < 8; i++)
		words[i] = seed + (uint32_t)i;
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vmovdqa %0, %%ymm6\n\tvmovdqa %0, %%ymm13" : : "m"(words));
	else
		__asm__ volatile("movdqa %0, %%xmm6\n\tmovdqa %0, %%xmm13" : : "m"(words));
}

static bool check(uint32_t seed)
{
	_Alignas(32) uint32_t a[8] = {0}, b[8] = {0};
	int count = 4;

	if (__builtin_cpu_supports("avx")) {
		__asm__ volatile("vmovdqa %%ymm6, %0\n\tvmovdqa %%ymm13, %1" : "=m"(a), "=m"(b));
		count = 8;
	} else {
		__asm__ volatile("movdqa %%xmm6, %0\n\tmovdqa %%xmm13, %1" : "=m"(a), "=m"(b));
	}
	for (int i = 0; i < count; i++)
		if (a[i] != seed + (uint32_t)i || b[i] != seed + (uint32_t)i)
			return false;
	return true;
}
#endif

CONTRACT(fpu_vectors, "wide vector registers survive system calls and switches")
{
#if defined(__x86_64__)
	pid_t pid[4];

	__builtin_cpu_init();
	for (int p = 0; p < 4; p++) {
		pid[p] = OK(fork());
		if (pid[p] == 0) {
			for (uint32_t i = 0; i < 2000; i++) {
				uint32_t seed = (uint32_t)p * 1000000 + i * 64;
				long result;

				fill(seed);
				__asm__ volatile("syscall"
						 : "=a"(result)
						 : "0"((long)SYS_sched_yield)
						 : "rcx", "r11", "memory");
				CHECK(check(seed));
			}
			_exit(0);
		}
	}
	for (int p = 0; p < 4; p++)
		reap_exit(pid[p], 0);
#endif
	say("survived");
}

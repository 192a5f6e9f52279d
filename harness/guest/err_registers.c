#include "contract.h"

CONTRACT(err_registers, "a system call changes its result and two registers, nothing else")
{
#if defined(__x86_64__)
	static const long calls[] = {SYS_getpid, SYS_sched_yield, SYS_getppid, 9999};

	for (size_t i = 0; i < 4; i++) {
		static unsigned long in[13], out[13];

		for (int k = 0; k < 13; k++)
			in[k] = 0x1111111111111111UL * (unsigned long)(k + 1);
		__asm__ volatile("pushq %%rbp\n\tpushq %%rbx\n\t"
				 "movq %[number], %%rax\n\t"
				 "movq 0+%[in], %%rbx\n\tmovq 8+%[in], %%rdx\n\t"
				 "movq 16+%[in], %%rsi\n\tmovq 24+%[in], %%rdi\n\t"
				 "movq 32+%[in], %%rbp\n\tmovq 40+%[in], %%r8\n\t"
				 "movq 48+%[in], %%r9\n\tmovq 56+%[in], %%r10\n\t"
				 "movq 64+%[in], %%r12\n\tmovq 72+%[in], %%r13\n\t"
				 "movq 80+%[in], %%r14\n\tmovq 88+%[in], %%r15\n\t"
				 "syscall\n\t"
				 "movq %%rbx, 0+%[out]\n\tmovq %%rdx, 8+%[out]\n\t"
				 "movq %%rsi, 16+%[out]\n\tmovq %%rdi, 24+%[out]\n\t"
				 "movq %%rbp, 32+%[out]\n\tmovq %%r8, 40+%[out]\n\t"
				 "movq %%r9, 48+%[out]\n\tmovq %%r10, 56+%[out]\n\t"
				 "movq %%r12, 64+%[out]\n\tmovq %%r13, 72+%[out]\n\t"
				 "movq %%r14, 80+%[out]\n\tmovq %%r15, 88+%[out]\n\t"
				 "popq %%rbx\n\tpopq %%rbp"
				 : [out] "=m"(out)
				 : [in] "m"(in), [number] "m"(calls[i])
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
				   "r12", "r13", "r14", "r15", "cc", "memory");
		for (int k = 0; k < 12; k++)
			EQ(out[k], in[k]);
	}
#endif
	say("kept");
}

#include "hw/regs.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/log.h"
#include "lib/string.h"

#define SYSCALL_SIZE 2 /* of the instruction */
#define RFLAGS_START 0x202

long regs_syscall_number(const struct user_regs *regs)
{
	return regs->entry == REGS_ENTRY_SYSCALL ? (long)(int)regs->code : -1;
}

void regs_syscall_args(const struct user_regs *regs, unsigned long args[6])
{
	args[0] = regs->rdi;
	args[1] = regs->rsi;
	args[2] = regs->rdx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

unsigned long regs_result(const struct user_regs *regs)
{
	return regs->rax;
}

void regs_result_set(struct user_regs *regs, unsigned long value)
{
	regs->rax = value;
}

void regs_syscall_restart(struct user_regs *regs)
{
	regs_syscall_restart_as(regs, (long)regs->code);
}

void regs_syscall_restart_as(struct user_regs *regs, long nr)
{
	regs->rax = (unsigned long)nr;
	regs->rip -= SYSCALL_SIZE;
	regs->entry = REGS_ENTRY_NONE;
}

void regs_syscall_forget(struct user_regs *regs)
{
	regs->entry = REGS_ENTRY_NONE;
}

unsigned long regs_ip(const struct user_regs *regs)
{
	return regs->rip;
}

unsigned long regs_sp(const struct user_regs *regs)
{
	return regs->rsp;
}

void regs_ip_set(struct user_regs *regs, unsigned long ip)
{
	regs->rip = ip;
}

void regs_sp_set(struct user_regs *regs, unsigned long sp)
{
	regs->rsp = sp;
}

void regs_exec_init(struct user_regs *regs, unsigned long ip, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->entry = REGS_ENTRY_NONE;
	regs->rip = ip;
	regs->rsp = sp;
	regs->cs = SEL_USER_CODE;
	regs->ss = SEL_USER_DATA;
	regs->rflags = RFLAGS_START;
}

void regs_log(int level, const struct user_regs *regs)
{
	log_printf(level, "rip %04lx:%016lx rsp %04lx:%016lx flags %08lx entry %#lx code %#lx",
		   regs->cs, regs->rip, regs->ss, regs->rsp, regs->rflags, regs->entry, regs->code);
	log_printf(level, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", regs->rax, regs->rbx,
		   regs->rcx, regs->rdx);
	log_printf(level, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx", regs->rsi, regs->rdi,
		   regs->rbp, regs->r8);
	log_printf(level, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx", regs->r9, regs->r10,
		   regs->r11, regs->r12);
	log_printf(level, "r13 %016lx r14 %016lx r15 %016lx cr2 %016lx", regs->r13, regs->r14,
		   regs->r15, cr2_read());
}

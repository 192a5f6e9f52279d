#include "hw/thread.h"
#include "hw/mmu.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/fpu_int.h"
#include "hw/x86_64/trap_int.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/usercopy.h"

#include <asm/prctl.h>
#include <asm/unistd.h>

/*
 * Threads, as the processor sees them.
 *
 * The top of every kernel stack is reserved for struct user_regs, kernel threads' too, so that any
 * of them can become a process. Below it lies, while the thread does not run, what context_switch()
 * pushed.
 *
 * The user's FS and GS bases are loaded only when they differ from what the CPU last loaded. With
 * FSGSBASE user mode changes them itself, so they are read back when the thread is switched away.
 */

/* What context_switch() pops, and returns to. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, rbx, rbp, rip;
};

void context_switch(unsigned long *save_sp, unsigned long load_sp);
void thread_begin(void);
void thread_begin_fork(void);
void thread_begin_kernel(void (*fn)(void *), void *arg);
void thread_begin_user(struct user_regs *regs);
void enter_user(struct user_regs *regs) __noreturn;

static unsigned long stack_top(const struct arch_thread *arch)
{
	return (unsigned long)arch->stack + THREAD_STACK_SIZE;
}

struct user_regs *arch_thread_regs(struct arch_thread *arch)
{
	return (struct user_regs *)stack_top(arch) - 1;
}

static int thread_prepare(struct arch_thread *arch, void *stack)
{
	memset(arch, 0, sizeof(*arch));
	arch->stack = stack;
	arch->fpu = fpu_alloc();
	return arch->fpu ? 0 : -ENOMEM;
}

static void switch_frame_push(struct arch_thread *arch, void (*begin)(void), void (*fn)(void *),
			      void *arg)
{
	struct switch_frame *frame = (struct switch_frame *)arch_thread_regs(arch) - 1;

	*frame = (struct switch_frame){
	    .rbx = (unsigned long)fn,
	    .r12 = (unsigned long)arg,
	    .rip = (unsigned long)begin,
	};
	arch->sp = (unsigned long)frame;
}

int arch_thread_init_kernel(struct arch_thread *arch, void *stack, void (*fn)(void *), void *arg)
{
	int err = thread_prepare(arch, stack);

	if (err)
		return err;
	switch_frame_push(arch, thread_begin, fn, arg);
	return 0;
}

void thread_begin_kernel(void (*fn)(void *), void *arg)
{
	fn(arg);
	panic("a kernel thread's function returned");
}

/* The running thread's bases as the processor has them. */
static void bases_save(struct arch_thread *arch)
{
	struct cpu *cpu = cpu_self();

	if (!arch->user || !cpu_features.fsgsbase)
		return;
	__asm__ volatile("rdfsbase %0" : "=r"(arch->fs_base));
	arch->gs_base = msr_read(MSR_KERNEL_GS_BASE);
	cpu->fs_base = arch->fs_base;
	cpu->gs_base = arch->gs_base;
}

static void bases_load(const struct arch_thread *arch)
{
	struct cpu *cpu = cpu_self();

	if (!arch->user)
		return;
	if (arch->fs_base != cpu->fs_base) {
		if (cpu_features.fsgsbase)
			__asm__ volatile("wrfsbase %0" : : "r"(arch->fs_base));
		else
			msr_write(MSR_FS_BASE, arch->fs_base);
		cpu->fs_base = arch->fs_base;
	}
	if (arch->gs_base != cpu->gs_base) {
		msr_write(MSR_KERNEL_GS_BASE, arch->gs_base);
		cpu->gs_base = arch->gs_base;
	}
}

int arch_thread_init_fork(struct arch_thread *arch, void *stack, const struct arch_thread *parent,
			  unsigned long sp, bool set_tls, unsigned long tls,
			  void (*first_run)(void))
{
	struct user_regs *regs;
	unsigned long flags;
	int err = thread_prepare(arch, stack);

	if (err)
		return err;
	flags = irq_save();
	if (parent == cpu_self()->arch) {
		bases_save(cpu_self()->arch);
		fpu_sync(cpu_self()->arch);
	}
	memcpy(arch->fpu, parent->fpu, fpu_size());
	arch->fs_base = set_tls ? tls : parent->fs_base;
	arch->gs_base = parent->gs_base;
	irq_restore(flags);
	arch->user = true;
	arch->first_run = first_run;
	regs = arch_thread_regs(arch);
	*regs = *((struct user_regs *)stack_top(parent) - 1);
	regs->rax = 0;
	regs->entry = REGS_ENTRY_NONE;
	if (sp)
		regs->rsp = sp;
	switch_frame_push(arch, thread_begin_fork, NULL, NULL);
	return 0;
}

void thread_begin_user(struct user_regs *regs)
{
	struct arch_thread *arch = cpu_self()->arch;

	if (arch->first_run)
		arch->first_run();
	irq_disable();
	trap_exit_user(regs);
}

void arch_thread_destroy(struct arch_thread *arch)
{
	fpu_free(arch->fpu);
	arch->fpu = NULL;
}

int arch_thread_adopt(struct thread *thread, struct arch_thread *arch)
{
	struct cpu *cpu = cpu_self();
	unsigned long flags;
	int err = thread_prepare(arch, cpu->boot_stack);

	if (err)
		return err;
	flags = irq_save();
	cpu->current = thread;
	cpu->arch = arch;
	cpu_stack_set(cpu, stack_top(arch));
	irq_restore(flags);
	return 0;
}

void arch_thread_switch(struct thread *prev, struct arch_thread *prev_arch, struct thread *next,
			struct arch_thread *next_arch)
{
	struct cpu *cpu = cpu_self();

	fpu_save(prev_arch);
	bases_save(prev_arch);
	bases_load(next_arch);
	cpu->current = next;
	cpu->arch = next_arch;
	cpu_stack_set(cpu, stack_top(next_arch));
	context_switch(&prev_arch->sp, next_arch->sp);
}

void arch_thread_exec_reset(struct arch_thread *arch)
{
	unsigned long flags = irq_save();

	bases_save(arch);
	arch->fs_base = 0;
	arch->gs_base = 0;
	arch->user = true;
	bases_load(arch);
	fpu_reset(arch);
	irq_restore(flags);
}

void arch_enter_user(struct user_regs *regs)
{
	struct user_regs *top = arch_thread_regs(cpu_self()->arch);

	irq_disable();
	if (regs != top)
		*top = *regs;
	enter_user(top);
}

static long base_set(unsigned long *base, unsigned long value)
{
	struct arch_thread *arch = cpu_self()->arch;
	unsigned long flags;

	if (value >= MMU_USER_MAX)
		return -EPERM;
	flags = irq_save();
	bases_save(arch);
	*base = value;
	bases_load(arch);
	irq_restore(flags);
	return 0;
}

static long base_get(const unsigned long *base, unsigned long address)
{
	unsigned long flags = irq_save(), value;

	bases_save(cpu_self()->arch);
	value = *base;
	irq_restore(flags);
	return put_user(value, (unsigned long __user *)address);
}

long arch_syscall(long nr, const unsigned long args[6])
{
	struct arch_thread *arch = cpu_self()->arch;

	if (nr != __NR_arch_prctl)
		return -ENOSYS;
	switch (args[0]) {
	case ARCH_SET_FS:
		return base_set(&arch->fs_base, args[1]);
	case ARCH_SET_GS:
		return base_set(&arch->gs_base, args[1]);
	case ARCH_GET_FS:
		return base_get(&arch->fs_base, args[1]);
	case ARCH_GET_GS:
		return base_get(&arch->gs_base, args[1]);
	default:
		return -EINVAL;
	}
}

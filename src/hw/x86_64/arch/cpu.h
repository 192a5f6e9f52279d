/*
 * Inlines of hw/cpu.h for x86_64: the interrupt flag, barriers, and this CPU's own data.
 *
 * In the kernel %gs points at the running CPU's struct cpu (cpu_int.h), of which only the fields
 * below have fixed places.
 */
#ifndef ARAMID_X86_64_ARCH_CPU_H
#define ARAMID_X86_64_ARCH_CPU_H

#include "lib/types.h"

#define CPU_OFFSET_SELF     0 /* address of the struct itself */
#define CPU_OFFSET_STACK    8 /* where system calls and interrupts from user mode put their stack */
#define CPU_OFFSET_USER_SP  16 /* scratch of the system-call entry */
#define CPU_OFFSET_CURRENT  24 /* struct thread that runs */
#define CPU_OFFSET_ID       32
#define CPU_OFFSET_IRQDEPTH 36 /* interrupt handlers in progress */

#define X86_FLAGS_IF 0x200ul

static __always_inline unsigned long irq_save(void)
{
	unsigned long flags;
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static __always_inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static __always_inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static __always_inline void irq_restore(unsigned long flags)
{
	barrier();
	if (flags & X86_FLAGS_IF)
		irq_enable();
}

static __always_inline bool irq_enabled(void)
{
	unsigned long flags;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags & X86_FLAGS_IF;
}

/* In spinning loops. */
static __always_inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static __always_inline unsigned int cpu_id(void)
{
	unsigned int id;
	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(CPU_OFFSET_ID));
	return id;
}

struct thread;

/* The running thread: arch_thread_switch() sets it; the scheduler does for a CPU's first one. */
static __always_inline struct thread *cpu_current(void)
{
	struct thread *thread;
	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(thread) : "i"(CPU_OFFSET_CURRENT));
	return thread;
}

static __always_inline void cpu_current_set(struct thread *thread)
{
	__asm__ volatile("movq %0, %%gs:%c1" : : "r"(thread), "i"(CPU_OFFSET_CURRENT) : "memory");
}

/* Orders all memory accesses before it with all behind it; or loads, or stores, only. */
static __always_inline void memory_barrier(void)
{
	__asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
}

static __always_inline void memory_barrier_read(void)
{
	barrier();
}

static __always_inline void memory_barrier_write(void)
{
	barrier();
}

/* A cheap counter for statistics and entropy; not a clock. */
static __always_inline u64 cpu_cycles(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

#endif

/*
 * Inlines of hw/cpu.h for arm64. In the kernel TPIDR_EL1 points at the running CPU's data, which
 * begins with its number.
 */
#ifndef ARAMID_ARM64_ARCH_CPU_H
#define ARAMID_ARM64_ARCH_CPU_H

#include "lib/types.h"

#define ARM64_DAIF_I 0x80ul

static __always_inline unsigned long irq_save(void)
{
	unsigned long flags;
	__asm__ volatile("mrs %0, daif; msr daifset, #3" : "=r"(flags) : : "memory");
	return flags;
}

static __always_inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #3" ::: "memory");
}

static __always_inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #3" ::: "memory");
}

static __always_inline void irq_restore(unsigned long flags)
{
	__asm__ volatile("msr daif, %0" : : "r"(flags) : "memory");
}

static __always_inline bool irq_enabled(void)
{
	unsigned long flags;
	__asm__ volatile("mrs %0, daif" : "=r"(flags) : : "memory");
	return !(flags & ARM64_DAIF_I);
}

static __always_inline void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static __always_inline unsigned int cpu_id(void)
{
	const unsigned int *cpu;
	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return *cpu;
}

struct thread;

/* The running thread: arch_thread_switch() sets it; the scheduler does for a CPU's first one. */
static __always_inline struct thread *cpu_current(void)
{
	struct thread *thread;
	__asm__ volatile("mrs %0, sp_el0" : "=r"(thread));
	return thread;
}

static __always_inline void cpu_current_set(struct thread *thread)
{
	__asm__ volatile("msr sp_el0, %0" : : "r"(thread) : "memory");
}

static __always_inline void memory_barrier(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

static __always_inline void memory_barrier_read(void)
{
	__asm__ volatile("dmb ishld" ::: "memory");
}

static __always_inline void memory_barrier_write(void)
{
	__asm__ volatile("dmb ishst" ::: "memory");
}

static __always_inline u64 cpu_cycles(void)
{
	u64 count;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
}

#endif

/*
 * The hosted "processor": every pthread is a CPU of its own, with an interrupt flag that only
 * remembers what it was told. Numbers are given back when a thread ends.
 */
#ifndef HOST_ARCH_CPU_H
#define HOST_ARCH_CPU_H

#include "lib/types.h"

extern __thread bool host_irqs_disabled;
unsigned int host_cpu_id(void);
void host_cpu_yield(void);

static inline unsigned long irq_save(void)
{
	bool was = host_irqs_disabled;

	host_irqs_disabled = true;
	return was;
}

static inline void irq_restore(unsigned long flags)
{
	host_irqs_disabled = flags != 0;
}

static inline void irq_disable(void)
{
	host_irqs_disabled = true;
}

static inline void irq_enable(void)
{
	host_irqs_disabled = false;
}

static inline bool irq_enabled(void)
{
	return !host_irqs_disabled;
}

static inline void cpu_relax(void)
{
	host_cpu_yield();
}

static inline unsigned int cpu_id(void)
{
	return host_cpu_id();
}

static inline void memory_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void memory_barrier_read(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void memory_barrier_write(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Counts its calls. */
static inline u64 cpu_cycles(void)
{
	static u64 cycles;

	return __atomic_add_fetch(&cycles, 1, __ATOMIC_RELAXED);
}

#endif

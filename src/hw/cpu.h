/*
 * Processors.
 *
 * CPUs are numbered from 0, the boot CPU, without holes. Per-CPU data is an array of CPU_MAX
 * entries indexed by cpu_id(), each on its own cache line; as the kernel is not preemptive,
 * cpu_id() stays true until the caller sleeps or yields (interrupt handlers of the same CPU may
 * still come in between).
 *
 * arch/cpu.h has the inlines: irqflags_t-style irq_save(), irq_restore(), irq_disable(),
 * irq_enable(), irq_enabled(), cpu_relax(), cpu_id(), memory_barrier(), memory_barrier_read(),
 * memory_barrier_write(), cpu_cycles().
 */
#ifndef ARAMID_HW_CPU_H
#define ARAMID_HW_CPU_H

#include "lib/types.h"
#include "arch/cpu.h"

#define CPU_MAX         64
#define __cache_aligned __attribute__((aligned(64)))

unsigned int cpu_count(void); /* CPUs that are up */

/* Starts the secondary CPUs (at most max in all); each ends in sched_secondary_start()
 * (sys/sched.h). */
void cpu_start_all(unsigned int max);
void __noreturn sched_secondary_start(void);

/* Enables interrupts and halts until one arrives, without a window in which a wake-up is lost.
 * Called by the idle thread with interrupts off; returns with interrupts on. */
void cpu_idle_wait(void);

/* Makes a CPU look at its run queue soon: an interrupt that does nothing but set its resched flag.
 */
void cpu_kick(unsigned int cpu);

/*
 * Runs fn(arg) on every CPU of mask but this one, in interrupt context, and waits until all have.
 * Must be called with interrupts on and without any lock that may be held with interrupts off.
 */
void cpu_call_mask(u64 mask, void (*fn)(void *arg), void *arg);

/* Stops all other CPUs for good (panic, power-off). */
void cpu_stop_others(void);

/* Text for /proc/cpuinfo, one CPU: returns the length written. */
size_t cpu_describe(unsigned int cpu, char *buf, size_t size);
/* AT_HWCAP, AT_HWCAP2 and the AT_PLATFORM string. */
unsigned long cpu_hwcap(void);
unsigned long cpu_hwcap2(void);
const char *cpu_platform(void); /* "x86_64" */

#endif

/*
 * Interrupts and the timer.
 *
 * Handlers run on the interrupted thread's stack with interrupts off and must be short: they
 * acknowledge the device, move finished requests along and wake threads. They may take irqlocks
 * only.
 */
#ifndef ARAMID_HW_IRQ_H
#define ARAMID_HW_IRQ_H

#include "lib/types.h"

typedef void irq_handler_t(void *arg);

/* A wired interrupt (ACPI global system interrupt on x86). level/active_low as the firmware says.
 * -EBUSY, -ENOSPC. */
int __must_check irq_wire(unsigned int gsi, bool level, bool active_low, irq_handler_t *handler,
			  void *arg);

/* A message-signalled interrupt delivered to cpu: what the device must write where. -ENOSPC. */
int __must_check irq_message(unsigned int cpu, irq_handler_t *handler, void *arg, u64 *address,
			     u32 *data);

/* Whether the caller runs in interrupt context. */
bool irq_context(void);
/* In interrupt context: whether user mode was interrupted (accounting of CPU time). */
bool irq_from_user(void);

/* One-shot timer of this CPU: timer_expired() (sys/time) is called in interrupt context at or soon
 * after deadline_ns of clock_monotonic_ns(). A later call replaces the earlier; (u64)-1 disarms. */
void hw_timer_arm(u64 deadline_ns);
void timer_expired(void); /* up-call, implemented by src/sys/time */

/* Raw clock source: a counter that is the same on all CPUs, and what vDSO needs to read it in user
 * mode. */
struct hw_clock {
	const char *name; /* "kvm-clock", "tsc" */
	u64 (*read_ns)(void);
	/* Conversion for user mode: ns = ((rdtsc - base_tsc) * mult >> shift) + base_ns; mult 0:
	 * not possible. */
	u64 base_tsc, base_ns;
	u32 mult, shift;
};
const struct hw_clock *hw_clock_get(void);
/* Wall-clock seconds at boot from the RTC or kvmclock, and the monotonic time at which they were
 * read. */
s64 hw_wallclock_read(u64 *at_ns);

/* Hardware entropy: up to n bytes, returns how many it could give (RDRAND, else timing jitter 0).
 */
size_t hw_entropy(void *buf, size_t n);

#endif

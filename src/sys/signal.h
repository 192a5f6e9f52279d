/*
 * Signals.
 *
 * A signal is sent to a thread or to a process; it is queued with its siginfo (real-time signals each, standard ones once) and
 * delivered when a thread of the process that does not block it returns to user mode. Locks: sighand->lock guards handlers
 * and both pending sets; it is an irqlock because timers send from interrupt context.
 */
#ifndef ARAMID_SYS_SIGNAL_H
#define ARAMID_SYS_SIGNAL_H

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "lib/wait.h"

#include <linux/signal.h>

#define SIGNAL_COUNT 64

struct process;
struct thread;

/* Signal n is bit n - 1. */
typedef u64 signal_set_t;
static inline signal_set_t signal_bit(int sig)
{
	return 1ULL << (sig - 1);
}

struct signal_action { /* struct kernel sigaction of the ABI, in the kernel's order */
	unsigned long handler; /* SIG_DFL, SIG_IGN or address */
	unsigned long flags;   /* SA_* */
	unsigned long restorer;
	signal_set_t mask;
};

struct signal_pending {
	signal_set_t set;
	struct list_head queue; /* struct queued_signal */
};

/* Actions, shared by CLONE_SIGHAND. */
struct sighand {
	u32 refs;
	struct irqlock lock;
	struct signal_action actions[SIGNAL_COUNT]; /* lock */
};

/* info NULL: SI_KERNEL-like default from the running process (SI_USER). -EAGAIN when the queue limit is hit. Any context for
 * the kernel's own (info given or sig only). */
int signal_send_thread(struct thread *thread, int sig, const siginfo_t *info);
int signal_send_process(struct process *process, int sig, const siginfo_t *info);
/* Every process of the group / with permission checks of kill(2). -ESRCH if none. */
int signal_send_group(int pgid, int sig, const siginfo_t *info);
/* A synchronous fault: cannot be blocked or ignored (then it kills). */
void signal_force(struct thread *thread, int sig, int code, unsigned long addr);
/* Kernel-side kill without questions. */
void signal_kill_process(struct process *process);

#endif

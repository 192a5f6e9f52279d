/*
 * Signals.
 *
 * A signal is sent to a thread or to a process; it is queued with its siginfo (real-time signals
 * each, standard ones once) and delivered when a thread of the process that does not block it
 * returns to user mode. A process-wide signal wakes one thread that can take it. A signal whose
 * default action is to end the process starts the exit of all threads when it is sent, so that even
 * killable sleeps end. Stopping is cooperative: group_stop is set, and each thread stops on its way
 * to user mode; the last to do so tells the parent. SIGCONT and SIGKILL take group_stop back when
 * they are sent.
 *
 * Locks: process->signal_lock guards both pending sets, the blocked masks and the stop state; it is
 * an irqlock because timers send from interrupt context. sighand->lock guards the actions, which
 * CLONE_SIGHAND shares between processes; it nests inside.
 */
#ifndef ARAMID_SYS_SIGNAL_H
#define ARAMID_SYS_SIGNAL_H

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"

#include <linux/signal.h>

#define SIGNAL_COUNT 64

struct process;
struct thread;
struct user_regs;

/* Signal n is bit n - 1. */
typedef u64 signal_set_t;
static inline signal_set_t signal_bit(int sig)
{
	return 1ULL << (sig - 1);
}

struct signal_action {         /* struct kernel sigaction of the ABI, in the kernel's order */
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
	u32 refs; /* atomic */
	struct irqlock lock;
	struct signal_action actions[SIGNAL_COUNT]; /* lock */
};

/* info NULL: SI_USER from the running process. -EAGAIN when the queue limit is hit (real-time
 * signals with info only). sig 0 sends nothing. Any context when info is given. */
int signal_send_thread(struct thread *thread, int sig, const siginfo_t *info);
int signal_send_process(struct process *process, int sig, const siginfo_t *info);
/* Every process of the group, without permission checks; info NULL: from the kernel. -ESRCH if
 * there is none. */
int signal_send_group(int pgid, int sig, const siginfo_t *info);
/* A synchronous fault of the running thread: cannot be blocked or ignored (then it kills). */
void signal_force(int sig, int code, unsigned long addr);
/* Kernel-side kill without questions. */
void signal_kill_process(struct process *process);
/* As signal_force, without address: SIGSEGV when a signal frame can't be written. */
void signal_force_plain(int sig);

/* Fills *info as the kernel does for its own signals (SI_KERNEL). */
void signal_info_kernel(siginfo_t *info, int sig);

/* Whether sig is ignored by process, or blocked by the running thread: for terminals (SIGTTIN,
 * SIGTTOU). */
bool signal_current_ignores(int sig);

/*
 * Replaces the running thread's mask until the system call returns to user mode (sigsuspend, ppoll,
 * pselect): a signal that the mask lets in is handled first. signal_mask_restore() undoes it at
 * once, for calls that end without a signal.
 */
void signal_mask_push(signal_set_t mask);
void signal_mask_restore(void);
/* The same from user memory: sigsetsize must be 8. mask NULL: does nothing. -EINVAL, -EFAULT. */
int __must_check signal_mask_push_user(const void __user *mask, size_t size);

/* Masks and sets for /proc/PID/status. */
struct signal_summary {
	signal_set_t pending, shared_pending, blocked, ignored, caught;
	u32 queued;
	unsigned int threads;
};
void signal_summary_get(struct thread *thread, struct signal_summary *out);

#endif

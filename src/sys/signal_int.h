/*
 * Private to sys: the inside of signals. "Locked" means process->signal_lock is held.
 */
#ifndef ARAMID_SYS_SIGNAL_INT_H
#define ARAMID_SYS_SIGNAL_INT_H

#include "sys/thread.h"

#define SIGNAL_MASK(sig) (1ull << ((sig)-1))
#define SIGNALS_STOP                                                                               \
	(SIGNAL_MASK(SIGSTOP) | SIGNAL_MASK(SIGTSTP) | SIGNAL_MASK(SIGTTIN) | SIGNAL_MASK(SIGTTOU))
#define SIGNALS_DEFAULT_IGNORE                                                                     \
	(SIGNAL_MASK(SIGCONT) | SIGNAL_MASK(SIGCHLD) | SIGNAL_MASK(SIGWINCH) | SIGNAL_MASK(SIGURG))
#define SIGNALS_UNBLOCKABLE (SIGNAL_MASK(SIGKILL) | SIGNAL_MASK(SIGSTOP))
/* Caused by what the thread itself does: taken before all others. */
#define SIGNALS_SYNCHRONOUS                                                                        \
	(SIGNAL_MASK(SIGSEGV) | SIGNAL_MASK(SIGBUS) | SIGNAL_MASK(SIGILL) | SIGNAL_MASK(SIGTRAP) | \
	 SIGNAL_MASK(SIGFPE) | SIGNAL_MASK(SIGSYS))

struct queued_signal {
	struct list_head node;
	siginfo_t info;
};

static inline bool signal_valid(int sig)
{
	return sig >= 1 && sig <= SIGNAL_COUNT;
}

void signal_init(void);
struct sighand *sighand_create(void);                 /* all default; NULL: no memory */
struct sighand *sighand_dup(struct sighand *sighand); /* NULL: no memory */
void sighand_get(struct sighand *sighand);
void sighand_put(struct sighand *sighand);

void signal_pending_init(struct signal_pending *pending);
/* Drops the signals of mask. Locked, or the process is gone. */
void signal_pending_flush(struct process *process, struct signal_pending *pending,
			  signal_set_t mask);

/* thread NULL: to the process. Locked. */
int signal_send_locked(struct process *process, struct thread *thread, int sig,
		       const siginfo_t *info);
/* Takes the next signal of mask out of the thread's or the process's queue: its number, 0 if there
 * is none. Locked. */
int signal_dequeue(struct thread *thread, signal_set_t mask, siginfo_t *info);
/* Brings THREAD_WORK_SIGNAL of a thread up to date. Locked. */
void signal_recalculate(struct thread *thread);
/* Sets THREAD_WORK_SIGNAL and makes the thread look. Locked. */
void signal_wake(struct thread *thread);
/* Every thread of the process must exit with this status. Locked. */
void signal_group_exit(struct process *process, int wait_status);
/* Starts stopping all threads. Locked. */
void signal_group_stop(struct process *process, int sig);

struct signal_action signal_action_get(const struct process *process, int sig); /* locked */
/* New mask of the running thread; takes the lock. */
void signal_mask_set(signal_set_t mask);
/* exec: handlers become default, ignored ones stay. */
void signal_exec_reset(struct process *process);
/* The running thread leaves for good: it takes no more signals, and those it should have taken find
 * another. Locked. */
void signal_thread_leave(struct thread *thread);

/* Before going back to user mode: handlers, default actions, stops, restarts. */
void signal_deliver(struct user_regs *regs);

/* Whether the running thread may send sig to process; process_lock held. 0 or -EPERM. */
int __must_check signal_may_send(struct process *process, int sig);

#endif

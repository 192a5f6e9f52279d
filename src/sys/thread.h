/*
 * Threads and processes.
 *
 * A thread is what the scheduler runs: a kernel stack, the machine's context, and pointers to what it shares with others: address
 * space, descriptor table, fs context, signal handlers, and its process. A process is a thread group: pid, parent and children, session and
 * process group, accounting, limits, process-wide pending signals. Kernel threads belong to process 0 and have no mm.
 *
 * Life: thread_create/fork → runnable → running ⇄ parked → exiting → zombie (process, until the parent waits) → freed by
 * reference. The tables of pids and the family relations are guarded by process_lock (sys/process.c).
 */
#ifndef ARAMID_SYS_THREAD_H
#define ARAMID_SYS_THREAD_H

#include "hw/thread.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/park.h"
#include "lib/rbtree.h"
#include "lib/types.h"
#include "lib/wait.h"
#include "sys/signal.h"
#include "vfs/cred.h"

#include <linux/resource.h>

struct block_plug;
struct mm;
struct process;
struct tty;

#define THREAD_NAME_SIZE 16

enum thread_state {
	THREAD_RUNNABLE, /* on a run queue or running */
	THREAD_PARKED_INTERRUPTIBLE,
	THREAD_PARKED,	 /* uninterruptible: state D */
	THREAD_STOPPED,	 /* job control */
	THREAD_DEAD,
};

struct thread {
	u32 refs; /* atomic */
	int tid;
	char name[THREAD_NAME_SIZE];
	struct process *process;
	void *stack;
	struct arch_thread arch;

	/* scheduler: guarded by the run queue's irqlock of thread->cpu */
	enum thread_state state;
	unsigned int cpu;
	bool on_queue, on_cpu;
	bool permit;
	enum park_mode park_mode;
	u64 deadline_ns;
	struct rb_node run_node;
	u64 vruntime, slice_start_ns, runtime_ns, user_ns, system_ns;
	int nice, policy, rt_priority;
	u64 affinity;
	u64 switches_voluntary, switches_involuntary;
	struct wait_entry *waiting; /* for /proc/PID/wchan */

	/* owned by the thread itself */
	struct mm *mm; /* NULL: kernel thread */
	struct file_table *files;
	struct fs_context *fs;
	const struct cred *cred; /* replaced by the thread; read by others under process_lock */
	struct sighand *sighand;
	struct block_plug *plug;
	u32 __user *clear_child_tid;
	void __user *robust_list;
	unsigned long alt_stack, alt_stack_size;
	unsigned int alt_stack_flags;
	signal_set_t blocked;	    /* sighand->lock */
	signal_set_t saved_blocked; /* sigsuspend, ppoll: restored on return */
	bool restore_blocked;
	struct signal_pending pending; /* sighand->lock */
	/* For restart_syscall of nanosleep-like calls. */
	long (*restart)(struct thread *thread);
	unsigned long restart_args[4];
	struct completion *vfork_done;
	int exit_signal; /* sent to the parent by a group leader */
	int exit_code;	 /* wait status */
	u64 start_ns;
	u64 minor_faults, major_faults;

	struct list_head process_node; /* process->threads */
	struct list_head tid_node;     /* hash of all tids */
};

struct process {
	u32 refs; /* atomic */
	int pid;
	struct thread *leader;
	struct list_head threads; /* process_lock */
	unsigned int thread_count;
	struct process *parent;
	struct list_head children, sibling; /* process_lock */
	int pgid, sid;			    /* process_lock */
	struct tty *tty;		    /* controlling terminal; process_lock */
	bool session_leader, did_exec;
	struct signal_pending pending; /* sighand->lock */
	bool exiting;		       /* group exit in progress */
	bool stopped, stop_reported, continued; /* job control */
	int stop_signal;
	int exit_code;
	bool zombie;
	struct wait_queue child_wait; /* wait4: children wake it */
	struct rlimit64 limits[RLIM_NLIMITS]; /* limits_lock */
	struct spinlock limits_lock;
	u64 user_ns, system_ns, child_user_ns, child_system_ns; /* of dead threads; of waited-for children */
	u64 minor_faults, major_faults, child_minor_faults, child_major_faults;
	u64 rss_peak_pages, child_rss_peak_pages;
	u64 start_ns;
	int oom_score_adj;
	void *timers; /* sys/timer.c: alarm, setitimer, timer_create */
	bool subreaper;
	bool dumpable;
	struct list_head pid_node; /* hash */
	struct list_head all_node; /* list of all, for /proc and kill(-1) */
};

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

void thread_get(struct thread *thread);
void thread_put(struct thread *thread);
void process_get(struct process *process);
void process_put(struct process *process);
struct process *process_find(int pid); /* referenced, maybe a zombie; NULL */
struct thread *thread_find(int tid);   /* referenced; NULL */
/* First process with pid >= *pid, referenced; for /proc. */
struct process *process_next(int pid);
struct thread *process_thread_next(struct process *process, int tid); /* first thread with tid >= tid, referenced */

/* A kernel thread, running at once. Never returns NULL for memory: -ENOMEM in an ERR_PTR. fn may return: the thread ends. */
struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg);

/* ---- scheduler (sys/sched.c) ---- */
void sched_init(void);
void sched_secondary_start(void) __noreturn; /* a CPU that hw has just started */
void sched_add_new(struct thread *thread);   /* first time runnable */
void sched_tick(void);			     /* from the timer, interrupt context: may set the resched flag */
bool sched_resched_needed(void);
void sched_yield(void);
void sched_load_get(unsigned long load[3]); /* fixed point, FSHIFT 16 as sysinfo */
void __noreturn sched_idle(void);	    /* the boot thread ends here */
/* Ends the running thread (never returns to it). */
void __noreturn sched_exit(void);

/* ---- ends ---- */
void __noreturn process_exit_group(int wait_status);
void __noreturn thread_exit(int wait_status);

#endif

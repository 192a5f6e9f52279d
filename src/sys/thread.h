/*
 * Threads and processes.
 *
 * A thread is what the scheduler runs: a kernel stack, the machine's context, and pointers to what
 * it shares with others: address space, descriptor table, fs context, signal handlers, and its
 * process. A process is a thread group: pid, parent and children, session and process group,
 * accounting, limits, process-wide pending signals. Kernel threads belong to process 0 and have no
 * mm.
 *
 * Life: thread_create/fork → runnable → running ⇄ parked → exiting → zombie (process, until the
 * parent waits) → freed by reference.
 *
 * Locks, in order: process_lock (irqlock, for terminals signal groups): tables of ids, the family
 * tree, groups and sessions, thread lists; thread->lock (spin): the pointers of a thread that
 * others read (mm, files, fs, cred, name); process->signal_lock (irqlock): signals, and thread
 * lists too, which change under both; sighand->lock (irqlock); a run queue's irqlock (sched_int.h):
 * scheduling state.
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
#include "sys/time/timer.h"
#include "vfs/cred.h"

#include <linux/resource.h>

struct block_plug;
struct completion;
struct file_table;
struct mm;
struct process;
struct tty;

#define THREAD_NAME_SIZE 16
#define PID_MAX          32768 /* ids are below it */

enum thread_state {
	THREAD_RUNNABLE,             /* on a run queue or running */
	THREAD_PARKED_INTERRUPTIBLE, /* any signal ends it */
	THREAD_PARKED_KILLABLE,      /* a fatal signal ends it */
	THREAD_PARKED,               /* uninterruptible: state D */
	THREAD_DEAD,
};

/* thread->work, atomic: why user_return_work() must be called before going back to user mode. */
enum thread_work {
	THREAD_WORK_SIGNAL = 1 << 0,  /* a deliverable signal, or a stop to take part in */
	THREAD_WORK_FATAL = 1 << 1,   /* the thread must exit */
	THREAD_WORK_RESTART = 1 << 2, /* the system call's result asks for a restart */
};

struct thread {
	u32 refs; /* atomic */
	int tid;
	struct process *process;
	void *stack;
	struct arch_thread arch;

	/* scheduler: guarded by the run queue's irqlock of thread->cpu */
	enum thread_state state;
	unsigned int cpu;
	bool on_queue, on_cpu;
	bool permit; /* atomic */
	struct rb_node run_node;
	struct list_head realtime_node;
	u64 vruntime;
	u64 run_start_ns; /* since when it runs; accounted up to here */
	u64 slice_start_ns;
	u64 queued_ns;   /* since when it waits for a CPU */
	bool slice_over; /* had its turn: goes behind its equals */
	u64 runtime_ns;
	u64 ticks_user, ticks_system;
	u32 weight;
	int nice, policy, rt_priority;
	bool reset_on_fork;
	u64 affinity;
	u64 switches_voluntary, switches_involuntary;
	struct timer park_timer;

	/* owned by the thread itself */
	u32 work;      /* atomic: enum thread_work */
	bool stopped;  /* sleeps in a job-control stop */
	u8 wake_parks; /* how often it went to sleep soon after waking another: 0..3 */
	u64 wake_ns;   /* when it last woke another; 0: it has slept since */
	struct block_plug *plug;
	u32 __user *clear_child_tid;
	u32 __user *set_child_tid;
	void __user *robust_list;
	unsigned long alt_stack, alt_stack_size;
	unsigned int alt_stack_flags;
	/* For restart_syscall of nanosleep-like calls. */
	long (*restart)(struct thread *thread);
	unsigned long restart_args[4];
	u64 minor_faults, major_faults; /* counted by the thread itself */

	/* written by the thread itself under lock, read by others under it */
	struct spinlock lock;
	struct mm *mm; /* NULL: kernel thread */
	struct file_table *files;
	struct fs_context *fs;
	const struct cred *cred;
	char name[THREAD_NAME_SIZE];

	/* process->signal_lock */
	signal_set_t blocked;
	signal_set_t saved_blocked; /* sigsuspend, ppoll: restored on return */
	bool restore_blocked;
	struct signal_pending pending;
	signal_set_t waited; /* sigtimedwait */

	struct completion *vfork_done; /* thread->lock */
	int exit_signal;               /* of a leader: sent to the parent; process_lock */
	int exit_code;                 /* wait status */
	int parent_death_signal;
	u64 start_ns;

	struct list_head process_node; /* process->threads; process_lock and signal_lock */
	struct hlist_node tid_node;    /* hash of all tids; process_lock */
	bool in_tables;                /* process_lock */
};

struct process {
	u32 refs; /* atomic: the tables, children, and who found it there */
	u32 pins; /* atomic: each thread's, alive or not, and one for all refs */
	int pid;
	struct thread *leader;              /* referenced while there are refs */
	struct list_head threads;           /* process_lock and signal_lock */
	unsigned int thread_count;          /* same; those not yet exiting */
	struct process *parent;             /* process_lock; referenced */
	struct list_head children, sibling; /* process_lock */
	int pgid, sid;                      /* process_lock */
	struct tty *tty;                    /* controlling terminal; process_lock */
	int tty_old_group; /* foreground group of a terminal that hung up; process_lock */
	bool session_leader, did_exec;

	/* signals: signal_lock */
	struct irqlock signal_lock;
	struct sighand *sighand;
	struct signal_pending pending;
	u32 queued_signals;
	bool exiting;                          /* group exit in progress */
	bool group_stop;                       /* threads are to stop, or have */
	bool notify_stopped, notify_continued; /* the parent is to be told */
	unsigned int stopped_threads;
	int stop_signal;
	int exit_code;              /* wait status of a group exit */
	struct thread *exec_thread; /* kills the others to become the only one; it alone survives */

	/* what wait reports: process_lock */
	bool zombie;
	bool wait_stopped, wait_continued;
	int wait_stop_signal;
	struct wait_queue signal_wait; /* signalfd: woken by every signal that is queued */
	struct wait_queue child_wait;  /* wait4: children wake it */
	struct wait_queue thread_wait; /* exec waits here for the other threads to end */
	struct wait_queue exit_wait;   /* pidfd: woken when it becomes a zombie */

	struct spinlock limits_lock;
	struct rlimit64 limits[RLIM_NLIMITS]; /* limits_lock */

	/* accounting of dead threads and of waited-for children: process_lock */
	u64 runtime_ns, user_ns, system_ns, child_user_ns, child_system_ns;
	u64 minor_faults, major_faults, child_minor_faults, child_major_faults;
	u64 switches_voluntary, switches_involuntary, child_switches_voluntary,
	    child_switches_involuntary;
	u64 rss_peak_pages, child_rss_peak_pages;
	u64 cpu_limit_warned_s;
	u64 start_ns;
	int oom_score_adj;
	void *timers; /* sys/time: alarm, setitimer, timer_create */
	bool subreaper, has_child_subreaper;
	u8 dumpable;
	bool init;   /* pid 1: signals it does not handle do not reach it */
	bool kernel; /* one kernel thread: no signal reaches it, and it has no parent */
	unsigned int personality;
	struct hlist_node pid_node; /* process_lock */
	struct list_head all_node;  /* process_lock: all, by creation, for kill(-1) and groups */
};

extern struct irqlock process_lock;
extern struct list_head process_list; /* process.all_node; process_lock */

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

void thread_get(struct thread *thread);
void thread_put(struct thread *thread);
void process_get(struct process *process);
void process_put(struct process *process);
u64 process_created_count(void);       /* threads and processes since boot */
struct process *process_find(int pid); /* referenced, maybe a zombie; NULL */
struct thread *thread_find(int tid);   /* referenced; NULL */
/* First process with pid >= pid, referenced; for /proc. */
struct process *process_next(int pid);
/* First thread of process with tid >= tid, referenced. */
struct thread *process_thread_next(struct process *process, int tid);

/* Another thread's things, referenced; NULL if it has none (any more). */
struct mm *thread_mm_get(struct thread *thread);
struct file_table *thread_files_get(struct thread *thread);
struct fs_context *thread_fs_get(struct thread *thread);
const struct cred *thread_cred_get(struct thread *thread);
void thread_name_get(struct thread *thread, char name[THREAD_NAME_SIZE]);
void thread_name_set(struct thread *thread, const char *name);
/* R, S, D, I, T, Z or X, as /proc/PID/stat has it. */
char thread_state_char(const struct thread *thread);

/* CPU time in nanoseconds: runtime is exact, user and system share it as the ticks saw it. */
struct cpu_time {
	u64 runtime, user, system;
};
void thread_time_get(const struct thread *thread, struct cpu_time *out);
void process_time_get(struct process *process, struct cpu_time *out); /* living and dead threads */

/* A kernel thread, running at once, a process of its own for those who list them. -ENOMEM in an
 * ERR_PTR; the pointer is not a reference. fn may return: the thread ends. */
struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg);

/* Makes pid 1, a kernel thread until it calls exec_init(). Once, by kernel_main. */
void process_start_init(void (*fn)(void *arg));
/* The running thread's fs context (consumes the reference); the first also serves all kernel
 * threads. */
void thread_fs_set(struct fs_context *fs);
/* Whether a group has no link to its session's shell. */
bool process_group_is_orphaned(int pgid);
/* ---- scheduler (sys/sched.c) ---- */
void sched_init(void); /* needs memory; the boot thread becomes the first thread */
void __noreturn sched_secondary_start(void); /* a CPU that hw has just started */
void sched_add_new(struct thread *thread);   /* first time runnable */
void sched_tick(void); /* every TICK_NS while the CPU is busy; interrupt context */
bool sched_resched_needed(void);
void sched_yield(void);
void sched_load_get(unsigned long load[3]); /* fixed point, FSHIFT 16 as sysinfo */
unsigned int sched_runnable_count(void);
u64 sched_switch_count(void);
void __noreturn sched_idle(void); /* the boot thread ends here */
/* Ends the running thread (never returns to it). */
void __noreturn sched_exit(void);

/* What a CPU has done since boot, in nanoseconds; for /proc/stat and /proc/uptime. */
struct sched_cpu_time {
	u64 user, nice, system, idle;
};
void sched_cpu_time_get(unsigned int cpu, struct sched_cpu_time *out);

/* ---- ends ---- */
void __noreturn process_exit_group(int wait_status);
void __noreturn thread_exit(int wait_status);

#endif

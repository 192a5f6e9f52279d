/*
 * Sending signals, and the queues they wait in.
 *
 * What a signal does when it is sent: SIGCONT takes pending stops and a stop in progress back, a
 * stop signal takes a pending SIGCONT back; an ignored one vanishes; one that by default ends the
 * process, and that some thread would take, starts the exit of all threads at once. Everything else
 * waits in a queue and wakes a thread that does not block it.
 */
#include "sys/signal.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/signal_int.h"

static struct slab_cache *queued_cache, *sighand_cache;

/* ---- actions ---- */

struct sighand *sighand_create(void)
{
	struct sighand *sighand = slab_alloc(sighand_cache, MM_NORMAL | MM_ZERO);

	if (!sighand)
		return NULL;
	sighand->refs = 1;
	irqlock_init(&sighand->lock, "signal actions");
	return sighand;
}

struct sighand *sighand_dup(struct sighand *sighand)
{
	struct sighand *copy = sighand_create();
	irqflags_t flags;

	if (!copy)
		return NULL;
	flags = irqlock_lock(&sighand->lock);
	memcpy(copy->actions, sighand->actions, sizeof(copy->actions));
	irqlock_unlock(&sighand->lock, flags);
	return copy;
}

void sighand_get(struct sighand *sighand)
{
	atomic_inc(&sighand->refs);
}

void sighand_put(struct sighand *sighand)
{
	if (atomic_sub_fetch(&sighand->refs, 1) == 0)
		slab_free(sighand_cache, sighand);
}

struct signal_action signal_action_get(const struct process *process, int sig)
{
	struct sighand *sighand = process->sighand;
	struct signal_action action;
	irqflags_t flags = irqlock_lock(&sighand->lock);

	action = sighand->actions[sig - 1];
	irqlock_unlock(&sighand->lock, flags);
	return action;
}

static unsigned long handler_of(const struct process *process, int sig)
{
	return READ_ONCE(process->sighand->actions[sig - 1].handler);
}

static bool handler_ignores(const struct process *process, int sig)
{
	unsigned long handler = handler_of(process, sig);

	if (handler == (unsigned long)SIG_IGN)
		return true;
	return handler == (unsigned long)SIG_DFL && (signal_bit(sig) & SIGNALS_DEFAULT_IGNORE);
}

/* By default it ends the process: not ignored, not a stop. */
static bool default_is_fatal(const struct process *process, int sig)
{
	return handler_of(process, sig) == (unsigned long)SIG_DFL &&
	       !(signal_bit(sig) & (SIGNALS_DEFAULT_IGNORE | SIGNALS_STOP));
}

void signal_exec_reset(struct process *process)
{
	struct sighand *sighand = process->sighand;
	irqflags_t flags = irqlock_lock(&sighand->lock);

	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		struct signal_action *action = &sighand->actions[i];
		bool ignored = action->handler == (unsigned long)SIG_IGN;
		memset(action, 0, sizeof(*action));
		if (ignored)
			action->handler = (unsigned long)SIG_IGN;
	}
	irqlock_unlock(&sighand->lock, flags);
}

/* ---- queues ---- */

void signal_pending_init(struct signal_pending *pending)
{
	pending->set = 0;
	list_init(&pending->queue);
}

static void queued_free(struct process *process, struct queued_signal *queued)
{
	list_del(&queued->node);
	process->queued_signals--;
	slab_free(queued_cache, queued);
}

void signal_pending_flush(struct process *process, struct signal_pending *pending,
			  signal_set_t mask)
{
	struct queued_signal *queued, *next;

	if (!(pending->set & mask))
		return;
	pending->set &= ~mask;
	list_for_each_entry_safe(queued, next, &pending->queue, node)
		if (signal_bit(queued->info.si_signo) & mask)
			queued_free(process, queued);
}

static void flush_everywhere(struct process *process, signal_set_t mask)
{
	struct thread *thread;

	signal_pending_flush(process, &process->pending, mask);
	list_for_each_entry(thread, &process->threads, process_node)
		signal_pending_flush(process, &thread->pending, mask);
}

/* Appends a signal. A standard one is there once; without memory it is there without its siginfo.
 */
static int pending_add(struct process *process, struct signal_pending *pending, int sig,
		       const siginfo_t *info)
{
	struct queued_signal *queued = NULL;
	bool realtime = sig >= SIGRTMIN;

	if (!realtime && (pending->set & signal_bit(sig)))
		return 0;
	if (!realtime || process->queued_signals < process->limits[RLIMIT_SIGPENDING].rlim_cur)
		queued = slab_alloc(queued_cache, MM_ATOMIC);
	if (!queued && realtime && info->si_code < 0)
		return -EAGAIN;
	if (queued) {
		queued->info = *info;
		queued->info.si_signo = sig;
		list_add_tail(&queued->node, &pending->queue);
		process->queued_signals++;
	}
	pending->set |= signal_bit(sig);
	return 0;
}

static void pending_take(struct process *process, struct signal_pending *pending, int sig,
			 siginfo_t *info)
{
	struct queued_signal *queued, *next;
	bool more = false, taken = false;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	list_for_each_entry_safe(queued, next, &pending->queue, node) {
		if (queued->info.si_signo != sig)
			continue;
		if (taken) {
			more = true;
			break;
		}
		*info = queued->info;
		queued_free(process, queued);
		taken = true;
	}
	if (!more)
		pending->set &= ~signal_bit(sig);
}

int signal_dequeue(struct thread *thread, signal_set_t mask, siginfo_t *info)
{
	struct process *process = thread->process;
	struct signal_pending *pending = &thread->pending;
	signal_set_t ready = pending->set & mask;
	int sig;

	if (!ready) {
		pending = &process->pending;
		ready = pending->set & mask;
	}
	if (!ready)
		return 0;
	if (ready & SIGNALS_SYNCHRONOUS)
		ready &= SIGNALS_SYNCHRONOUS;
	sig = __builtin_ctzll(ready) + 1;
	pending_take(process, pending, sig, info);
	return sig;
}

/* ---- waking ---- */

void signal_recalculate(struct thread *thread)
{
	struct process *process = thread->process;
	signal_set_t pending = thread->pending.set | process->pending.set;

	if ((pending & ~thread->blocked) || process->group_stop || process->notify_continued)
		thread_work_set(thread, THREAD_WORK_SIGNAL);
	else
		thread_work_clear(thread, THREAD_WORK_SIGNAL);
}

void signal_wake(struct thread *thread)
{
	thread_work_set(thread, THREAD_WORK_SIGNAL);
	sched_wake_states(thread, BIT(THREAD_PARKED_INTERRUPTIBLE));
	sched_kick_thread(thread);
}

void signal_group_exit(struct process *process, int wait_status)
{
	struct thread *thread;

	if (!process->exiting) {
		process->exiting = true;
		process->exit_code = wait_status;
	}
	process->group_stop = false;
	list_for_each_entry(thread, &process->threads, process_node) {
		thread_work_set(thread, THREAD_WORK_FATAL);
		sched_wake_states(thread,
				  BIT(THREAD_PARKED_INTERRUPTIBLE) | BIT(THREAD_PARKED_KILLABLE));
		sched_kick_thread(thread);
	}
}

void signal_group_stop(struct process *process, int sig)
{
	struct thread *thread;

	if (process->group_stop || process->exiting)
		return;
	process->group_stop = true;
	process->stop_signal = sig;
	process->stopped_threads = 0;
	process->notify_continued = false;
	list_for_each_entry(thread, &process->threads, process_node)
		if (thread != thread_current())
			signal_wake(thread);
}

static void group_continue(struct process *process)
{
	struct thread *thread;

	if (!process->group_stop)
		return;
	process->group_stop = false;
	/* The parent hears of it from the first thread that runs again. */
	process->notify_continued = process->stopped_threads == process->thread_count;
	process->stopped_threads = 0;
	list_for_each_entry(thread, &process->threads, process_node) {
		signal_recalculate(thread);
		thread_unpark(thread);
	}
}

/* A stopped thread takes signals when it goes on. */
static bool thread_takes(const struct thread *thread, int sig)
{
	if (thread->stopped)
		return false;
	return !(thread->blocked & signal_bit(sig)) && thread->in_tables &&
	       thread->state != THREAD_DEAD;
}

/* Who shall handle a signal to the process: the leader if it can, else any thread that can. */
static struct thread *choose_thread(struct process *process, int sig)
{
	struct thread *thread;

	list_for_each_entry(thread, &process->threads, process_node)
		if (thread_takes(thread, sig))
			return thread;
	return NULL;
}

/* ---- sending ---- */

/* What sending does to the process besides queueing. */
static void send_side_effects(struct process *process, int sig)
{
	if (sig == SIGCONT) {
		flush_everywhere(process, SIGNALS_STOP);
		group_continue(process);
	} else if (signal_bit(sig) & SIGNALS_STOP) {
		flush_everywhere(process, signal_bit(SIGCONT));
	}
}

static bool send_is_lost(const struct process *process, const struct thread *thread, int sig)
{
	signal_set_t kept = 0;

	if (process->init && (signal_bit(sig) & SIGNALS_UNBLOCKABLE))
		return true;
	/* Blocked, or waited for by sigtimedwait: it may yet be wanted. */
	if (thread)
		kept = thread->blocked | thread->waited;
	else if (!list_empty(&process->threads))
		kept = list_first_entry(&process->threads, struct thread, process_node)->blocked |
		       list_first_entry(&process->threads, struct thread, process_node)->waited;
	if (kept & signal_bit(sig))
		return false;
	return handler_ignores(process, sig) ||
	       (process->init && handler_of(process, sig) == (unsigned long)SIG_DFL);
}

int signal_send_locked(struct process *process, struct thread *thread, int sig,
		       const siginfo_t *info)
{
	struct thread *target;
	int err;

	if (process->exiting || process->thread_count == 0 || process->kernel)
		return 0;
	send_side_effects(process, sig);
	if (send_is_lost(process, thread, sig))
		return 0;
	err = pending_add(process, thread ? &thread->pending : &process->pending, sig, info);
	if (err)
		return err;
	wake_all(&process->signal_wait);
	if (sig == SIGKILL) {
		signal_group_exit(process, SIGKILL);
		return 0;
	}
	target = thread ? (thread_takes(thread, sig) ? thread : NULL) : choose_thread(process, sig);
	if (!target)
		return 0;
	if (default_is_fatal(process, sig) && !(target->waited & signal_bit(sig)) && !process->init)
		signal_group_exit(process, sig);
	else
		signal_wake(target);
	return 0;
}

void signal_info_kernel(siginfo_t *info, int sig)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_KERNEL;
}

static void info_fill_user(siginfo_t *info, int sig)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_USER;
	info->si_pid = process_current()->pid;
	info->si_uid = current_cred()->uid;
}

static int send(struct process *process, struct thread *thread, int sig, const siginfo_t *info)
{
	siginfo_t own;
	irqflags_t flags;
	int err;

	if (sig == 0)
		return 0;
	if (!info) {
		info_fill_user(&own, sig);
		info = &own;
	}
	flags = irqlock_lock(&process->signal_lock);
	err = signal_send_locked(process, thread, sig, info);
	irqlock_unlock(&process->signal_lock, flags);
	return err;
}

int signal_send_thread(struct thread *thread, int sig, const siginfo_t *info)
{
	return send(thread->process, thread, sig, info);
}

int signal_send_process(struct process *process, int sig, const siginfo_t *info)
{
	return send(process, NULL, sig, info);
}

int signal_send_group(int pgid, int sig, const siginfo_t *info)
{
	struct process *process;
	siginfo_t own;
	irqflags_t flags;
	int result = -ESRCH;

	if (!info) {
		signal_info_kernel(&own, sig);
		info = &own;
	}
	flags = irqlock_lock(&process_lock);
	list_for_each_entry(process, &process_list, all_node) {
		if (process->pgid != pgid)
			continue;
		(void)send(process, NULL, sig, info);
		result = 0;
	}
	irqlock_unlock(&process_lock, flags);
	return result;
}

void signal_send_group_locked(int pgid, int sig)
{
	struct process *process;
	siginfo_t info;

	signal_info_kernel(&info, sig);
	list_for_each_entry(process, &process_list, all_node)
		if (process->pgid == pgid)
			(void)send(process, NULL, sig, &info);
}

void signal_kill_process(struct process *process)
{
	siginfo_t info;

	signal_info_kernel(&info, SIGKILL);
	(void)send(process, NULL, SIGKILL, &info);
}

void current_send_signal(int sig)
{
	(void)signal_send_thread(thread_current(), sig, NULL);
}

bool signal_current_ignores(int sig)
{
	struct process *process = process_current();

	return (thread_current()->blocked & signal_bit(sig)) ||
	       handler_of(process, sig) == (unsigned long)SIG_IGN;
}

/* ---- leaving ---- */

void signal_thread_leave(struct thread *thread)
{
	struct process *process = thread->process;
	signal_set_t orphaned = process->pending.set & ~thread->blocked;
	struct thread *other;

	signal_pending_flush(process, &thread->pending, ~0ull);
	thread->blocked = ~0ull;
	thread_work_clear(thread, THREAD_WORK_SIGNAL);
	list_for_each_entry(other, &process->threads, process_node)
		if (other != thread && (orphaned & ~other->blocked))
			signal_wake(other);
}

void signal_summary_get(struct thread *thread, struct signal_summary *out)
{
	struct process *process = thread->process;
	irqflags_t flags = irqlock_lock(&process->signal_lock);

	memset(out, 0, sizeof(*out));
	out->pending = thread->pending.set;
	out->shared_pending = process->pending.set;
	out->blocked = thread->blocked;
	out->queued = process->queued_signals;
	out->threads = process->thread_count;
	for (int sig = 1; sig <= SIGNAL_COUNT; sig++) {
		unsigned long handler = handler_of(process, sig);
		if (handler == (unsigned long)SIG_IGN)
			out->ignored |= signal_bit(sig);
		else if (handler != (unsigned long)SIG_DFL)
			out->caught |= signal_bit(sig);
	}
	irqlock_unlock(&process->signal_lock, flags);
}

void signal_init(void)
{
	sighand_cache = slab_cache_create("sighand", sizeof(struct sighand), 8);
	queued_cache = slab_cache_create("queued signal", sizeof(struct queued_signal), 8);
}

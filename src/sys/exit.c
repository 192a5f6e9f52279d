/*
 * Ends: of threads, of processes, and what the survivors are told.
 *
 * A thread first gives back what may sleep (memory, files), then leaves its process's list. The
 * last one to leave ends the process: it becomes a zombie, its children go to the nearest subreaper
 * or to init, and the parent gets a signal. Groups that this orphans while they are stopped get
 * SIGHUP and SIGCONT.
 */
#include "hw/mmu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/mutex.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/futex.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"
#include "sys/time/process_timers.h"
#include "sys/tty.h"
#include "vfs/file.h"

#include <linux/wait.h>

/* ---- giving back ---- */

/* The address space is about to go, by exit or exec: those who share it are told. */
void thread_mm_release(struct thread *self)
{
	/* As on Linux: without others in the address space, nobody could look at the word. */
	if (self->mm && atomic_load(&self->mm->refs) == 1)
		self->clear_child_tid = NULL;
	if (self->mm)
		futex_thread_exit(self);
	self->clear_child_tid = NULL;
	self->robust_list = NULL;
}

void thread_vfork_done(struct thread *self)
{
	spin_lock(&self->lock);
	if (self->vfork_done)
		complete(self->vfork_done);
	self->vfork_done = NULL;
	spin_unlock(&self->lock);
}

static void exit_mm(struct thread *self)
{
	struct mm *mm = self->mm;
	struct mm_usage usage;

	thread_mm_release(self);
	if (mm) {
		mm_usage_get(mm, &usage);
		if (usage.rss_peak > self->process->rss_peak_pages)
			self->process->rss_peak_pages = usage.rss_peak;
		spin_lock(&self->lock);
		self->mm = NULL;
		spin_unlock(&self->lock);
		mmu_switch(NULL);
	}
	thread_vfork_done(self);
	if (mm)
		mm_put(mm);
}

static void exit_files(struct thread *self)
{
	struct file_table *files = self->files;
	struct fs_context *fs = self->fs;

	spin_lock(&self->lock);
	self->files = NULL;
	self->fs = NULL;
	spin_unlock(&self->lock);
	if (files)
		file_table_put(files);
	if (fs)
		fs_context_put(fs);
}

/* ---- telling the parent; process_lock held ---- */

static void info_fill_child(siginfo_t *info, struct process *process, int code)
{
	struct cpu_time time;
	int status = process->exit_code;

	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_code = code;
	info->si_pid = process->pid;
	info->si_uid = process->leader->cred->uid;
	if (code == CLD_EXITED)
		info->si_status = (status >> 8) & 0xff;
	else if (code == CLD_KILLED || code == CLD_DUMPED)
		info->si_status = status & 0x7f;
	else
		info->si_status = code == CLD_CONTINUED ? SIGCONT : process->wait_stop_signal;
	process_time_get_locked(process, &time);
	info->si_utime = (long)(time.user / (NSEC_PER_SEC / 100));
	info->si_stime = (long)(time.system / (NSEC_PER_SEC / 100));
}

static void notify(struct process *process, int sig, int code)
{
	struct process *parent = process->parent;
	siginfo_t info;

	if (sig) {
		info_fill_child(&info, process, code);
		(void)signal_send_process(parent, sig, &info);
	}
	wake_all(&parent->child_wait);
}

static struct signal_action child_action(struct process *parent)
{
	irqflags_t flags = irqlock_lock(&parent->signal_lock);
	struct signal_action action = signal_action_get(parent, SIGCHLD);

	irqlock_unlock(&parent->signal_lock, flags);
	return action;
}

/* The end of process is announced. True: nobody waits for it, it has left the tables. */
static bool notify_exit(struct process *process)
{
	if (process->kernel) {
		process_table_remove(process);
		return true;
	}
	int sig = process->leader->exit_signal;
	struct signal_action action = child_action(process->parent);
	bool ignored = sig == SIGCHLD && action.handler == (unsigned long)SIG_IGN;
	bool vanish = ignored || (sig == SIGCHLD && (action.flags & SA_NOCLDWAIT));

	notify(process, ignored ? 0 : sig, process->exit_code & 0x7f ? CLD_KILLED : CLD_EXITED);
	if (vanish)
		process_table_remove(process);
	return vanish;
}

void process_notify_stop(struct process *process, bool continued)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *parent = process->parent;

	if (!parent || (!continued && !process->group_stop))
		goto out;
	process->wait_stopped = !continued;
	process->wait_continued = continued;
	process->wait_stop_signal = process->stop_signal;
	notify(process, child_action(parent).flags & SA_NOCLDSTOP ? 0 : SIGCHLD,
	       continued ? CLD_CONTINUED : CLD_STOPPED);
out:
	irqlock_unlock(&process_lock, flags);
}

/* ---- the family; process_lock held ---- */

static struct process *find_new_parent(struct process *process)
{
	struct process *at;

	if (process->has_child_subreaper)
		for (at = process->parent; at && !at->init; at = at->parent)
			if (at->subreaper && at->thread_count)
				return at;
	return process_lookup(1);
}

/* A group whose last link to its session's shell is gone while members are stopped: nobody could
 * continue them. */
static void kill_orphaned_group(int pgid, const struct process *leaving)
{
	if (!group_is_orphaned(pgid, leaving) || !group_has_stopped(pgid))
		return;
	signal_send_group_locked(pgid, SIGHUP);
	signal_send_group_locked(pgid, SIGCONT);
}

static void give_child_away(struct process *child, struct process *to)
{
	struct process *from = child->parent;
	bool connected = from->sid == child->sid && from->pgid != child->pgid;

	list_move_tail(&child->sibling, &to->children);
	process_get(to);
	child->parent = to;
	child->leader->exit_signal = SIGCHLD;
	if (child->leader->parent_death_signal)
		(void)signal_send_process(child, child->leader->parent_death_signal, NULL);
	if (connected)
		kill_orphaned_group(child->pgid, NULL);
	process_put(from);
}

static void exit_family(struct process *process, struct list_head *vanished)
{
	struct process *child, *next;
	struct process *heir = find_new_parent(process);

	list_for_each_entry_safe(child, next, &process->children, sibling) {
		give_child_away(child, heir);
		if (child->zombie && notify_exit(child))
			list_add(&child->all_node, vanished);
	}
	if (process->parent && process->parent->pgid != process->pgid &&
	    process->parent->sid == process->sid)
		kill_orphaned_group(process->pgid, process);
}

/* The last thread is gone: what is left is a status for the parent. */
static void process_end(struct process *process)
{
	struct process *child, *next;
	struct list_head vanished;
	irqflags_t flags;

	if (process->init)
		panic("init exited with status %#x", process->exit_code);
	process_timers_exit(process);
	if (process->session_leader)
		tty_session_end(process);
	list_init(&vanished);
	flags = irqlock_lock(&process_lock);
	process->tty = NULL;
	exit_family(process, &vanished);
	process->zombie = true;
	wake_all(&process->exit_wait);
	if (notify_exit(process))
		list_add(&process->all_node, &vanished);
	irqlock_unlock(&process_lock, flags);
	list_for_each_entry_safe(child, next, &vanished, all_node) {
		list_del(&child->all_node);
		process_put(child);
	}
}

/* ---- leaving the process ---- */

static void account_leaving(struct process *process, const struct thread *self)
{
	struct cpu_time time;

	thread_time_get(self, &time);
	process->runtime_ns += time.runtime;
	process->user_ns += time.user;
	process->system_ns += time.system;
	process->minor_faults += self->minor_faults;
	process->major_faults += self->major_faults;
	process->switches_voluntary += self->switches_voluntary;
	process->switches_involuntary += self->switches_involuntary;
}

/* Takes the running thread out of its process; true if it was the last. *stopped: it was the last
 * that had not stopped. */
static bool leave_process(struct thread *self, bool *stopped)
{
	struct process *process = self->process;
	irqflags_t flags = irqlock_lock(&process_lock), inner;
	bool last;

	inner = irqlock_lock(&process->signal_lock);
	signal_thread_leave(self);
	list_del(&self->process_node);
	last = --process->thread_count == 0;
	*stopped =
	    !last && process->group_stop && process->stopped_threads == process->thread_count;
	if (last && !process->exiting)
		process->exit_code = process->leader->exit_code;
	if (last)
		signal_pending_flush(process, &process->pending, ~0ull);
	irqlock_unlock(&process->signal_lock, inner);
	account_leaving(process, self);
	if (self != process->leader)
		thread_table_remove(self);
	irqlock_unlock(&process_lock, flags);
	return last;
}

void thread_exit(int wait_status)
{
	struct thread *self = thread_current();
	struct process *process = self->process;
	bool last = false, stopped = false;

	ASSERT_EQ(lock_held_count(), 0u);
	self->exit_code = wait_status;
	self->wake_parks = 3; /* whoever is told of our end may well have this CPU */
	exit_mm(self);
	exit_files(self);
	if (process != &process_zero) {
		last = leave_process(self, &stopped);
		if (stopped)
			process_notify_stop(process, false);
		if (process->exec_thread)
			wake_all(&process->thread_wait);
		if (last)
			process_end(process);
	}
	sched_exit();
}

void process_exit_group(int wait_status)
{
	struct process *process = process_current();
	irqflags_t flags = irqlock_lock(&process->signal_lock);

	signal_group_exit(process, wait_status);
	wait_status = process->exit_code;
	irqlock_unlock(&process->signal_lock, flags);
	thread_exit(wait_status);
}

SYSCALL(exit)
{
	thread_exit((int)(args[0] & 0xff) << 8);
}

SYSCALL(exit_group)
{
	process_exit_group((int)(args[0] & 0xff) << 8);
}

/*
 * Taking signals, on the way to user mode: handlers, default actions, job-control stops, and what
 * becomes of the system call that a signal interrupted.
 *
 * A call that was interrupted ends with one of the -ERESTART codes (lib/errno.h). If a handler
 * runs, the code and SA_RESTART decide between -EINTR and doing the call again after the handler;
 * if none runs, the call is done again.
 */
#include "hw/regs.h"
#include "hw/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/signal_int.h"
#include "vfs/file.h"

#include <asm/unistd.h>

#ifndef SA_RESTORER
#define SA_RESTORER 0
#endif

/* ---- restarts ---- */

static bool restart_wanted(struct user_regs *regs, long *code)
{
	if (regs_syscall_number(regs) < 0)
		return false;
	*code = (long)regs_result(regs);
	return *code == -ERESTARTSYS || *code == -ERESTARTNOINTR || *code == -ERESTARTNOHAND ||
	       *code == -ERESTART_RESTARTBLOCK;
}

static void restart_before_handler(struct user_regs *regs, unsigned long sa_flags)
{
	long code;

	thread_current()->restart = NULL;
	if (!restart_wanted(regs, &code)) {
		regs_syscall_forget(regs);
		return;
	}
	if (code == -ERESTARTNOINTR || (code == -ERESTARTSYS && (sa_flags & SA_RESTART)))
		regs_syscall_restart(regs);
	else
		regs_result_set(regs, (unsigned long)-EINTR);
	regs_syscall_forget(regs);
}

static void restart_without_handler(struct user_regs *regs)
{
	long code;

	if (!restart_wanted(regs, &code))
		return;
	if (code == -ERESTART_RESTARTBLOCK)
		regs_syscall_restart_as(regs, __NR_restart_syscall);
	else
		regs_syscall_restart(regs);
}

/* ---- masks ---- */

void signal_mask_set(signal_set_t mask)
{
	struct thread *self = thread_current();
	irqflags_t flags = irqlock_lock(&self->process->signal_lock);
	signal_set_t newly_blocked;
	struct thread *other;

	mask &= ~SIGNALS_UNBLOCKABLE;
	/* A process-wide signal that this thread was to take may need another one now. */
	newly_blocked = self->process->pending.set & mask & ~self->blocked;
	self->blocked = mask;
	if (newly_blocked)
		list_for_each_entry(other, &self->process->threads, process_node)
			if (other != self && (newly_blocked & ~other->blocked))
				signal_wake(other);
	signal_recalculate(self);
	irqlock_unlock(&self->process->signal_lock, flags);
}

void signal_mask_push(signal_set_t mask)
{
	struct thread *self = thread_current();

	if (!self->restore_blocked) {
		self->saved_blocked = self->blocked;
		self->restore_blocked = true;
	}
	signal_mask_set(mask);
	/* The way back to user mode must come by and take the mask back. */
	thread_work_set(self, THREAD_WORK_RESTART);
}

void signal_mask_restore(void)
{
	struct thread *self = thread_current();

	if (!self->restore_blocked)
		return;
	self->restore_blocked = false;
	signal_mask_set(self->saved_blocked);
}

/* ---- stopping ---- */

/* Sleeps until the stop is over. Called and returns without the lock, which it needs taken when
 * group_stop was seen. */
static void stop_here(struct process *process, irqflags_t flags)
    __releases(process->signal_lock) __no_lock_analysis
{
	struct thread *self = thread_current();
	bool last;

	self->stopped = true;
	process->stopped_threads++;
	last = process->stopped_threads == process->thread_count;
	irqlock_unlock(&process->signal_lock, flags);
	if (last)
		process_notify_stop(process, false);
	while (READ_ONCE(process->group_stop) && !thread_fatal_signal_pending())
		(void)thread_park(PARK_KILLABLE, PARK_FOREVER);
	self->stopped = false;
}

/* Whether the default stop of sig applies: an orphaned group is not stopped from the terminal. */
static bool stop_applies(struct process *process, int sig)
{
	irqflags_t flags;
	bool orphaned;

	if (sig == SIGSTOP)
		return true;
	flags = irqlock_lock(&process_lock);
	orphaned = group_is_orphaned(process->pgid, NULL);
	irqlock_unlock(&process_lock, flags);
	return !orphaned;
}

static void default_stop(struct process *process, int sig)
{
	irqflags_t flags;

	if (!stop_applies(process, sig))
		return;
	flags = irqlock_lock(&process->signal_lock);
	/* A SIGCONT that came meanwhile wins. */
	if (!(process->pending.set & signal_bit(SIGCONT)))
		signal_group_stop(process, sig);
	irqlock_unlock(&process->signal_lock, flags);
}

/* ---- handlers ---- */

static bool on_alt_stack(const struct thread *self, unsigned long sp)
{
	return self->alt_stack_size && sp - self->alt_stack - 1 < self->alt_stack_size;
}

/* Runs the handler of action: a frame on the user's stack, then the new mask. */
static void handler_push(struct user_regs *regs, int sig, const siginfo_t *info,
			 const struct signal_action *action)
{
	struct thread *self = thread_current();
	unsigned long sp = regs_sp(regs);
	unsigned long alt_sp = self->alt_stack, alt_size = self->alt_stack_size;
	unsigned int alt_flags = self->alt_stack_size ? self->alt_stack_flags : SS_DISABLE;
	signal_set_t saved = self->restore_blocked ? self->saved_blocked : self->blocked;
	signal_set_t mask = self->blocked | action->mask;

	self->restore_blocked = false;
	if ((action->flags & SA_ONSTACK) && self->alt_stack_size && !on_alt_stack(self, sp))
		sp = self->alt_stack + self->alt_stack_size;
	if (!(action->flags & SA_NODEFER))
		mask |= signal_bit(sig);
	if (arch_signal_push(regs, sig, info, saved, action->handler, action->restorer,
			     action->flags, sp, alt_sp, alt_size, alt_flags)) {
		signal_mask_set(saved);
		signal_force_plain(SIGSEGV);
		return;
	}
	if (self->alt_stack_flags & (1u << 31)) /* SS_AUTODISARM */
		self->alt_stack = self->alt_stack_size = self->alt_stack_flags = 0;
	signal_mask_set(mask);
}

static void __noreturn die(int sig)
{
	if (process_current()->init)
		panic("init was killed by signal %d", sig);
	process_exit_group(sig);
}

/*
 * Takes one signal. True if there may be more to do; false if a handler is set up or nothing is
 * left. Sets *handled in the first case.
 */
static bool deliver_one(struct user_regs *regs, bool *handled)
{
	struct thread *self = thread_current();
	struct process *process = self->process;
	struct signal_action action;
	siginfo_t info;
	irqflags_t flags = irqlock_lock(&process->signal_lock);
	int sig;

	if (process->exiting || (atomic_load_relaxed(&self->work) & THREAD_WORK_FATAL)) {
		int status = process->exiting ? process->exit_code : SIGKILL;
		irqlock_unlock(&process->signal_lock, flags);
		thread_exit(status);
	}
	if (process->notify_continued) {
		process->notify_continued = false;
		irqlock_unlock(&process->signal_lock, flags);
		process_notify_stop(process, true);
		return true;
	}
	if (process->group_stop) {
		stop_here(process, flags);
		return true;
	}
	sig = signal_dequeue(self, ~self->blocked, &info);
	if (!sig) {
		signal_recalculate(self);
		irqlock_unlock(&process->signal_lock, flags);
		return false;
	}
	action = signal_action_get(process, sig);
	if (action.handler > (unsigned long)SIG_IGN && (action.flags & SA_RESETHAND))
		process->sighand->actions[sig - 1].handler = (unsigned long)SIG_DFL;
	irqlock_unlock(&process->signal_lock, flags);

	if (action.handler == (unsigned long)SIG_IGN)
		return true;
	if (action.handler != (unsigned long)SIG_DFL) {
		*handled = true;
		restart_before_handler(regs, action.flags);
		handler_push(regs, sig, &info, &action);
		return true;
	}
	if ((signal_bit(sig) & SIGNALS_DEFAULT_IGNORE) ||
	    (process->init && !(signal_bit(sig) & SIGNALS_SYNCHRONOUS)))
		return true;
	if (signal_bit(sig) & SIGNALS_STOP) {
		default_stop(process, sig);
		return true;
	}
	die(sig);
}

void signal_deliver(struct user_regs *regs)
{
	bool handled = false;

	thread_work_clear(thread_current(), THREAD_WORK_RESTART);
	while (deliver_one(regs, &handled))
		;
	if (!handled)
		restart_without_handler(regs);
	signal_mask_restore();
}

/* ---- the up-calls of the machine ---- */

bool user_return_pending(void)
{
	return atomic_load_relaxed(&thread_current()->work) | sched_resched_needed();
}

void user_return_work(struct user_regs *regs)
{
	sched_preempt();
	if (atomic_load_relaxed(&thread_current()->work))
		signal_deliver(regs);
}

/* ---- faults ---- */

/* Which mapping an address lies in, as "name+0xoffset". */
static void describe_mapping(unsigned long addr, char *buf, size_t size)
{
	struct mm *mm = mm_current();
	const struct vm_area *area;

	strscpy(buf, "no mapping", size);
	if (!mm)
		return;
	rwsem_read_lock(&mm->lock);
	area = mm_area_find(mm, addr);
	if (area && addr >= area->start && area->file) {
		struct dentry *dentry = area->file->path.dentry;
		spin_lock(&dentry->lock);
		ksnprintf(buf, size, "%.*s+%#lx", (int)dentry->name.length, dentry->name.name,
			  addr - area->start + (unsigned long)(area->pgoff << PAGE_SHIFT));
		spin_unlock(&dentry->lock);
	} else if (area && addr >= area->start) {
		ksnprintf(buf, size, "%s+%#lx", area->flags & VM_GROWSDOWN ? "stack" : "anonymous",
			  addr - area->start);
	}
	rwsem_read_unlock(&mm->lock);
}

static void log_fatal_fault(int sig, int code, unsigned long addr)
{
	struct thread *self = thread_current();
	struct user_regs *regs = arch_thread_regs(&self->arch);
	char where[96];

	describe_mapping(regs_ip(regs), where, sizeof(where));
	log_notice("%s[%d]: signal %d code %d at address %#lx, ip %#lx (%s), sp %#lx", self->name,
		   self->tid, sig, code, addr, regs_ip(regs), where, regs_sp(regs));
}

static void force(int sig, const siginfo_t *info, int code, unsigned long addr)
{
	struct thread *self = thread_current();
	struct process *process = self->process;
	struct signal_action *action = &process->sighand->actions[sig - 1];
	irqflags_t flags = irqlock_lock(&process->signal_lock);
	bool deadly = action->handler == (unsigned long)SIG_DFL ||
		      action->handler == (unsigned long)SIG_IGN ||
		      (self->blocked & signal_bit(sig));
	bool init = process->init;

	if (deadly) {
		action->handler = (unsigned long)SIG_DFL;
		self->blocked &= ~signal_bit(sig);
	}
	irqlock_unlock(&process->signal_lock, flags);
	if (deadly)
		log_fatal_fault(sig, code, addr);
	if (deadly && init)
		panic("init was killed by signal %d", sig);
	(void)signal_send_thread(self, sig, info);
}

void signal_force(int sig, int code, unsigned long addr)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_addr = (void *)addr;
	force(sig, &info, code, addr);
}

void signal_force_plain(int sig)
{
	siginfo_t info;
	struct process *process = process_current();

	signal_info_kernel(&info, sig);
	if (sig == SIGSEGV) /* its handler would need the frame that could not be written */
		process->sighand->actions[sig - 1].handler = (unsigned long)SIG_DFL;
	force(sig, &info, SI_KERNEL, 0);
}

void user_exception(struct user_regs *regs, int sig, int code, unsigned long addr, const char *what)
{
	signal_force(sig, code, addr);
}

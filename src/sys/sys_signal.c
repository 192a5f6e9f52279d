/*
 * The system calls about signals.
 */
#include "hw/regs.h"
#include "hw/thread.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/signal_int.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/time.h>

static int copy_set_from_user(signal_set_t *set, const void __user *user, size_t size)
{
	if (size != sizeof(*set))
		return -EINVAL;
	return copy_from_user(set, user, sizeof(*set));
}

int signal_mask_push_user(const void __user *mask, size_t size)
{
	signal_set_t set;
	int err;

	if (!mask)
		return 0;
	err = copy_set_from_user(&set, mask, size);
	if (!err)
		signal_mask_push(set);
	return err;
}

/* Setting a handler to "ignore" drops what is pending of that signal. */
static void action_install(struct process *process, int sig, const struct signal_action *action)
{
	struct sighand *sighand = process->sighand;
	bool ignores = action->handler == (unsigned long)SIG_IGN ||
		       (action->handler == (unsigned long)SIG_DFL &&
			(signal_bit(sig) & SIGNALS_DEFAULT_IGNORE));
	irqflags_t flags = irqlock_lock(&process->signal_lock), inner;
	struct thread *thread;

	inner = irqlock_lock(&sighand->lock);
	sighand->actions[sig - 1] = *action;
	sighand->actions[sig - 1].mask &= ~SIGNALS_UNBLOCKABLE;
	irqlock_unlock(&sighand->lock, inner);
	if (ignores) {
		signal_pending_flush(process, &process->pending, signal_bit(sig));
		list_for_each_entry(thread, &process->threads, process_node)
			signal_pending_flush(process, &thread->pending, signal_bit(sig));
	}
	irqlock_unlock(&process->signal_lock, flags);
}

SYSCALL(rt_sigaction)
{
	int sig = (int)args[0];
	const struct signal_action __user *user_new = (const struct signal_action __user *)args[1];
	struct signal_action __user *user_old = (struct signal_action __user *)args[2];
	struct process *process = process_current();
	struct signal_action new, old;
	irqflags_t flags;

	if (args[3] != sizeof(signal_set_t) || !signal_valid(sig))
		return -EINVAL;
	if (user_new && (signal_bit(sig) & SIGNALS_UNBLOCKABLE))
		return -EINVAL;
	if (user_new && copy_from_user(&new, user_new, sizeof(new)))
		return -EFAULT;
	flags = irqlock_lock(&process->signal_lock);
	old = signal_action_get(process, sig);
	irqlock_unlock(&process->signal_lock, flags);
	if (user_new)
		action_install(process, sig, &new);
	return user_old ? copy_to_user(user_old, &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigprocmask)
{
	int how = (int)args[0];
	struct thread *self = thread_current();
	signal_set_t old = self->blocked, set;

	if (args[3] != sizeof(set))
		return -EINVAL;
	if (args[1]) {
		if (copy_from_user(&set, (const void __user *)args[1], sizeof(set)))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		if ((set & ~SIGNALS_UNBLOCKABLE) != old)
			signal_mask_set(set);
	}
	return args[2] ? copy_to_user((void __user *)args[2], &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigpending)
{
	struct thread *self = thread_current();
	irqflags_t flags;
	signal_set_t set;

	if (args[1] > sizeof(set))
		return -EINVAL;
	flags = irqlock_lock(&self->process->signal_lock);
	set = (self->pending.set | self->process->pending.set) & self->blocked;
	irqlock_unlock(&self->process->signal_lock, flags);
	return copy_to_user((void __user *)args[0], &set, args[1]);
}

SYSCALL(rt_sigsuspend)
{
	signal_set_t set;
	int err = copy_set_from_user(&set, (const void __user *)args[0], args[1]);

	if (err)
		return err;
	signal_mask_push(set);
	while (!thread_signal_pending())
		(void)thread_park(PARK_INTERRUPTIBLE, PARK_FOREVER);
	return -ERESTARTNOHAND;
}

SYSCALL(pause)
{
	while (!thread_signal_pending())
		(void)thread_park(PARK_INTERRUPTIBLE, PARK_FOREVER);
	return -ERESTARTNOHAND;
}

SYSCALL(rt_sigreturn)
{
	struct thread *self = thread_current();
	struct user_regs *regs = arch_thread_regs(&self->arch);
	unsigned long alt_sp = 0, alt_size = 0;
	unsigned int alt_flags = SS_DISABLE;
	u64 mask;

	if (arch_signal_pop(regs, &mask, &alt_sp, &alt_size, &alt_flags)) {
		signal_force_plain(SIGSEGV);
		return 0;
	}
	signal_mask_set(mask);
	if (alt_flags & SS_DISABLE) {
		self->alt_stack = self->alt_stack_size = 0;
		self->alt_stack_flags = 0;
	} else {
		self->alt_stack = alt_sp;
		self->alt_stack_size = alt_size;
		self->alt_stack_flags = alt_flags & (1u << 31);
	}
	regs_syscall_forget(regs);
	return (long)regs_result(regs);
}

SYSCALL(sigaltstack)
{
	struct thread *self = thread_current();
	unsigned long sp = regs_sp(arch_thread_regs(&self->arch));
	bool on_it = self->alt_stack_size && sp - self->alt_stack - 1 < self->alt_stack_size;
	stack_t old, new;

	memset(&old, 0, sizeof(old));
	old.ss_sp = (void *)self->alt_stack;
	old.ss_size = self->alt_stack_size;
	old.ss_flags = (int)self->alt_stack_flags | (!self->alt_stack_size ? SS_DISABLE
						     : on_it               ? SS_ONSTACK
									   : 0);
	if (args[0]) {
		unsigned int mode;

		if (copy_from_user(&new, (const void __user *)args[0], sizeof(new)))
			return -EFAULT;
		if (on_it && !(self->alt_stack_flags & (1u << 31)))
			return -EPERM;
		mode = (unsigned int)new.ss_flags & ~(1u << 31);
		if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
			return -EINVAL;
		if (mode == SS_DISABLE) {
			self->alt_stack = self->alt_stack_size = 0;
			self->alt_stack_flags = 0;
		} else {
			if (new.ss_size < MINSIGSTKSZ)
				return -ENOMEM;
			self->alt_stack = (unsigned long)new.ss_sp;
			self->alt_stack_size = new.ss_size;
			self->alt_stack_flags = (unsigned int)new.ss_flags &(1u << 31);
		}
	}
	return args[1] ? copy_to_user((void __user *)args[1], &old, sizeof(old)) : 0;
}

/* ---- waiting for a signal ---- */

static int timedwait_take(struct thread *self, signal_set_t set, siginfo_t *info)
{
	irqflags_t flags = irqlock_lock(&self->process->signal_lock);
	int sig = signal_dequeue(self, set, info);

	irqlock_unlock(&self->process->signal_lock, flags);
	return sig;
}

static void timedwait_unblock(struct thread *self, signal_set_t set)
{
	irqflags_t flags = irqlock_lock(&self->process->signal_lock);

	self->waited = self->blocked & set;
	self->blocked &= ~set;
	signal_recalculate(self);
	irqlock_unlock(&self->process->signal_lock, flags);
}

static int timedwait_block(struct thread *self, signal_set_t set, siginfo_t *info)
{
	irqflags_t flags = irqlock_lock(&self->process->signal_lock);
	int sig = signal_dequeue(self, set, info);

	self->blocked |= self->waited;
	self->waited = 0;
	signal_recalculate(self);
	irqlock_unlock(&self->process->signal_lock, flags);
	return sig;
}

SYSCALL(rt_sigtimedwait)
{
	struct thread *self = thread_current();
	struct __kernel_timespec timeout;
	u64 deadline = PARK_FOREVER;
	signal_set_t set;
	siginfo_t info;
	int err, sig;

	err = copy_set_from_user(&set, (const void __user *)args[0], args[3]);
	if (err)
		return err;
	if (args[2]) {
		if (copy_from_user(&timeout, (const void __user *)args[2], sizeof(timeout)))
			return -EFAULT;
		if (timeout.tv_sec < 0 || (u64)timeout.tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
		deadline = deadline_after(clock_monotonic_ns(),
					  (u64)timespec64_to_ns(timeout.tv_sec, timeout.tv_nsec));
	}
	set &= ~SIGNALS_UNBLOCKABLE;
	sig = timedwait_take(self, set, &info);
	if (!sig) {
		timedwait_unblock(self, set);
		err = 0;
		while (!err && !thread_signal_pending())
			err = thread_park(PARK_INTERRUPTIBLE, deadline);
		sig = timedwait_block(self, set, &info);
	}
	if (!sig)
		return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
	if (args[1] && copy_to_user((void __user *)args[1], &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

/* ---- sending ---- */

int signal_may_send(struct process *process, int sig)
{
	const struct cred *mine = current_cred();
	const struct cred *theirs;
	bool allowed;

	if (process == process_current() || capable(CAP_KILL))
		return 0;
	if (sig == SIGCONT && process->sid == process_current()->sid)
		return 0;
	theirs = thread_cred_get(process->leader);
	allowed = mine->euid == theirs->suid || mine->euid == theirs->uid ||
		  mine->uid == theirs->suid || mine->uid == theirs->uid;
	cred_put(theirs);
	return allowed ? 0 : -EPERM;
}

static int kill_one(struct process *process, int sig, const siginfo_t *info)
{
	int err = signal_may_send(process, sig);
	return err ? err : signal_send_process(process, sig, info);
}

/* kill(2) of a group (pgid > 0), or of everybody but init and the caller (pgid 0). */
static int kill_many(int pgid, int sig, const siginfo_t *info)
{
	struct process *process;
	irqflags_t flags = irqlock_lock(&process_lock);
	int result = -ESRCH;

	list_for_each_entry(process, &process_list, all_node) {
		int err;

		if (pgid ? process->pgid != pgid : process->init || process == process_current())
			continue;
		err = kill_one(process, sig, info);
		if (!err)
			result = 0;
		else if (result)
			result = err;
	}
	irqlock_unlock(&process_lock, flags);
	return result;
}

static int kill_pid(int pid, int sig, const siginfo_t *info)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process = process_lookup(pid);
	int err;

	if (!process) {
		/* A thread's id names its process, as on Linux. */
		struct thread *thread = thread_lookup(pid);
		process = thread && thread->process != &process_zero ? thread->process : NULL;
	}
	err = process ? kill_one(process, sig, info) : -ESRCH;
	irqlock_unlock(&process_lock, flags);
	return err;
}

SYSCALL(kill)
{
	int pid = (int)args[0], sig = (int)args[1];

	if (sig != 0 && !signal_valid(sig))
		return -EINVAL;
	if (pid > 0)
		return kill_pid(pid, sig, NULL);
	if (pid == -1)
		return kill_many(0, sig, NULL);
	if (pid == INT_MIN)
		return -ESRCH;
	return kill_many(pid ? -pid : process_current()->pgid, sig, NULL);
}

static int kill_thread(int tgid, int tid, int sig, const siginfo_t *info)
{
	irqflags_t flags;
	struct thread *thread;
	int err = -ESRCH;

	if (sig != 0 && !signal_valid(sig))
		return -EINVAL;
	if (tid <= 0 || tgid == 0 || tgid < -1)
		return -EINVAL;
	flags = irqlock_lock(&process_lock);
	thread = thread_lookup(tid);
	if (thread && thread->process != &process_zero &&
	    (tgid < 0 || thread->process->pid == tgid)) {
		err = signal_may_send(thread->process, sig);
		if (!err)
			err = signal_send_thread(thread, sig, info);
	}
	irqlock_unlock(&process_lock, flags);
	return err;
}

static void info_fill_tkill(siginfo_t *info, int sig)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_TKILL;
	info->si_pid = process_current()->pid;
	info->si_uid = current_cred()->uid;
}

SYSCALL(tkill)
{
	siginfo_t info;

	info_fill_tkill(&info, (int)args[1]);
	return kill_thread(-1, (int)args[0], (int)args[1], &info);
}

SYSCALL(tgkill)
{
	siginfo_t info;

	if ((int)args[0] <= 0)
		return -EINVAL;
	info_fill_tkill(&info, (int)args[2]);
	return kill_thread((int)args[0], (int)args[1], (int)args[2], &info);
}

/* Only the kernel, and a process to itself, may pretend that the kernel or kill(2) sent it. */
static int queueinfo_get(siginfo_t *info, const void __user *user, int pid, int sig)
{
	if (copy_from_user(info, user, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && pid != process_current()->pid)
		return -EPERM;
	return 0;
}

SYSCALL(rt_sigqueueinfo)
{
	int pid = (int)args[0], sig = (int)args[1];
	siginfo_t info;
	int err = queueinfo_get(&info, (const void __user *)args[2], pid, sig);

	if (err)
		return err;
	if (sig != 0 && !signal_valid(sig))
		return -EINVAL;
	return kill_pid(pid, sig, &info);
}

SYSCALL(rt_tgsigqueueinfo)
{
	int tgid = (int)args[0], tid = (int)args[1], sig = (int)args[2];
	siginfo_t info;
	int err;

	if (tgid <= 0)
		return -EINVAL;
	err = queueinfo_get(&info, (const void __user *)args[3], tgid, sig);
	return err ? err : kill_thread(tgid, tid, sig, &info);
}

SYSCALL(restart_syscall)
{
	struct thread *self = thread_current();
	long (*restart)(struct thread *) = self->restart;

	if (!restart)
		return -EINTR;
	return restart(self);
}

/*
 * The system calls about identity: ids, groups, sessions, and prctl.
 */
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/prctl.h>

#include "hw/cpu.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/sys_cred.h"
#include "sys/syscall.h"

/* ---- ids ---- */

SYSCALL(getpid)
{
	return thread_current()->process->pid;
}

SYSCALL(gettid)
{
	return thread_current()->tid;
}

SYSCALL(getppid)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	const struct process *parent = process_current()->parent;
	int pid = parent ? parent->pid : 0;

	irqlock_unlock(&process_lock, flags);
	return pid;
}

SYSCALL(set_tid_address)
{
	struct thread *self = thread_current();

	self->clear_child_tid = (u32 __user *)args[0];
	return self->tid;
}

SYSCALL(getcpu)
{
	u32 cpu = cpu_id(), node = 0;

	if (args[0] && put_user(cpu, (u32 __user *)args[0]))
		return -EFAULT;
	return args[1] ? put_user(node, (u32 __user *)args[1]) : 0;
}

/* ---- groups and sessions ---- */

/* Moves process into group pgid of its session; process_lock held. */
static int group_move(struct process *process, int pgid)
{
	struct process *self = process_current();

	if (process != self) {
		if (process->parent != self)
			return -ESRCH;
		if (process->sid != self->sid)
			return -EPERM;
		if (process->did_exec)
			return -EACCES;
	}
	if (process->session_leader)
		return -EPERM;
	if (pgid != process->pid && !group_exists(pgid, self->sid))
		return -EPERM;
	if (pgid != process->pgid)
		process_group_set(process, pgid);
	return 0;
}

SYSCALL(setpgid)
{
	int pid = (int)args[0], pgid = (int)args[1], err;
	struct process *process;
	irqflags_t flags;

	if (pid < 0 || pgid < 0)
		return -EINVAL;
	flags = irqlock_lock(&process_lock);
	process = pid ? process_lookup(pid) : process_current();
	err = process ? group_move(process, pgid ? pgid : process->pid) : -ESRCH;
	irqlock_unlock(&process_lock, flags);
	return err;
}

/* pid 0: the caller's. */
static int ask_id(int pid, bool session)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process = pid ? process_lookup(pid) : process_current();
	int id = process ? (session ? process->sid : process->pgid) : -ESRCH;

	irqlock_unlock(&process_lock, flags);
	return id;
}

SYSCALL(getpgid)
{
	return ask_id((int)args[0], false);
}

SYSCALL(getpgrp)
{
	return ask_id(0, false);
}

SYSCALL(getsid)
{
	return ask_id((int)args[0], true);
}

static bool group_is_used(int pgid)
{
	struct process *process;

	list_for_each_entry(process, &process_list, all_node)
		if (process->pgid == pgid)
			return true;
	return false;
}

SYSCALL(setsid)
{
	struct process *self = process_current();
	irqflags_t flags = irqlock_lock(&process_lock);
	long result = -EPERM;

	if (!self->session_leader && !group_is_used(self->pid)) {
		process_session_set(self, self->pid);
		process_group_set(self, self->pid);
		self->session_leader = true;
		self->tty = NULL;
		result = self->pid;
	}
	irqlock_unlock(&process_lock, flags);
	return result;
}

/* ---- prctl ---- */

static long name_set(const char __user *user)
{
	char name[THREAD_NAME_SIZE];
	ssize_t n = strncpy_from_user(name, user, sizeof(name) - 1);

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[sizeof(name) - 1] = 0;
	thread_name_set(thread_current(), name);
	return 0;
}

static long name_get(char __user *user)
{
	char name[THREAD_NAME_SIZE];

	thread_name_get(thread_current(), name);
	return copy_to_user(user, name, sizeof(name));
}

static void subreaper_mark_descendants(struct process *process)
{
	struct process *child, *at = process;

	/* Depth first without recursion; process_lock held. */
	for (;;) {
		if (!list_empty(&at->children)) {
			at = list_first_entry(&at->children, struct process, sibling);
			at->has_child_subreaper = true;
			continue;
		}
		while (at != process && at->sibling.next == &at->parent->children)
			at = at->parent;
		if (at == process)
			return;
		child = list_next_entry(at, sibling);
		child->has_child_subreaper = true;
		at = child;
	}
}

static long subreaper_set(bool on)
{
	struct process *self = process_current();
	irqflags_t flags = irqlock_lock(&process_lock);

	self->subreaper = on;
	if (on)
		subreaper_mark_descendants(self);
	irqlock_unlock(&process_lock, flags);
	return 0;
}

SYSCALL(prctl)
{
	struct thread *self = thread_current();

	switch ((int)args[0]) {
	case PR_SET_NAME:
		return name_set((const char __user *)args[1]);
	case PR_GET_NAME:
		return name_get((char __user *)args[1]);
	case PR_SET_PDEATHSIG:
		if (args[1] > SIGNAL_COUNT)
			return -EINVAL;
		self->process->leader->parent_death_signal = (int)args[1];
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user(self->process->leader->parent_death_signal, (int __user *)args[1]);
	case PR_GET_DUMPABLE:
		return self->process->dumpable;
	case PR_SET_DUMPABLE:
		if (args[1] > 1)
			return -EINVAL;
		self->process->dumpable = (u8)args[1];
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		return subreaper_set(args[1]);
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)self->process->subreaper, (int __user *)args[1]);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return args[1] == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TID_ADDRESS:
		return put_user((unsigned long)self->clear_child_tid,
				(unsigned long __user *)args[1]);
	default:
		return cred_prctl(args);
	}
}

SYSCALL(personality)
{
	struct process *self = process_current();
	unsigned int old = self->personality;

	if ((u32)args[0] != 0xffffffff)
		self->personality = (unsigned int)args[0];
	return old;
}

SYSCALL(umask)
{
	struct fs_context *fs = current_fs();
	u32 old;

	spin_lock(&fs->lock);
	old = fs->umask;
	fs->umask = (u32)args[0] & 0777;
	spin_unlock(&fs->lock);
	return old;
}

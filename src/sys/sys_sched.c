/*
 * The system calls about scheduling: policies, priorities, affinity (sched(7)).
 */
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/time_types.h>

#include "hw/cpu.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"

#define RESET_ON_FORK 0x40000000 /* SCHED_RESET_ON_FORK of the policy argument */

/* The thread named by a pid argument (0: the caller), referenced; NULL if there is none. */
static struct thread *thread_by_arg(int tid)
{
	struct thread *thread;

	if (tid) {
		thread = thread_find(tid);
		if (thread && thread->process == &process_zero) {
			thread_put(thread);
			thread = NULL;
		}
		return thread;
	}
	thread_get(thread_current());
	return thread_current();
}

static bool owns(struct thread *thread)
{
	const struct cred *mine = current_cred(), *theirs;
	bool result;

	if (capable(CAP_SYS_NICE))
		return true;
	theirs = thread_cred_get(thread);
	result = mine->euid == theirs->uid || mine->euid == theirs->euid;
	cred_put(theirs);
	return result;
}

SYSCALL(sched_yield)
{
	sched_yield();
	return 0;
}

/* ---- nice ---- */

static bool may_lower_nice(const struct thread *thread, int nice)
{
	u64 limit = READ_ONCE(thread->process->limits[RLIMIT_NICE].rlim_cur);
	return capable(CAP_SYS_NICE) || (u64)(20 - nice) <= limit;
}

static int nice_set(struct thread *thread, int nice)
{
	struct sched_change change = {thread->policy, nice, thread->rt_priority,
				      thread->reset_on_fork};

	if (!owns(thread))
		return -EPERM;
	if (nice < thread->nice && !may_lower_nice(thread, nice))
		return -EACCES;
	sched_change_apply(thread, &change);
	return 0;
}

/* Calls fn for every thread that which and who of setpriority(2) mean; process_lock held. */
static int for_each_of(int which, int who, int (*fn)(struct thread *thread, void *arg), void *arg)
{
	struct process *process;
	struct thread *thread;
	int result = -ESRCH;

	if (which == PRIO_PROCESS) {
		thread = who ? thread_lookup(who) : thread_current();
		return thread && thread->process != &process_zero ? fn(thread, arg) : -ESRCH;
	}
	if (!who)
		who = which == PRIO_PGRP ? process_current()->pgid : (int)current_cred()->uid;
	list_for_each_entry(process, &process_list, all_node) {
		if (which == PRIO_PGRP ? process->pgid != who
				       : process->leader->cred->uid != (u32)who)
			continue;
		list_for_each_entry(thread, &process->threads, process_node) {
			int err = fn(thread, arg);
			if (result == -ESRCH || err)
				result = err;
		}
	}
	return result;
}

static int priority_set_one(struct thread *thread, void *arg)
{
	return nice_set(thread, *(int *)arg);
}

static int priority_get_one(struct thread *thread, void *arg)
{
	int *best = arg;

	if (20 - thread->nice > *best)
		*best = 20 - thread->nice;
	return 0;
}

SYSCALL(setpriority)
{
	int which = (int)args[0], nice = clamp((int)args[2], -20, 19), err;
	irqflags_t flags;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	flags = irqlock_lock(&process_lock);
	err = for_each_of(which, (int)args[1], priority_set_one, &nice);
	irqlock_unlock(&process_lock, flags);
	return err;
}

/* The result is 20 - nice, so that it is never negative. */
SYSCALL(getpriority)
{
	int which = (int)args[0], best = 0, err;
	irqflags_t flags;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	flags = irqlock_lock(&process_lock);
	err = for_each_of(which, (int)args[1], priority_get_one, &best);
	irqlock_unlock(&process_lock, flags);
	return err ? err : best;
}

/* ---- policies ---- */

static bool policy_valid(int policy, int priority)
{
	switch (policy) {
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return priority == 0;
	case SCHED_FIFO:
	case SCHED_RR:
		return priority >= 1 && priority <= SCHED_PRIORITY_MAX;
	default:
		return false;
	}
}

static int policy_may(struct thread *thread, const struct sched_change *change)
{
	u64 limit = READ_ONCE(thread->process->limits[RLIMIT_RTPRIO].rlim_cur);

	if (capable(CAP_SYS_NICE))
		return 0;
	if (sched_policy_realtime(change->policy)) {
		if (change->policy != thread->policy && !limit)
			return -EPERM;
		if (change->rt_priority > thread->rt_priority && (u64)change->rt_priority > limit)
			return -EPERM;
	}
	if (change->nice < thread->nice && !may_lower_nice(thread, change->nice))
		return -EPERM;
	if (thread->policy == SCHED_IDLE && change->policy != SCHED_IDLE &&
	    !may_lower_nice(thread, thread->nice))
		return -EPERM;
	if (thread->reset_on_fork && !change->reset_on_fork)
		return -EPERM;
	return owns(thread) ? 0 : -EPERM;
}

static int policy_change(int tid, const struct sched_change *change, bool keep_policy,
			 bool keep_nice)
{
	struct thread *thread = thread_by_arg(tid);
	struct sched_change final = *change;
	int err;

	if (!thread)
		return -ESRCH;
	if (keep_policy) {
		final.policy = thread->policy;
		final.reset_on_fork = thread->reset_on_fork;
	}
	if (keep_nice)
		final.nice = thread->nice;
	err = policy_valid(final.policy, final.rt_priority) ? policy_may(thread, &final) : -EINVAL;
	if (!err)
		sched_change_apply(thread, &final);
	thread_put(thread);
	return err;
}

SYSCALL(sched_setscheduler)
{
	int policy = (int)args[1], priority;
	struct sched_change change;

	if ((int)args[0] < 0 || policy < 0 || !args[2])
		return -EINVAL;
	if (get_user(priority, (int __user *)args[2]))
		return -EFAULT;
	change =
	    (struct sched_change){policy & ~RESET_ON_FORK, 0, priority, policy & RESET_ON_FORK};
	return policy_change((int)args[0], &change, false, true);
}

SYSCALL(sched_setparam)
{
	struct sched_change change = {0};

	if ((int)args[0] < 0 || !args[1])
		return -EINVAL;
	if (get_user(change.rt_priority, (int __user *)args[1]))
		return -EFAULT;
	return policy_change((int)args[0], &change, true, true);
}

SYSCALL(sched_getscheduler)
{
	struct thread *thread;
	int policy;

	if ((int)args[0] < 0)
		return -EINVAL;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	policy = thread->policy | (thread->reset_on_fork ? RESET_ON_FORK : 0);
	thread_put(thread);
	return policy;
}

SYSCALL(sched_getparam)
{
	struct thread *thread;
	int priority;

	if ((int)args[0] < 0 || !args[1])
		return -EINVAL;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	priority = thread->rt_priority;
	thread_put(thread);
	return put_user(priority, (int __user *)args[1]);
}

SYSCALL(sched_setattr)
{
	struct sched_attr __user *user = (struct sched_attr __user *)args[1];
	struct sched_attr attr;
	struct sched_change change;
	u32 size;

	if ((int)args[0] < 0 || !user || args[2])
		return -EINVAL;
	if (get_user(size, &user->size))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -E2BIG;
	memset(&attr, 0, sizeof(attr));
	if (copy_from_user(&attr, user, size < sizeof(attr) ? size : sizeof(attr)))
		return -EFAULT;
	if (attr.sched_flags &
	    ~(u64)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS))
		return -EINVAL;
	if (attr.sched_priority > SCHED_PRIORITY_MAX || attr.sched_policy > SCHED_IDLE)
		return -EINVAL;
	change = (struct sched_change){(int)attr.sched_policy, clamp(attr.sched_nice, -20, 19),
				       (int)attr.sched_priority,
				       attr.sched_flags & SCHED_FLAG_RESET_ON_FORK};
	return policy_change((int)args[0], &change, attr.sched_flags & SCHED_FLAG_KEEP_POLICY,
			     attr.sched_flags & SCHED_FLAG_KEEP_PARAMS);
}

SYSCALL(sched_getattr)
{
	struct sched_attr attr;
	struct thread *thread;
	u32 size = (u32)args[2];

	if ((int)args[0] < 0 || !args[1] || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE ||
	    args[3])
		return -EINVAL;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	memset(&attr, 0, sizeof(attr));
	attr.size = size < sizeof(attr) ? size : sizeof(attr);
	attr.sched_policy = (u32)thread->policy;
	attr.sched_flags = thread->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	attr.sched_nice = thread->nice;
	attr.sched_priority = (u32)thread->rt_priority;
	thread_put(thread);
	return copy_to_user((void __user *)args[1], &attr, attr.size);
}

SYSCALL(sched_get_priority_max)
{
	int policy = (int)args[0];

	if (sched_policy_realtime(policy))
		return SCHED_PRIORITY_MAX;
	return policy_valid(policy, 0) ? 0 : -EINVAL;
}

SYSCALL(sched_get_priority_min)
{
	int policy = (int)args[0];

	if (sched_policy_realtime(policy))
		return 1;
	return policy_valid(policy, 0) ? 0 : -EINVAL;
}

SYSCALL(sched_rr_get_interval)
{
	struct __kernel_timespec interval = {0, 0};
	struct thread *thread;

	if ((int)args[0] < 0)
		return -EINVAL;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	if (thread->policy == SCHED_RR)
		interval.tv_nsec = SCHED_RR_SLICE_NS;
	else if (thread->policy != SCHED_FIFO)
		interval.tv_nsec = TICK_NS;
	thread_put(thread);
	return copy_to_user((void __user *)args[1], &interval, sizeof(interval));
}

/* ---- affinity ---- */

SYSCALL(sched_setaffinity)
{
	struct thread *thread;
	u64 mask = 0;
	size_t size = args[1] < sizeof(mask) ? args[1] : sizeof(mask);
	int err = 0;

	if (copy_from_user(&mask, (const void __user *)args[2], size))
		return -EFAULT;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	mask &= sched_online_mask();
	if (!owns(thread))
		err = -EPERM;
	else if (!mask)
		err = -EINVAL;
	else
		sched_affinity_set(thread, mask);
	thread_put(thread);
	thread_yield_point(); /* the running thread may have to go elsewhere */
	return err;
}

SYSCALL(sched_getaffinity)
{
	struct thread *thread;
	u64 mask;

	if (args[1] * 8 < cpu_count() || args[1] % sizeof(long))
		return -EINVAL;
	thread = thread_by_arg((int)args[0]);
	if (!thread)
		return -ESRCH;
	mask = thread->affinity & sched_online_mask();
	thread_put(thread);
	if (copy_to_user((void __user *)args[2], &mask, sizeof(mask)))
		return -EFAULT;
	return sizeof(mask);
}

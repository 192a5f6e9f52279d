/*
 * Resource limits and resource usage.
 */
#include <linux/capability.h>

#include "hw/irq.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/rusage.h"
#include "sys/syscall.h"
#include "sys/time/process_timers.h"

#define NOFILE_CEILING (1u << 20)

/* ---- CPU time ---- */

void process_time_get_locked(struct process *process, struct cpu_time *out)
{
	struct thread *thread;
	struct cpu_time time;

	*out = (struct cpu_time){process->runtime_ns, process->user_ns, process->system_ns};
	list_for_each_entry(thread, &process->threads, process_node) {
		thread_time_get(thread, &time);
		out->runtime += time.runtime;
		out->user += time.user;
		out->system += time.system;
	}
}

void process_time_get(struct process *process, struct cpu_time *out)
{
	irqflags_t flags = irqlock_lock(&process_lock);

	process_time_get_locked(process, out);
	irqlock_unlock(&process_lock, flags);
}

/* RLIMIT_CPU: SIGXCPU each second above the soft limit, SIGKILL at the hard one. */
static void cpu_limit_check(struct process *process, u64 limit_soft, u64 limit_hard, u64 seconds)
{
	siginfo_t info;

	if (seconds >= limit_hard) {
		signal_kill_process(process);
	} else if (seconds >= limit_soft && seconds != process->cpu_limit_warned_s) {
		process->cpu_limit_warned_s = seconds;
		signal_info_kernel(&info, SIGXCPU);
		(void)signal_send_process(process, SIGXCPU, &info);
	}
}

static void cpu_limit_tick(struct thread *thread)
{
	struct process *process = thread->process;
	u64 soft = READ_ONCE(process->limits[RLIMIT_CPU].rlim_cur);
	struct thread *other;
	irqflags_t flags;
	u64 runtime;

	if (likely(soft == RLIM64_INFINITY) || process == &process_zero)
		return;
	flags = irqlock_lock(&process->signal_lock);
	runtime = process->runtime_ns;
	list_for_each_entry(other, &process->threads, process_node)
		runtime += atomic_load_relaxed(&other->runtime_ns);
	irqlock_unlock(&process->signal_lock, flags);
	cpu_limit_check(process, soft, READ_ONCE(process->limits[RLIMIT_CPU].rlim_max),
			runtime / NSEC_PER_SEC);
}

void process_tick(struct thread *thread)
{
	process_timers_tick(thread);
	cpu_limit_tick(thread);
}

/* ---- usage ---- */

static void set_times(struct rusage *out, u64 user, u64 system)
{
	out->ru_utime.tv_sec = (long)(user / NSEC_PER_SEC);
	out->ru_utime.tv_usec = (long)(user % NSEC_PER_SEC / NSEC_PER_USEC);
	out->ru_stime.tv_sec = (long)(system / NSEC_PER_SEC);
	out->ru_stime.tv_usec = (long)(system % NSEC_PER_SEC / NSEC_PER_USEC);
}

static long kilobytes(u64 pages)
{
	return (long)(pages * (PAGE_SIZE / 1024));
}

/* process_lock held. */
static void usage_of_self(struct process *process, struct rusage *out)
{
	struct thread *thread;
	struct cpu_time time;

	memset(out, 0, sizeof(*out));
	process_time_get_locked(process, &time);
	set_times(out, time.user, time.system);
	out->ru_minflt = (long)process->minor_faults;
	out->ru_majflt = (long)process->major_faults;
	out->ru_nvcsw = (long)process->switches_voluntary;
	out->ru_nivcsw = (long)process->switches_involuntary;
	list_for_each_entry(thread, &process->threads, process_node) {
		out->ru_minflt += (long)thread->minor_faults;
		out->ru_majflt += (long)thread->major_faults;
		out->ru_nvcsw += (long)thread->switches_voluntary;
		out->ru_nivcsw += (long)thread->switches_involuntary;
	}
	out->ru_maxrss = kilobytes(process->rss_peak_pages);
}

static void usage_of_children(const struct process *process, struct rusage *out)
{
	memset(out, 0, sizeof(*out));
	set_times(out, process->child_user_ns, process->child_system_ns);
	out->ru_minflt = (long)process->child_minor_faults;
	out->ru_majflt = (long)process->child_major_faults;
	out->ru_nvcsw = (long)process->child_switches_voluntary;
	out->ru_nivcsw = (long)process->child_switches_involuntary;
	out->ru_maxrss = kilobytes(process->child_rss_peak_pages);
}

void rusage_of_process_and_children(struct process *process, struct rusage *out)
{
	struct cpu_time time;
	long children = kilobytes(process->child_rss_peak_pages);

	usage_of_self(process, out);
	process_time_get_locked(process, &time);
	set_times(out, time.user + process->child_user_ns, time.system + process->child_system_ns);
	out->ru_minflt += (long)process->child_minor_faults;
	out->ru_majflt += (long)process->child_major_faults;
	out->ru_nvcsw += (long)process->child_switches_voluntary;
	out->ru_nivcsw += (long)process->child_switches_involuntary;
	if (children > out->ru_maxrss)
		out->ru_maxrss = children;
}

static void usage_of_thread(const struct thread *thread, struct rusage *out)
{
	struct cpu_time time;

	memset(out, 0, sizeof(*out));
	thread_time_get(thread, &time);
	set_times(out, time.user, time.system);
	out->ru_minflt = (long)thread->minor_faults;
	out->ru_majflt = (long)thread->major_faults;
	out->ru_nvcsw = (long)thread->switches_voluntary;
	out->ru_nivcsw = (long)thread->switches_involuntary;
}

SYSCALL(getrusage)
{
	struct process *self = process_current();
	struct mm_usage memory;
	struct rusage usage;
	irqflags_t flags;

	mm_usage_get(mm_current(), &memory);
	flags = irqlock_lock(&process_lock);
	switch ((int)args[0]) {
	case RUSAGE_SELF:
		usage_of_self(self, &usage);
		break;
	case RUSAGE_CHILDREN:
		usage_of_children(self, &usage);
		break;
	case RUSAGE_THREAD:
		usage_of_thread(thread_current(), &usage);
		break;
	default:
		irqlock_unlock(&process_lock, flags);
		return -EINVAL;
	}
	irqlock_unlock(&process_lock, flags);
	if ((int)args[0] != RUSAGE_CHILDREN && kilobytes(memory.rss_peak) > usage.ru_maxrss)
		usage.ru_maxrss = kilobytes(memory.rss_peak);
	return copy_to_user((void __user *)args[1], &usage, sizeof(usage));
}

/* ---- limits ---- */

u64 current_rlimit(unsigned int resource)
{
	return READ_ONCE(process_current()->limits[resource].rlim_cur);
}

/* The copies that mm checks against. */
static void limits_to_mm(struct process *process, unsigned int resource, u64 value)
{
	struct mm *mm;

	if (resource != RLIMIT_DATA && resource != RLIMIT_AS && resource != RLIMIT_STACK &&
	    resource != RLIMIT_MEMLOCK)
		return;
	mm = thread_mm_get(process->leader);
	if (!mm)
		return;
	if (resource == RLIMIT_DATA)
		mm->data_limit = value;
	else if (resource == RLIMIT_AS)
		mm->as_limit = value;
	else if (resource == RLIMIT_STACK)
		mm->stack_limit = value;
	else
		mm->memlock_limit = value;
	mm_put(mm);
}

static int limit_check(const struct rlimit64 *old, const struct rlimit64 *new,
		       unsigned int resource)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && new->rlim_max > NOFILE_CEILING)
		return -EPERM;
	if (new->rlim_max > old->rlim_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

static int limit_exchange(struct process *process, unsigned int resource,
			  const struct rlimit64 *new, struct rlimit64 *old)
{
	int err = 0;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	spin_lock(&process->limits_lock);
	*old = process->limits[resource];
	if (new) {
		err = limit_check(old, new, resource);
		if (!err)
			process->limits[resource] = *new;
	}
	spin_unlock(&process->limits_lock);
	if (new && !err)
		limits_to_mm(process, resource, new->rlim_cur);
	return err;
}

SYSCALL(getrlimit)
{
	struct rlimit64 limit;
	int err = limit_exchange(process_current(), (unsigned int)args[0], NULL, &limit);

	return err ? err : copy_to_user((void __user *)args[1], &limit, sizeof(limit));
}

SYSCALL(setrlimit)
{
	struct rlimit64 limit, old;

	if (copy_from_user(&limit, (const void __user *)args[1], sizeof(limit)))
		return -EFAULT;
	return limit_exchange(process_current(), (unsigned int)args[0], &limit, &old);
}

/* Another process's limits belong to its owner. */
static int limits_may_access(struct process *process)
{
	const struct cred *mine = current_cred(), *theirs;
	bool allowed;

	if (process == process_current() || capable(CAP_SYS_RESOURCE))
		return 0;
	theirs = thread_cred_get(process->leader);
	allowed = mine->uid == theirs->uid && mine->uid == theirs->euid &&
		  mine->uid == theirs->suid && mine->gid == theirs->gid &&
		  mine->gid == theirs->egid && mine->gid == theirs->sgid;
	cred_put(theirs);
	return allowed ? 0 : -EPERM;
}

SYSCALL(prlimit64)
{
	int pid = (int)args[0];
	struct rlimit64 new, old;
	struct process *process;
	int err;

	if (args[2] && copy_from_user(&new, (const void __user *)args[2], sizeof(new)))
		return -EFAULT;
	process = process_find(pid ? pid : process_current()->pid);
	if (!process)
		return -ESRCH;
	err = limits_may_access(process);
	if (!err)
		err = limit_exchange(process, (unsigned int)args[1], args[2] ? &new : NULL, &old);
	process_put(process);
	if (!err && args[3])
		err = copy_to_user((void __user *)args[3], &old, sizeof(old));
	return err;
}

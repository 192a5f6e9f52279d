/*
 * wait4 and waitid: a parent looks among its children for one that ended, stopped or went on.
 */
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/pidfd.h"
#include "sys/process_int.h"
#include "sys/rusage.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"

#include <linux/fcntl.h>
#include <linux/wait.h>

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000u
#endif

struct wait_request {
	int which; /* P_ALL, P_PID, P_PGID, P_PIDFD */
	int id;
	const struct process *process; /* of a P_PIDFD */
	unsigned int
	    options; /* WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT, __WALL, __WCLONE */
	/* Results, when a child was found: */
	int pid;
	u32 uid;
	int status; /* as wait4 has it */
	int code;   /* CLD_* */
	struct rusage usage;
	struct process *reaped; /* the caller puts it */
};

static bool child_matches(const struct process *child, const struct wait_request *request)
{
	bool clone = child->leader->exit_signal != SIGCHLD;

	if (request->which == P_PID && child->pid != request->id)
		return false;
	if (request->which == P_PIDFD && child != request->process)
		return false;
	if (request->which == P_PGID && child->pgid != request->id)
		return false;
	return (request->options & __WALL) || clone == !!(request->options & __WCLONE);
}

static void fill(struct wait_request *request, struct process *child, int status, int code)
{
	request->pid = child->pid;
	request->uid = child->leader->cred->uid;
	request->status = status;
	request->code = code;
	rusage_of_process_and_children(child, &request->usage);
}

/* The child's accounts become part of the parent's. */
static void account_child(struct process *parent, const struct process *child)
{
	u64 peak = child->rss_peak_pages > child->child_rss_peak_pages
		       ? child->rss_peak_pages
		       : child->child_rss_peak_pages;

	parent->child_user_ns += child->user_ns + child->child_user_ns;
	parent->child_system_ns += child->system_ns + child->child_system_ns;
	parent->child_minor_faults += child->minor_faults + child->child_minor_faults;
	parent->child_major_faults += child->major_faults + child->child_major_faults;
	parent->child_switches_voluntary +=
	    child->switches_voluntary + child->child_switches_voluntary;
	parent->child_switches_involuntary +=
	    child->switches_involuntary + child->child_switches_involuntary;
	if (peak > parent->child_rss_peak_pages)
		parent->child_rss_peak_pages = peak;
}

static bool take_zombie(struct process *parent, struct process *child, struct wait_request *request)
{
	fill(request, child, child->exit_code, child->exit_code & 0x7f ? CLD_KILLED : CLD_EXITED);
	if (request->options & WNOWAIT)
		return true;
	account_child(parent, child);
	process_table_remove(child);
	request->reaped = child;
	return true;
}

/* process_lock held. */
static bool take_child(struct process *parent, struct process *child, struct wait_request *request)
{
	bool keep = request->options & WNOWAIT;

	if (child->zombie)
		return (request->options & WEXITED) && take_zombie(parent, child, request);
	if ((request->options & WSTOPPED) && child->wait_stopped && child->group_stop) {
		fill(request, child, child->wait_stop_signal << 8 | 0x7f, CLD_STOPPED);
		child->wait_stopped = keep;
		return true;
	}
	if ((request->options & WCONTINUED) && child->wait_continued) {
		fill(request, child, 0xffff, CLD_CONTINUED);
		child->wait_continued = keep;
		return true;
	}
	return false;
}

/* 1: found, 0: none yet, -ECHILD. */
static int scan_children(struct wait_request *request)
{
	struct process *parent = process_current(), *child;
	irqflags_t flags = irqlock_lock(&process_lock);
	int result = -ECHILD;

	list_for_each_entry(child, &parent->children, sibling) {
		if (!child_matches(child, request))
			continue;
		result = 0;
		if (take_child(parent, child, request)) {
			result = 1;
			break;
		}
	}
	irqlock_unlock(&process_lock, flags);
	return result;
}

/* 1: found (request's results are set), 0: none with WNOHANG, or an error. */
static int wait_for_child(struct wait_request *request)
{
	int found = 0, err;

	request->reaped = NULL;
	if (request->options & WNOHANG) {
		found = scan_children(request);
	} else {
		err = wait_event_interruptible(&process_current()->child_wait,
					       (found = scan_children(request)) != 0);
		if (err)
			return err;
	}
	if (request->reaped) {
		process_put(request->reaped);
		sched_reap();
	}
	return found;
}

SYSCALL(wait4)
{
	int pid = (int)args[0];
	unsigned int options = (unsigned int)args[2];
	struct wait_request request = {.options = options | WEXITED};
	int found;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT_MIN)
		return -ESRCH;
	request.which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	request.id = pid > 0 ? pid : pid ? -pid : process_current()->pgid;
	found = wait_for_child(&request);
	if (found <= 0)
		return found;
	if (args[1] && put_user(request.status, (int __user *)args[1]))
		return -EFAULT;
	if (args[3] && copy_to_user((void __user *)args[3], &request.usage, sizeof(request.usage)))
		return -EFAULT;
	return request.pid;
}

static int status_of_waitid(const struct wait_request *request)
{
	switch (request->code) {
	case CLD_EXITED:
		return (request->status >> 8) & 0xff;
	case CLD_STOPPED:
		return (request->status >> 8) & 0xff;
	case CLD_CONTINUED:
		return SIGCONT;
	default:
		return request->status & 0x7f;
	}
}

/* The process whose pidfd the request's id is; a file that does not block waits for nothing. */
static int wait_by_pidfd(struct wait_request *request)
{
	bool wait = !(request->options & WNOHANG);
	struct fd_ref ref;
	int found = -EBADF;

	if (request->id < 0)
		return -EINVAL;
	ref = fd_borrow(request->id);
	request->process = pidfd_process(ref.file);
	if (request->process) {
		if (ref.file->flags & O_NONBLOCK)
			request->options |= WNOHANG;
		found = wait_for_child(request);
		if (!found && wait)
			found = -EAGAIN;
	}
	fd_return(ref);
	return found;
}

SYSCALL(waitid)
{
	struct wait_request request = {
	    .which = (int)args[0], .id = (int)args[1], .options = (unsigned int)args[3]};
	siginfo_t info;
	int found;

	if (request.options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
				__WCLONE | __WALL))
		return -EINVAL;
	if (!(request.options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (request.which) {
	case P_ALL:
	case P_PIDFD:
		break;
	case P_PID:
		if (request.id <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if (request.id < 0)
			return -EINVAL;
		if (request.id == 0)
			request.id = process_current()->pgid;
		break;
	default:
		return -EINVAL;
	}
	found = request.which == P_PIDFD ? wait_by_pidfd(&request) : wait_for_child(&request);
	if (found < 0)
		return found;
	memset(&info, 0, sizeof(info));
	if (found) {
		info.si_signo = SIGCHLD;
		info.si_code = request.code;
		info.si_pid = request.pid;
		info.si_uid = request.uid;
		info.si_status = status_of_waitid(&request);
	}
	if (args[2] && copy_to_user((void __user *)args[2], &info, sizeof(info)))
		return -EFAULT;
	if (found && args[4] &&
	    copy_to_user((void __user *)args[4], &request.usage, sizeof(request.usage)))
		return -EFAULT;
	return 0;
}

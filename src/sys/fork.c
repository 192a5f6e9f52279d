/*
 * Making threads and processes: fork, vfork, clone, clone3 are one operation with different things
 * shared.
 *
 * Everything that can fail happens before the child is in any table; from then on it only has to be
 * made runnable.
 */
#include "arch/abi.h"
#include "hw/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/mutex.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/pidfd.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"

#include <linux/capability.h>
#include <linux/sched.h>

#define CLONE_NAMESPACES                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

struct fork_request {
	u64 flags; /* CLONE_* */
	int exit_signal;
	unsigned long stack; /* 0: the parent's */
	unsigned long tls;
	int __user *parent_tid, *child_tid;
	int __user *pidfd; /* CLONE_PIDFD: where its number goes */
};

static int request_check(const struct fork_request *request)
{
	u64 flags = request->flags;

	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_NEWNS) && (flags & CLONE_FS))
		return -EINVAL;
	/* There are no namespaces: what Linux says when they are configured out. */
	if (flags & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) || (flags & CLONE_NEWUSER) ? -EINVAL : -EPERM;
	if ((flags & CLONE_PARENT) && process_current()->init)
		return -EINVAL;
	if ((flags & CLONE_INTO_CGROUP) ||
	    ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD))))
		return -EINVAL;
	if ((flags & CLONE_CLEAR_SIGHAND) && (flags & CLONE_SIGHAND))
		return -EINVAL;
	if (request->exit_signal < 0 || request->exit_signal > SIGNAL_COUNT)
		return -EINVAL;
	return 0;
}

/* ---- what the child gets; each is undone by child_discard() ---- */

static int copy_files(struct thread *child, u64 flags)
{
	struct file_table *files = thread_current()->files;

	if (!files)
		return 0;
	if (flags & CLONE_FILES) {
		file_table_get(files);
		child->files = files;
		return 0;
	}
	child->files = file_table_dup(files);
	return child->files ? 0 : -ENOMEM;
}

static int copy_fs(struct thread *child, u64 flags)
{
	struct fs_context *fs = current_fs();

	if (flags & CLONE_FS) {
		atomic_inc(&fs->refs);
		child->fs = fs;
		return 0;
	}
	child->fs = fs_context_dup(fs);
	return child->fs ? 0 : -ENOMEM;
}

static int copy_mm(struct thread *child, u64 flags)
{
	struct mm *mm = thread_current()->mm;

	if (!mm)
		return 0;
	if (flags & CLONE_VM) {
		mm_get(mm);
		child->mm = mm;
		return 0;
	}
	return mm_fork(mm, &child->mm);
}

static void copy_signals(struct thread *child, u64 flags)
{
	struct thread *self = thread_current();

	child->blocked = self->restore_blocked ? self->saved_blocked : self->blocked;
	if (!(flags & CLONE_VM) || (flags & CLONE_VFORK)) {
		child->alt_stack = self->alt_stack;
		child->alt_stack_size = self->alt_stack_size;
		child->alt_stack_flags = self->alt_stack_flags;
	}
}

static void copy_scheduling(struct thread *child)
{
	const struct thread *self = thread_current();

	child->affinity = self->affinity;
	child->policy = self->policy;
	child->nice = self->nice;
	child->rt_priority = self->rt_priority;
	if (self->reset_on_fork) {
		if (sched_policy_realtime(self->policy))
			child->policy = SCHED_NORMAL;
		child->rt_priority = 0;
		child->nice = self->nice < 0 ? 0 : self->nice;
	}
	child->weight = sched_weight(child->policy, child->nice);
	child->vruntime = self->vruntime;
	child->wake_parks = self->wake_parks;
}

static struct process *process_copy(u64 flags)
{
	struct process *parent = process_current();
	struct process *child = process_alloc();
	struct sighand *sighand = NULL;

	if (!child)
		return NULL;
	if (flags & CLONE_SIGHAND) {
		sighand = parent->sighand;
		sighand_get(sighand);
	} else if (!(flags & CLONE_CLEAR_SIGHAND)) {
		sighand = sighand_dup(parent->sighand);
		if (!sighand) {
			process_put(child);
			return NULL;
		}
	}
	if (sighand) {
		sighand_put(child->sighand);
		child->sighand = sighand;
	}
	if (flags & CLONE_CLEAR_SIGHAND)
		for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
			if (parent->sighand->actions[i].handler == (unsigned long)SIG_IGN)
				child->sighand->actions[i].handler = (unsigned long)SIG_IGN;
	spin_lock(&parent->limits_lock);
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	spin_unlock(&parent->limits_lock);
	child->dumpable = parent->dumpable;
	child->personality = parent->personality;
	child->oom_score_adj = parent->oom_score_adj;
	return child;
}

/* Takes apart a child that never ran and is in no table. */
static void child_discard(struct thread *child)
{
	struct mm *mm = child->mm;

	child->mm = NULL;
	if (mm)
		mm_put(mm);
	if (child->files)
		file_table_put(child->files);
	child->files = NULL;
	if (child->fs)
		fs_context_put(child->fs);
	child->fs = NULL;
	thread_put(child);
}

static void child_first_run(void)
{
	struct thread *self = thread_current();

	sched_first_run();
	if (self->set_child_tid)
		(void)put_user(self->tid, (int __user *)self->set_child_tid);
}

static int child_make(const struct fork_request *request, struct process *process,
		      struct thread **out)
{
	struct thread *self = thread_current();
	struct thread *child = thread_alloc(process);
	u64 flags = request->flags;
	int err;

	if (!child)
		return -ENOMEM;
	memcpy(child->name, self->name, sizeof(child->name));
	cred_put(child->cred);
	child->cred = self->cred;
	cred_get(child->cred);
	copy_scheduling(child);
	copy_signals(child, flags);
	child->exit_signal = request->exit_signal;
	child->set_child_tid = flags & CLONE_CHILD_SETTID ? (u32 __user *)request->child_tid : NULL;
	child->clear_child_tid =
	    flags & CLONE_CHILD_CLEARTID ? (u32 __user *)request->child_tid : NULL;
	err = copy_files(child, flags);
	if (!err)
		err = copy_fs(child, flags);
	if (!err)
		err = copy_mm(child, flags);
	if (!err)
		err = arch_thread_init_fork(&child->arch, child->stack, &self->arch, request->stack,
					    flags & CLONE_SETTLS, request->tls, child_first_run);
	if (err) {
		child_discard(child);
		return err;
	}
	*out = child;
	return 0;
}

/* ---- joining the tables ---- */

/* Threads of the caller's user, for RLIMIT_NPROC; process_lock held. */
static u64 user_thread_count(u32 uid)
{
	struct process *process;
	u64 n = 0;

	list_for_each_entry(process, &process_list, all_node) {
		const struct thread *leader = process->leader;
		if (READ_ONCE(leader->cred)->uid == uid)
			n += process->thread_count ? process->thread_count : 1;
	}
	return n;
}

/* process_lock held. */
static int limits_check(void)
{
	u64 limit = current_rlimit(RLIMIT_NPROC);

	if (threads_are_too_many())
		return -EAGAIN;
	if (limit == RLIM64_INFINITY || current_cred()->uid == 0 || capable(CAP_SYS_RESOURCE) ||
	    capable(CAP_SYS_ADMIN))
		return 0;
	return user_thread_count(current_cred()->uid) >= limit ? -EAGAIN : 0;
}

static void join_family(struct process *process, struct thread *leader, u64 flags)
{
	struct process *current = process_current();
	struct process *parent = flags & CLONE_PARENT ? current->parent : current;

	if (flags & CLONE_PARENT)
		leader->exit_signal = current->leader->exit_signal;
	process->pid = leader->tid;
	process->leader = leader;
	thread_get(leader);
	process->parent = parent;
	process_get(parent);
	list_add_tail(&process->sibling, &parent->children);
	process->has_child_subreaper = parent->has_child_subreaper || parent->subreaper;
	process->tty = current->tty;
	process_group_set(process, current->pgid);
	process_session_set(process, current->sid);
	process->start_ns = leader->start_ns;
	process_table_add(process);
}

/* Gives the child its id and its place. A signal that must end the parent, or a group exit, comes
 * first. */
static int child_publish(struct thread *child, const struct fork_request *request)
{
	struct process *process = child->process;
	bool thread = request->flags & CLONE_THREAD;
	irqflags_t flags = irqlock_lock(&process_lock), inner;
	int err = limits_check();
	int id;

	if (!err && (thread_fatal_signal_pending() || process_current()->exiting))
		err = -ERESTARTNOINTR;
	id = err ? err : id_alloc();
	if (id < 0) {
		irqlock_unlock(&process_lock, flags);
		return id;
	}
	child->tid = id;
	inner = irqlock_lock(&process->signal_lock);
	if (thread && process->exiting) {
		irqlock_unlock(&process->signal_lock, inner);
		id_release(id);
		irqlock_unlock(&process_lock, flags);
		return -ERESTARTNOINTR;
	}
	list_add_tail(&child->process_node, &process->threads);
	process->thread_count++;
	if (process->group_stop)
		thread_work_set(child, THREAD_WORK_SIGNAL);
	irqlock_unlock(&process->signal_lock, inner);
	thread_table_add(child);
	if (!thread)
		join_family(process, child, request->flags);
	irqlock_unlock(&process_lock, flags);
	return 0;
}

/* ---- vfork ---- */

/* Waits until the child has let go of the address space; a killed parent does not. */
static void vfork_wait(struct thread *child, struct completion *done)
{
	if (!completion_wait_killable(done))
		return;
	spin_lock(&child->lock);
	child->vfork_done = NULL;
	spin_unlock(&child->lock);
}

/* CLONE_PIDFD: the file, and its place in the parent's table alone, since the child's is made. */
static int pidfd_prepare(const struct fork_request *request, struct process *process, int *fd,
			 struct file **file)
{
	int err;

	*fd = -1;
	if (!(request->flags & CLONE_PIDFD))
		return 0;
	err = pidfd_create(process, 0, file);
	if (err)
		return err;
	*fd = fd_reserve(0, true);
	err = *fd < 0 ? *fd : put_user(*fd, request->pidfd);
	if (!err)
		return 0;
	if (*fd >= 0)
		fd_cancel(*fd);
	file_put(*file);
	return err;
}

/* Result: the child's id as the parent sees it. */
static long fork_thread(const struct fork_request *request)
{
	struct process *process = process_current();
	struct completion vfork_done;
	struct thread *child;
	struct file *pidfile = NULL;
	int err = request_check(request);
	int tid, pidfd;

	if (err)
		return err;
	if (request->flags & CLONE_THREAD) {
		process_get(process);
	} else {
		process = process_copy(request->flags);
		if (!process)
			return -ENOMEM;
	}
	err = child_make(request, process, &child);
	if (err) {
		process_put(process);
		return err;
	}
	if (request->flags & CLONE_VFORK) {
		completion_init(&vfork_done);
		child->vfork_done = &vfork_done;
	}
	err = pidfd_prepare(request, process, &pidfd, &pidfile);
	if (!err) {
		err = child_publish(child, request);
		if (err && pidfd >= 0) {
			fd_cancel(pidfd);
			file_put(pidfile);
		}
	}
	if (err) {
		child->vfork_done = NULL;
		child_discard(child);
		process_put(process);
		return err;
	}
	/* A process's first reference is that of the tables; a thread brought its own. */
	if (request->flags & CLONE_THREAD)
		process_put(process);
	if (pidfd >= 0)
		fd_publish(pidfd, pidfile);
	tid = child->tid;
	if (request->flags & CLONE_PARENT_SETTID)
		(void)put_user(tid, request->parent_tid);
	thread_get(child);
	if (request->flags & CLONE_VFORK)
		thread_current()->wake_parks = 3;
	sched_add_new(child);
	if (request->flags & CLONE_VFORK)
		vfork_wait(child, &vfork_done);
	thread_put(child);
	return tid;
}

SYSCALL(fork)
{
	struct fork_request request = {.exit_signal = SIGCHLD};
	return fork_thread(&request);
}

SYSCALL(vfork)
{
	struct fork_request request = {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD};
	return fork_thread(&request);
}

SYSCALL(clone)
{
	struct fork_request request = {
	    .flags = (u32)args[0] & ~(u64)CSIGNAL,
	    .exit_signal = (int)(args[0] & CSIGNAL),
	    .stack = args[1],
	    .parent_tid = (int __user *)args[2],
	    .pidfd = (int __user *)args[2], /* so not both */
	    .child_tid = (int __user *)args[ARCH_CLONE_ARG_CHILD_TID],
	    .tls = args[ARCH_CLONE_ARG_TLS],
	};
	if ((request.flags & CLONE_PIDFD) && (request.flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return fork_thread(&request);
}

SYSCALL(clone3)
{
	char __user *user = (char __user *)args[0];
	size_t size = args[1], known = sizeof(struct clone_args);
	struct clone_args clone_args;
	struct fork_request request;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(&clone_args, 0, sizeof(clone_args));
	if (copy_from_user(&clone_args, user, size < known ? size : known))
		return -EFAULT;
	for (size_t i = known; i < size; i++) {
		char byte;
		if (get_user(byte, user + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	if (clone_args.set_tid_size || clone_args.set_tid)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (clone_args.flags & (CLONE_DETACHED | CSIGNAL) || clone_args.exit_signal & ~(u64)CSIGNAL)
		return -EINVAL;
	if ((clone_args.flags & (CLONE_THREAD | CLONE_PARENT)) && clone_args.exit_signal)
		return -EINVAL;
	if (!clone_args.stack != !clone_args.stack_size)
		return -EINVAL;
	request = (struct fork_request){
	    .flags = clone_args.flags,
	    .exit_signal = (int)clone_args.exit_signal,
	    .stack = clone_args.stack ? clone_args.stack + clone_args.stack_size : 0,
	    .tls = clone_args.tls,
	    .parent_tid = (int __user *)clone_args.parent_tid,
	    .pidfd = (int __user *)clone_args.pidfd,
	    .child_tid = (int __user *)clone_args.child_tid,
	};
	return fork_thread(&request);
}

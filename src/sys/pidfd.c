/*
 * pidfd: a file that means one process for good, whatever becomes of its number. pidfd_open(2).
 *
 * The file pins the process: the structure stays, all else of it may go. So its other fields are
 * looked at only under process_lock, after seeing that the process is still in the tables.
 */
#include "sys/pidfd.h"

#include "lib/errno.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/procfs_int.h"
#include "sys/signal_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/pidfd.h>

static unsigned int pidfd_poll(struct file *file, struct poll_table *table)
{
	struct process *process = file->private;
	irqflags_t flags;
	bool ended;

	poll_wait(file, &process->exit_wait, table);
	flags = irqlock_lock(&process_lock);
	ended = process->zombie;
	irqlock_unlock(&process_lock, flags);
	return ended ? EPOLLIN | EPOLLRDNORM : 0;
}

static void pidfd_release(struct file *file)
{
	process_unpin(file->private);
}

static const struct file_ops pidfd_ops = {.poll = pidfd_poll, .release = pidfd_release};

int pidfd_create(struct process *process, u32 flags, struct file **out)
{
	int err;

	process_pin(process);
	err = file_create_anonymous("anon_inode:[pidfd]", 0, &pidfd_ops, process,
				    O_RDWR | (flags & O_NONBLOCK), out);
	if (err)
		process_unpin(process);
	return err;
}

struct process *pidfd_process(const struct file *file)
{
	return file && file->ops == &pidfd_ops ? file->private : NULL;
}

int pidfd_show_id(const struct file *file)
{
	const struct process *process = pidfd_process(file);
	irqflags_t flags;
	int pid;

	if (!process)
		return 0;
	flags = irqlock_lock(&process_lock);
	pid = process_in_tables(process) ? process->pid : -1;
	irqlock_unlock(&process_lock, flags);
	return pid;
}

SYSCALL(pidfd_open)
{
	int pid = (int)args[0];
	struct process *process;
	struct thread *thread;
	struct file *file;
	int fd;

	if (pid <= 0 || (args[1] & ~(unsigned long)PIDFD_NONBLOCK))
		return -EINVAL;
	process = process_find(pid);
	if (!process) {
		thread = thread_find(pid); /* one that is no process's first */
		if (!thread)
			return -ESRCH;
		thread_put(thread);
		return -EINVAL;
	}
	fd = pidfd_create(process, args[1] ? O_NONBLOCK : 0, &file);
	process_put(process);
	if (fd)
		return fd;
	fd = fd_install(file, 0, true);
	if (fd < 0)
		file_put(file);
	return fd;
}

/* The signal of a siginfo that the caller may make up: as rt_sigqueueinfo(2). */
static int info_get(siginfo_t *info, const void __user *user, const struct process *to, int sig)
{
	if (copy_from_user(info, user, sizeof(*info)))
		return -EFAULT;
	if (info->si_signo != sig)
		return -EINVAL;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && to != process_current())
		return -EPERM;
	return 0;
}

static int send(struct process *process, int sig, const siginfo_t *info)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	int err = process_in_tables(process) ? signal_may_send(process, sig) : -ESRCH;

	if (!err)
		err = signal_send_process(process, sig, info);
	irqlock_unlock(&process_lock, flags);
	return err;
}

SYSCALL(pidfd_send_signal)
{
	int sig = (int)args[1], err = 0;
	struct fd_ref ref;
	struct process *process;
	siginfo_t info;

	if (args[3])
		return -EINVAL;
	ref = fd_borrow((int)args[0]);
	process = pidfd_process(ref.file);
	if (!process)
		err = -EBADF;
	else if (args[2])
		err = info_get(&info, (const void __user *)args[2], process, sig);
	else if (sig != 0 && !signal_valid(sig))
		err = -EINVAL;
	if (!err)
		err = sig != 0 && !signal_valid(sig) ? -EINVAL
						     : send(process, sig, args[2] ? &info : NULL);
	fd_return(ref);
	return err;
}

/* The process's first thread, referenced, if it has not been waited for. */
static struct thread *leader_get(struct process *process)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct thread *leader = process_in_tables(process) ? process->leader : NULL;

	if (leader)
		thread_get(leader);
	irqlock_unlock(&process_lock, flags);
	return leader;
}

static int getfd(struct process *process, int target)
{
	struct thread *leader = leader_get(process);
	struct file_table *table;
	struct file *file = NULL;
	int fd = -EPERM;

	if (!leader)
		return -ESRCH;
	if (procfs_may_inspect(leader)) {
		table = thread_files_get(leader);
		if (table) {
			file = file_table_get_file(table, target);
			file_table_put(table);
		}
		fd = !table ? -ESRCH : file ? fd_install(file, 0, true) : -EBADF;
		if (file && fd < 0)
			file_put(file);
	}
	thread_put(leader);
	return fd;
}

SYSCALL(pidfd_getfd)
{
	struct fd_ref ref;
	struct process *process;
	int fd;

	if (args[2])
		return -EINVAL;
	ref = fd_borrow((int)args[0]);
	process = pidfd_process(ref.file);
	fd = process ? getfd(process, (int)args[1]) : -EBADF;
	fd_return(ref);
	return fd;
}

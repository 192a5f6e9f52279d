/*
 * signalfd: signals read from a file instead of handled. A reader takes signals that are pending
 * for itself (the thread or its process), not for whoever made the file; they must be blocked, or
 * they are handled before they can be read.
 */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/poll.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>

struct signalfd {
	signal_set_t mask; /* atomic */
};

static void info_convert(struct signalfd_siginfo *out, const siginfo_t *info)
{
	memset(out, 0, sizeof(*out));
	out->ssi_signo = (u32)info->si_signo;
	out->ssi_errno = info->si_errno;
	out->ssi_code = info->si_code;
	if (info->si_signo == SIGCHLD) {
		out->ssi_pid = (u32)info->si_pid;
		out->ssi_uid = info->si_uid;
		out->ssi_status = info->si_status;
		out->ssi_utime = (u64)info->si_utime;
		out->ssi_stime = (u64)info->si_stime;
	} else if (info->si_code == SI_TIMER) {
		out->ssi_tid = (u32)info->si_tid;
		out->ssi_overrun = (u32)info->si_overrun;
		out->ssi_ptr = (unsigned long)info->si_value.sival_ptr;
		out->ssi_int = info->si_value.sival_int;
	} else if (info->si_code > 0 && (signal_bit(info->si_signo) & SIGNALS_SYNCHRONOUS)) {
		out->ssi_addr = (unsigned long)info->si_addr;
	} else {
		out->ssi_pid = (u32)info->si_pid;
		out->ssi_uid = info->si_uid;
		if (info->si_code < 0) {
			out->ssi_ptr = (unsigned long)info->si_value.sival_ptr;
			out->ssi_int = info->si_value.sival_int;
		}
	}
}

static int take(const struct signalfd *s, siginfo_t *info)
{
	struct thread *self = thread_current();
	irqflags_t flags = irqlock_lock(&self->process->signal_lock);
	int sig = signal_dequeue(self, READ_ONCE(s->mask), info);

	signal_recalculate(self);
	irqlock_unlock(&self->process->signal_lock, flags);
	return sig;
}

static ssize_t signalfd_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct signalfd *s = file->private;
	struct signalfd_siginfo out;
	ssize_t done = 0;
	siginfo_t info;

	if (uio->resid < sizeof(out))
		return -EINVAL;
	while (uio->resid >= sizeof(out)) {
		if (!take(s, &info)) {
			int err = 0, sig = 0;

			if (done)
				break;
			if (file->flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(&process_current()->signal_wait,
						       (sig = take(s, &info)) != 0);
			if (err)
				return err;
		}
		info_convert(&out, &info);
		if (uio_copy_out(uio, &out, sizeof(out)) != sizeof(out))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(out);
	}
	return done;
}

static unsigned int signalfd_poll(struct file *file, struct poll_table *table)
{
	const struct signalfd *s = file->private;
	struct thread *self = thread_current();
	irqflags_t flags;
	bool ready;

	poll_wait(file, &self->process->signal_wait, table);
	flags = irqlock_lock(&self->process->signal_lock);
	ready = (self->pending.set | self->process->pending.set) & READ_ONCE(s->mask);
	irqlock_unlock(&self->process->signal_lock, flags);
	return ready ? EPOLLIN | EPOLLRDNORM : 0;
}

static void signalfd_release(struct file *file)
{
	kfree(file->private);
}

static const struct file_ops signalfd_ops = {
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
};

static long signalfd_make(signal_set_t mask, int flags)
{
	struct signalfd *s = kmalloc(sizeof(*s), MM_NORMAL);
	struct file *file;
	int err;

	if (!s)
		return -ENOMEM;
	s->mask = mask;
	err = file_create_anonymous("anon_inode:[signalfd]", 0, &signalfd_ops, s,
				    O_RDWR | (flags & SFD_NONBLOCK), &file);
	if (err) {
		kfree(s);
		return err;
	}
	err = fd_install(file, 0, flags & SFD_CLOEXEC);
	if (err < 0)
		file_put(file);
	return err;
}

static long signalfd_change(int fd, signal_set_t mask)
{
	struct file *file = fd_get(fd);
	long result = fd;

	if (!file)
		return -EBADF;
	if (file->ops == &signalfd_ops) {
		WRITE_ONCE(((struct signalfd *)file->private)->mask, mask);
		wake_all(&process_current()->signal_wait);
	} else {
		result = -EINVAL;
	}
	file_put(file);
	return result;
}

static long signalfd_call(const unsigned long args[6], int flags)
{
	signal_set_t mask;

	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK) || args[2] != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, (const void __user *)args[1], sizeof(mask)))
		return -EFAULT;
	mask &= ~SIGNALS_UNBLOCKABLE;
	return (int)args[0] == -1 ? signalfd_make(mask, flags)
				  : signalfd_change((int)args[0], mask);
}

SYSCALL(signalfd)
{
	return signalfd_call(args, 0);
}

SYSCALL(signalfd4)
{
	return signalfd_call(args, (int)args[3]);
}

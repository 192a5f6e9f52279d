/* Descriptors: open, close, dup, fcntl, ioctl, pipe and their kin. */
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/sigio.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/pipe.h"
#include "vfs/poll.h"
#include "vfs/tmpfs.h"

#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <asm/ioctls.h>

/* The bit that is O_TMPFILE's alone. */
#define O_KNOWN                                                                                    \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC |     \
	 O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_SYNC |      \
	 O_PATH | O_TMPFILE | FASYNC)

/* Checks flags and opens into a new descriptor. */
static long open_fd(int dirfd, const char __user *user, struct vfs_open_how *how)
{
	struct path_name name;
	struct file *file;
	int fd, err;

	if (how->flags & O_PATH)
		how->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (how->flags & __O_TMPFILE) {
		if ((how->flags & O_TMPFILE) != O_TMPFILE || (how->flags & O_ACCMODE) == O_RDONLY ||
		    (how->flags & O_CREAT))
			return -EINVAL;
	}
	err = path_name_from_user(user, 0, &name);
	if (err)
		return err;
	fd = fd_reserve(0, how->flags & O_CLOEXEC);
	if (fd < 0) {
		path_name_put(&name);
		return fd;
	}
	err = vfs_open(dirfd, name.name, how, &file);
	if (err) {
		fd_cancel(fd);
	} else {
		file->flags &= ~(u32)O_CLOEXEC;
		fd_publish(fd, file);
	}
	path_name_put(&name);
	return err ? err : fd;
}

/* What open, openat and creat add or ignore. */
static long open_plain(int dirfd, const char __user *user, unsigned long flags, unsigned long mode)
{
	struct vfs_open_how how = {.flags = ((u32)flags & O_KNOWN) | O_LARGEFILE,
				   .mode = (u32)mode & 07777};

	return open_fd(dirfd, user, &how);
}

SYSCALL(open)
{
	return open_plain(AT_FDCWD, (const char __user *)args[0], args[1], args[2]);
}

SYSCALL(openat)
{
	return open_plain((int)args[0], (const char __user *)args[1], args[2], args[3]);
}

SYSCALL(creat)
{
	return open_plain(AT_FDCWD, (const char __user *)args[0], O_CREAT | O_WRONLY | O_TRUNC,
			  args[1]);
}

static int resolve_flags(u64 resolve, unsigned int *flags)
{
	static const struct {
		u64 resolve;
		unsigned int flag;
	} map[] = {
	    {RESOLVE_NO_XDEV, LOOKUP_NO_XDEV},
	    {RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGICLINKS},
	    {RESOLVE_NO_SYMLINKS, LOOKUP_NO_SYMLINKS},
	    {RESOLVE_BENEATH, LOOKUP_BENEATH},
	    {RESOLVE_IN_ROOT, LOOKUP_IN_ROOT},
	};

	if (resolve & RESOLVE_CACHED) /* would have to promise not to wait */
		return -EAGAIN;
	if ((resolve & RESOLVE_BENEATH) && (resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	*flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (resolve & map[i].resolve) {
			*flags |= map[i].flag;
			resolve &= ~map[i].resolve;
		}
	return resolve ? -EINVAL : 0;
}

SYSCALL(openat2)
{
	struct vfs_open_how how = {};
	struct open_how user = {};
	size_t size = args[3];
	u8 rest;
	int err;

	if (size < sizeof(user))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_user(&user, (const void __user *)args[2], sizeof(user)))
		return -EFAULT;
	/* Fields that we do not know must be zero. */
	for (size_t i = sizeof(user); i < size; i++) {
		if (get_user(rest, (const u8 __user *)args[2] + i))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	if ((user.flags & ~(u64)O_KNOWN) || (user.mode & ~07777ull))
		return -EINVAL;
	if (user.mode && !(user.flags & (O_CREAT | __O_TMPFILE)))
		return -EINVAL;
	if ((user.flags & O_PATH) &&
	    (user.flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	err = resolve_flags(user.resolve, &how.resolve);
	if (err)
		return err;
	how.flags = (u32)user.flags | O_LARGEFILE;
	how.mode = (u32)user.mode;
	return open_fd((int)args[0], (const char __user *)args[1], &how);
}

SYSCALL(close)
{
	int err = fd_close((int)args[0]);

	/* The descriptor is gone: closing again would close somebody else's. */
	return err == -ERESTARTSYS || err == -ERESTARTNOINTR ? -EINTR : err;
}

/* A table of our own, if others share ours. */
static int unshare_files(void)
{
	struct thread *self = thread_current();
	struct file_table *old = self->files, *copy;

	if (file_table_refs(old) == 1)
		return 0;
	copy = file_table_dup(old);
	if (!copy)
		return -ENOMEM;
	spin_lock(&self->lock);
	self->files = copy;
	spin_unlock(&self->lock);
	file_table_put(old);
	return 0;
}

SYSCALL(close_range)
{
	u32 first = (u32)args[0], last = (u32)args[1], flags = (u32)args[2];

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		int err = unshare_files();

		if (err)
			return err;
	}
	return fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

/* ---- dup ---- */

static long dup_at_least(int fd, int minimum, bool close_on_exec)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = fd_install(file, minimum, close_on_exec);
	if (result < 0)
		file_put(file);
	return result;
}

static long dup_to(int fd, int to, bool close_on_exec)
{
	struct file *file = fd_get(fd);
	int err;

	if (!file)
		return -EBADF;
	err = fd_replace(to, file, close_on_exec);
	if (err)
		file_put(file);
	return err ? err : to;
}

SYSCALL(dup)
{
	return dup_at_least((int)args[0], 0, false);
}

SYSCALL(dup2)
{
	if ((int)args[0] == (int)args[1]) {
		int err = fd_get_close_on_exec((int)args[0]);

		return err < 0 ? err : (int)args[0];
	}
	return dup_to((int)args[0], (int)args[1], false);
}

SYSCALL(dup3)
{
	if ((args[2] & ~(unsigned long)O_CLOEXEC) || (int)args[0] == (int)args[1])
		return -EINVAL;
	return dup_to((int)args[0], (int)args[1], args[2] & O_CLOEXEC);
}

/* ---- files without names ---- */

/* Installs two files and tells the user; on error both are put. */
static long install_pair(struct file *const files[2], bool close_on_exec, int __user *user)
{
	int fds[2], err = 0;

	fds[0] = fd_reserve(0, close_on_exec);
	fds[1] = fds[0] < 0 ? fds[0] : fd_reserve(0, close_on_exec);
	if (fds[1] < 0)
		err = fds[1];
	else
		err = copy_to_user(user, fds, sizeof(fds));
	for (int i = 0; i < 2; i++) {
		if (!err) {
			fd_publish(fds[i], files[i]);
			continue;
		}
		if (fds[i] >= 0)
			fd_cancel(fds[i]);
		file_put(files[i]);
	}
	return err;
}

static long pipe_fds(int __user *user, unsigned long flags)
{
	struct file *files[2];
	int err;

	if (flags & ~(unsigned long)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create((u32)flags, &files[0], &files[1]);
	return err ? err : install_pair(files, flags & O_CLOEXEC, user);
}

SYSCALL(pipe)
{
	return pipe_fds((int __user *)args[0], 0);
}

SYSCALL(pipe2)
{
	return pipe_fds((int __user *)args[0], args[1]);
}

static long install_new(struct file *file, int err, bool close_on_exec)
{
	long fd;

	if (err)
		return err;
	fd = fd_install(file, 0, close_on_exec);
	if (fd < 0)
		file_put(file);
	return fd;
}

SYSCALL(eventfd2)
{
	struct file *file = NULL;
	int err = eventfd_create((unsigned int)args[0], (u32)args[1], &file);

	return install_new(file, err, args[1] & O_CLOEXEC);
}

SYSCALL(eventfd)
{
	struct file *file = NULL;
	int err = eventfd_create((unsigned int)args[0], 0, &file);

	return install_new(file, err, false);
}

SYSCALL(epoll_create1)
{
	struct file *file = NULL;

	if (args[0] & ~(unsigned long)O_CLOEXEC)
		return -EINVAL;
	int err = epoll_open(&file);

	return install_new(file, err, args[0] & O_CLOEXEC);
}

SYSCALL(epoll_create)
{
	struct file *file = NULL;
	int err;

	if ((int)args[0] <= 0)
		return -EINVAL;
	err = epoll_open(&file);
	return install_new(file, err, false);
}

#define MEMFD_NAME_MAX 249

SYSCALL(memfd_create)
{
	char name[MEMFD_NAME_MAX + 8] = "memfd:"; /* as /proc/PID/maps shows it */
	struct file *file = NULL;
	ssize_t length;

	if (args[1] & ~(unsigned long)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	length = strncpy_from_user(name + 6, (const char __user *)args[0], MEMFD_NAME_MAX + 1);
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	int err = vfs_memfd_create(name, args[1] & MFD_ALLOW_SEALING, &file);

	return install_new(file, err, args[1] & MFD_CLOEXEC);
}

/* ---- ioctl ---- */

static long ioctl_set_flag(struct file *file, int fd, u32 flag, unsigned long arg)
{
	int on;

	if (get_user(on, (const int __user *)arg))
		return -EFAULT;
	if (flag == FASYNC)
		return sigio_set(file, fd, on);
	spin_lock(&file->lock);
	file->flags = on ? file->flags | flag : file->flags & ~flag;
	spin_unlock(&file->lock);
	return 0;
}

static long ioctl_any(struct file *file, int fd, unsigned int cmd, unsigned long arg)
{
	long result;

	switch (cmd) {
	case FIOCLEX:
		return fd_set_close_on_exec(fd, true);
	case FIONCLEX:
		return fd_set_close_on_exec(fd, false);
	case FIONBIO:
		return ioctl_set_flag(file, fd, O_NONBLOCK, arg);
	case FIOASYNC:
		return ioctl_set_flag(file, fd, FASYNC, arg);
	}
	result = file->ops->ioctl ? file->ops->ioctl(file, cmd, arg) : -ENOTTY;
	if (result != -ENOTTY && result != -ENOIOCTLCMD)
		return result;
	if (cmd == FIONREAD && S_ISREG(file->inode->mode))
		return put_user((int)(inode_size(file->inode) - file->pos), (int __user *)arg);
	if (cmd == FIGETBSZ && file->path.dentry)
		return put_user((int)file->inode->super->block_size, (int __user *)arg);
	return -ENOTTY;
}

SYSCALL(ioctl)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY))
		result = ioctl_any(ref.file, (int)args[0], (unsigned int)args[1], args[2]);
	fd_return(ref);
	return result;
}

/* ---- fcntl ---- */

static long fcntl_set_flags(struct file *file, int fd, u32 flags)
{
	const u32 changeable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

	if ((flags & O_NOATIME) && !(file->flags & O_NOATIME) &&
	    !inode_owner_or_capable(file->inode))
		return -EPERM;
	if ((file->flags & O_APPEND) && !(flags & O_APPEND) && (file->inode->flags & INODE_APPEND))
		return -EPERM;
	spin_lock(&file->lock);
	file->flags = (file->flags & ~changeable) | (flags & changeable);
	spin_unlock(&file->lock);
	return sigio_set(file, fd, flags & FASYNC);
}

/* struct flock to a range: whence, and lengths below zero. */
static int flock_decode(struct file *file, const struct flock *user, struct flock_request *request)
{
	loff_t base;

	switch (user->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = file->pos;
		break;
	case SEEK_END:
		base = inode_size(file->inode);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, user->l_start, &request->start))
		return -EOVERFLOW;
	if (request->start < 0)
		return -EINVAL;
	if (!user->l_len) {
		request->end = S64_MAX;
	} else if (user->l_len > 0) {
		if (__builtin_add_overflow(request->start, user->l_len - 1, &request->end))
			return -EOVERFLOW;
	} else {
		request->end = request->start - 1;
		if (__builtin_add_overflow(request->start, user->l_len, &request->start) ||
		    request->start < 0)
			return -EINVAL;
	}
	request->type = user->l_type;
	request->pid = process_current()->pid;
	return user->l_type == F_RDLCK || user->l_type == F_WRLCK || user->l_type == F_UNLCK
		   ? 0
		   : -EINVAL;
}

static long fcntl_lock(struct file *file, unsigned int cmd, struct flock __user *arg)
{
	struct flock_request request = {
	    .ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW,
	    .wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW,
	};
	struct flock user;
	int err;

	if (copy_from_user(&user, arg, sizeof(user)))
		return -EFAULT;
	if (request.ofd && user.l_pid)
		return -EINVAL;
	err = flock_decode(file, &user, &request);
	if (err)
		return err;
	if (cmd != F_GETLK && cmd != F_OFD_GETLK) {
		if ((request.type == F_RDLCK && !(file->mode & FILE_READ)) ||
		    (request.type == F_WRLCK && !(file->mode & FILE_WRITE)))
			return -EBADF;
		return locks_posix_set(file, &request);
	}
	if (request.type == F_UNLCK)
		return -EINVAL;
	err = locks_posix_get(file, &request);
	if (err)
		return err;
	user.l_type = request.type;
	if (request.type != F_UNLCK) {
		user.l_whence = SEEK_SET;
		user.l_start = request.start;
		user.l_len = request.end == S64_MAX ? 0 : request.end - request.start + 1;
		user.l_pid = request.pid;
	}
	return copy_to_user(arg, &user, sizeof(user));
}

static bool fcntl_allowed_on_path(unsigned int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD ||
	       cmd == F_GETFL;
}

static long fcntl_file(struct file *file, int fd, unsigned int cmd, unsigned long arg)
{
	struct pipe *pipe;

	if ((file->mode & FILE_PATH_ONLY) && !fcntl_allowed_on_path(cmd))
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= current_rlimit(RLIMIT_NOFILE))
			return -EINVAL;
		return dup_at_least(fd, (int)arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_close_on_exec(fd);
	case F_SETFD:
		return fd_set_close_on_exec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return (long)file->flags;
	case F_SETFL:
		return fcntl_set_flags(file, fd, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(file, cmd, (struct flock __user *)arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
		return sigio_fcntl(file, cmd, arg);
	case F_GET_SEALS:
		return tmpfs_seals_get(file);
	case F_ADD_SEALS:
		return tmpfs_seals_add(file, (u32)arg);
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		pipe = pipe_of_file(file);
		if (!pipe)
			return -EBADF;
		return cmd == F_GETPIPE_SZ ? pipe_capacity(pipe)
					   : pipe_set_capacity(pipe, (unsigned int)arg);
	}
	return -EINVAL;
}

SYSCALL(fcntl)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file)
		result = fcntl_file(ref.file, (int)args[0], (unsigned int)args[1], args[2]);
	fd_return(ref);
	return result;
}

SYSCALL(flock)
{
	/* A reference for the time of the wait: another thread may close the descriptor. */
	struct file *file = fd_get((int)args[0]);
	long result = -EBADF;

	if (file && !(file->mode & FILE_PATH_ONLY))
		result = locks_flock(file, (int)args[1]);
	if (file)
		file_put(file);
	return result;
}

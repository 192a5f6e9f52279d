/* stat and its kin, statfs, getdents. */
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/sys_cred.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/stat.h>
#include <asm/statfs.h>

unsigned int at_lookup_flags(unsigned int at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
	       (at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

/* ---- stat ---- */

static long stat_to_user(const struct vfs_stat *from, struct stat __user *user)
{
	struct stat st = {
	    .st_dev = dev_encode(from->dev_major, from->dev_minor),
	    .st_ino = from->ino,
	    .st_nlink = from->nlink,
	    .st_mode = from->mode,
	    .st_uid = from->uid,
	    .st_gid = from->gid,
	    .st_rdev = dev_encode(from->rdev_major, from->rdev_minor),
	    .st_size = (__typeof__(((struct stat *)0)->st_size))from->size,
	    .st_blksize = (__typeof__(((struct stat *)0)->st_blksize))from->block_size,
	    .st_blocks = (__typeof__(((struct stat *)0)->st_blocks))from->blocks,
	    .st_atime = (__typeof__(((struct stat *)0)->st_atime))from->atime.sec,
	    .st_atime_nsec = from->atime.nsec,
	    .st_mtime = (__typeof__(((struct stat *)0)->st_mtime))from->mtime.sec,
	    .st_mtime_nsec = from->mtime.nsec,
	    .st_ctime = (__typeof__(((struct stat *)0)->st_ctime))from->ctime.sec,
	    .st_ctime_nsec = from->ctime.nsec,
	};

	return copy_to_user(user, &st, sizeof(st));
}

static int stat_fd(int fd, struct vfs_stat *out)
{
	struct fd_ref ref = fd_borrow(fd);
	int err = -EBADF;

	if (ref.file)
		err = vfs_stat_file(ref.file, out);
	fd_return(ref);
	return err;
}

/* fd alone: AT_EMPTY_PATH with an empty name means the descriptor itself, whatever it is. */
static int stat_name(int dirfd, const char __user *user, unsigned int at_flags,
		     struct vfs_stat *out)
{
	struct path_name name;
	struct path path;
	int err = path_name_from_user(user, at_lookup_flags(at_flags), &name);

	if (err)
		return err;
	if (!*name.name && dirfd != AT_FDCWD) {
		err = stat_fd(dirfd, out);
	} else {
		err = path_lookup(dirfd, name.name, at_lookup_flags(at_flags), &path);
		if (!err) {
			err = vfs_stat_path(&path, out);
			path_put(&path);
		}
	}
	path_name_put(&name);
	return err;
}

static long stat_at(int dirfd, const char __user *user, unsigned int at_flags,
		    struct stat __user *out)
{
	struct vfs_stat st;
	int err;

	if (at_flags & ~(unsigned int)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = stat_name(dirfd, user, at_flags, &st);
	return err ? err : stat_to_user(&st, out);
}

SYSCALL(stat)
{
	return stat_at(AT_FDCWD, (const char __user *)args[0], 0, (struct stat __user *)args[1]);
}

SYSCALL(lstat)
{
	return stat_at(AT_FDCWD, (const char __user *)args[0], AT_SYMLINK_NOFOLLOW,
		       (struct stat __user *)args[1]);
}

SYSCALL(newfstatat)
{
	return stat_at((int)args[0], (const char __user *)args[1], (unsigned int)args[3],
		       (struct stat __user *)args[2]);
}

SYSCALL(fstat)
{
	struct vfs_stat st;
	int err = stat_fd((int)args[0], &st);

	return err ? err : stat_to_user(&st, (struct stat __user *)args[1]);
}

static struct statx_timestamp statx_time(struct timespec64 time)
{
	return (struct statx_timestamp){.tv_sec = time.sec, .tv_nsec = time.nsec};
}

SYSCALL(statx)
{
	unsigned int flags = (unsigned int)args[2], mask = (unsigned int)args[3];
	struct statx out = {};
	struct vfs_stat st;
	int err;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(unsigned int)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
				    AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = stat_name((int)args[0], (const char __user *)args[1], flags, &st);
	if (err)
		return err;
	out.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (st.has_btime ? STATX_BTIME : 0);
	out.stx_blksize = (u32)st.block_size;
	out.stx_attributes = st.attributes;
	out.stx_attributes_mask = st.attributes_mask;
	out.stx_nlink = st.nlink;
	out.stx_uid = st.uid;
	out.stx_gid = st.gid;
	out.stx_mode = (u16)st.mode;
	out.stx_ino = st.ino;
	out.stx_size = st.size;
	out.stx_blocks = st.blocks;
	out.stx_atime = statx_time(st.atime);
	out.stx_mtime = statx_time(st.mtime);
	out.stx_ctime = statx_time(st.ctime);
	if (st.has_btime)
		out.stx_btime = statx_time(st.btime);
	out.stx_rdev_major = st.rdev_major;
	out.stx_rdev_minor = st.rdev_minor;
	out.stx_dev_major = st.dev_major;
	out.stx_dev_minor = st.dev_minor;
	out.stx_mnt_id = st.mount_id;
	return copy_to_user((void __user *)args[4], &out, sizeof(out));
}

/* ---- access ---- */

static long access_at(int dirfd, const char __user *user, unsigned long mode, unsigned int at_flags)
{
	const struct cred *old = NULL;
	struct path path;
	int err;

	if ((mode & ~7ul) ||
	    (at_flags & ~(unsigned int)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(at_flags & AT_EACCESS)) {
		err = cred_real_ids_enter(&old);
		if (err)
			return err;
	}
	err = path_lookup_user(dirfd, user, at_lookup_flags(at_flags), &path);
	if (!err) {
		/* MAY_* have the values of R_OK, W_OK and X_OK. */
		if (mode)
			err = vfs_access(&path, (unsigned int)mode);
		path_put(&path);
	}
	cred_real_ids_leave(old);
	return err;
}

SYSCALL(access)
{
	return access_at(AT_FDCWD, (const char __user *)args[0], args[1], 0);
}

SYSCALL(faccessat)
{
	return access_at((int)args[0], (const char __user *)args[1], args[2], 0);
}

SYSCALL(faccessat2)
{
	return access_at((int)args[0], (const char __user *)args[1], args[2],
			 (unsigned int)args[3]);
}

/* ---- statfs ---- */

static long statfs_path(const struct path *path, struct statfs __user *user)
{
	struct fs_statistics fs;
	struct statfs out = {};
	int err = vfs_statfs(path, &fs);

	if (err)
		return err;
	out.f_type = (__typeof__(out.f_type))fs.magic;
	out.f_bsize = (__typeof__(out.f_bsize))fs.block_size;
	out.f_blocks = fs.blocks;
	out.f_bfree = fs.free_blocks;
	out.f_bavail = fs.available_blocks;
	out.f_files = fs.files;
	out.f_ffree = fs.free_files;
	out.f_fsid.val[0] = (int)fs.fsid[0];
	out.f_fsid.val[1] = (int)fs.fsid[1];
	out.f_namelen = (__typeof__(out.f_namelen))fs.name_max;
	out.f_frsize = (__typeof__(out.f_frsize))fs.fragment_size;
	/* ST_VALID, and the mount's own flags, which have statfs's values. */
	out.f_flags =
	    (__typeof__(out.f_flags))(0x20 | path->mount->flags |
				      (mount_is_read_only(path->mount) ? MOUNT_RDONLY : 0));
	return copy_to_user(user, &out, sizeof(out));
}

SYSCALL(statfs)
{
	struct path path;
	long result =
	    path_lookup_user(AT_FDCWD, (const char __user *)args[0], LOOKUP_FOLLOW, &path);

	if (result)
		return result;
	result = statfs_path(&path, (struct statfs __user *)args[1]);
	path_put(&path);
	return result;
}

SYSCALL(fstatfs)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && ref.file->path.dentry)
		result = statfs_path(&ref.file->path, (struct statfs __user *)args[1]);
	else if (ref.file)
		result = -ENOSYS; /* pipes and the like have no volume to tell of */
	fd_return(ref);
	return result;
}

/* ---- getdents ---- */

/* The kernel's records, which no UAPI header has. */
struct dirent64 {
	u64 ino;
	s64 next; /* the position after this entry */
	u16 length;
	u8 type;
	char name[];
};
struct dirent_old {
	unsigned long ino, next;
	u16 length;
	char name[]; /* with the type in the record's last byte */
};

struct getdents {
	struct dir_context ctx;
	char __user *at, *previous; /* previous: the last record, whose next is not known yet */
	size_t room;
	bool old;
	int error;
};

static size_t next_offset(const struct getdents *g)
{
	return g->old ? offsetof(struct dirent_old, next) : offsetof(struct dirent64, next);
}

/* Both kinds of record, made in one buffer so that one copy moves it. */
static bool getdents_emit(struct dir_context *ctx, const char *name, u32 name_length, loff_t offset,
			  u64 ino, unsigned int type)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	char record[sizeof(struct dirent64) + NAME_MAX_LENGTH + 16] __aligned(8);
	size_t head = g->old ? offsetof(struct dirent_old, name) : offsetof(struct dirent64, name);
	size_t length = round_up(head + name_length + (g->old ? 2 : 1), sizeof(long));

	if (length > g->room) {
		g->error = g->previous ? 0 : -EINVAL;
		return false;
	}
	if (g->previous && put_user((s64)ctx->pos, (s64 __user *)(g->previous + next_offset(g)))) {
		g->error = -EFAULT;
		return false;
	}
	if (g->old) {
		struct dirent_old *d = (struct dirent_old *)record;

		*d = (struct dirent_old){.ino = ino, .length = (u16)length};
	} else {
		struct dirent64 *d = (struct dirent64 *)record;

		d->ino = ino;
		d->next = 0;
		d->length = (u16)length;
		d->type = (u8)type;
	}
	memcpy(record + head, name, name_length);
	memset(record + head + name_length, 0, length - head - name_length);
	if (g->old)
		record[length - 1] = (char)type;
	if (copy_to_user(g->at, record, length)) {
		g->error = -EFAULT;
		return false;
	}
	g->previous = g->at;
	g->at += length;
	g->room -= length;
	return true;
}

static long getdents(const unsigned long args[6], bool old)
{
	struct getdents g = {
	    .ctx.emit = getdents_emit,
	    .at = (char __user *)args[1],
	    .room = min_t(size_t, args[2], 0x7fffffff),
	    .old = old,
	};
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file)
		result = vfs_readdir(ref.file, &g.ctx);
	if (g.previous) {
		/* What was listed counts, whatever came then. */
		result = g.at - (char __user *)args[1];
		if (put_user((s64)g.ctx.pos, (s64 __user *)(g.previous + next_offset(&g))))
			result = -EFAULT;
	} else if (!result && g.error) {
		result = g.error;
	}
	fd_return(ref);
	return result;
}

SYSCALL(getdents64)
{
	return getdents(args, false);
}

SYSCALL(getdents)
{
	return getdents(args, true);
}

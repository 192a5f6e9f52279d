/*
 * Open file descriptions: their life, their position, and what read and write do before and after
 * the file's own operation.
 *
 * The position of a description is locked only when somebody else could use it at the same moment:
 * with one reference in all there is one descriptor, in a table that has one user (see fd_borrow),
 * and the lock would guard nothing.
 */
#include "vfs/file.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <asm/signal.h>

#define FILES_MAX    (1u << 17)
#define RW_COUNT_MAX (0x7fffffff & ~(PAGE_SIZE - 1)) /* what one read or write moves at most */

static struct slab_cache *file_slab;
static u32 file_count; /* atomic */

int file_alloc(u32 flags, struct file **out)
{
	struct file *file;

	if (atomic_add_fetch(&file_count, 1) > FILES_MAX) {
		atomic_dec(&file_count);
		return -ENFILE;
	}
	file = slab_alloc(file_slab, MM_ZERO);
	if (!file) {
		atomic_dec(&file_count);
		return -ENOMEM;
	}
	file->refs = 1;
	file->flags = flags;
	if (!(flags & O_PATH)) {
		u32 access = flags & O_ACCMODE;

		if (access == O_RDONLY || access == O_RDWR)
			file->mode |= FILE_READ;
		if (access == O_WRONLY || access == O_RDWR)
			file->mode |= FILE_WRITE;
	}
	spin_init(&file->lock, "file");
	mutex_init(&file->pos_lock, "file position");
	list_init(&file->epoll_items);
	file->cred = current_cred();
	cred_get(file->cred);
	*out = file;
	return 0;
}

void file_free(struct file *file)
{
	cred_put(file->cred);
	slab_free(file_slab, file);
	atomic_dec(&file_count);
}

u32 file_count_open(void)
{
	return atomic_load(&file_count);
}

void file_get(struct file *file)
{
	u32 before = atomic_fetch_add(&file->refs, 1);

	ASSERT_NE(before, 0);
	(void)before;
}

static void file_release(struct file *file)
{
	struct inode *inode = file->inode;

	if (!list_empty(&file->epoll_items))
		epoll_file_release(file);
	if (file->async)
		file->async->release(file);
	if (unlikely(inode->locks != NULL))
		locks_release_description(file);
	if ((file->mode & FILE_MODE_OPENED) && file->ops->release)
		file->ops->release(file);
	if (file->mode & FILE_MODE_WRITER) {
		atomic_fetch_sub(&inode->write_count, 1);
		mount_drop_write(file->path.mount);
	}
	if (file->path.dentry)
		path_put(&file->path);
	else
		inode_put(inode);
	file_free(file);
}

void file_put(struct file *file)
{
	u32 before = atomic_fetch_sub(&file->refs, 1);

	ASSERT_NE(before, 0);
	if (before == 1)
		file_release(file);
}

int file_close(struct file *file, const void *table_owner)
{
	int err = 0;

	if (file->ops && file->ops->flush)
		err = file->ops->flush(file);
	if (unlikely(file->inode->locks != NULL) && !(file->mode & FILE_PATH_ONLY))
		locks_release_files(file, table_owner);
	file_put(file);
	return err;
}

int file_create_anonymous(const char *name, u32 mode, const struct file_ops *ops, void *private,
			  u32 open_flags, struct file **out)
{
	struct file *file;
	int err = file_alloc(open_flags, &file);

	if (err)
		return err;
	err = inode_anonymous(mode, &file->inode);
	if (err) {
		file_free(file);
		return err;
	}
	file->anonymous = name;
	file->ops = ops;
	file->private = private;
	file->mode |= FILE_STREAM | FILE_MODE_OPENED;
	*out = file;
	return 0;
}

int file_path_get(struct file *file, struct path *out)
{
	if (file->path.dentry) {
		*out = file->path;
		path_get(out);
		return 0;
	}
	inode_ref(file->inode);
	out->dentry = dentry_make_root(file->inode);
	if (!out->dentry) {
		inode_put(file->inode);
		return -ENOMEM;
	}
	out->mount = mount_anonymous;
	mount_get(out->mount);
	return 0;
}

/* ---- text busy ---- */

/* inode->write_count: writers when positive, running programs when negative. */
int inode_write_count_get(struct inode *inode)
{
	s32 n = atomic_load(&inode->write_count);

	do {
		if (n < 0)
			return -ETXTBSY;
	} while (!atomic_cmpxchg(&inode->write_count, &n, n + 1));
	return 0;
}

int file_deny_write(struct file *file)
{
	s32 n = atomic_load(&file->inode->write_count);

	do {
		if (n > 0)
			return -ETXTBSY;
	} while (!atomic_cmpxchg(&file->inode->write_count, &n, n - 1));
	return 0;
}

void file_allow_write(struct file *file)
{
	atomic_fetch_add(&file->inode->write_count, 1);
}

/* ---- position ---- */

loff_t file_seek_to(struct file *file, loff_t target, loff_t max)
{
	if (target < 0 || target > max)
		return -EINVAL;
	file->pos = target;
	return target;
}

loff_t file_seek_generic(struct file *file, loff_t offset, int whence)
{
	loff_t size = inode_size(file->inode), max = file->inode->super->max_file_size, target;

	switch (whence) {
	case SEEK_SET:
		target = offset;
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow(file->pos, offset, &target))
			return -EOVERFLOW;
		break;
	case SEEK_END:
		if (__builtin_add_overflow(size, offset, &target))
			return -EOVERFLOW;
		break;
	case SEEK_DATA: /* no holes are known at this level: all is data up to the end */
	case SEEK_HOLE:
		if (offset < 0 || offset >= size)
			return -ENXIO;
		target = whence == SEEK_DATA ? offset : size;
		break;
	default:
		return -EINVAL;
	}
	return file_seek_to(file, target, max);
}

/* Only files and directories: a read of a device may wait for ever, and others share its file. */
bool file_pos_lock(struct file *file) __no_lock_analysis
{
	u32 mode = file->inode->mode;

	if ((file->mode & FILE_STREAM) || (!S_ISREG(mode) && !S_ISDIR(mode)) ||
	    atomic_load(&file->refs) == 1)
		return false;
	mutex_lock(&file->pos_lock);
	return true;
}

void file_pos_unlock(struct file *file, bool locked) __no_lock_analysis
{
	if (locked)
		mutex_unlock(&file->pos_lock);
}

loff_t file_seek(struct file *file, loff_t offset, int whence)
{
	loff_t result;
	bool locked;

	if (file->mode & FILE_PATH_ONLY)
		return -EBADF;
	if (file->mode & FILE_STREAM)
		return -ESPIPE;
	locked = file_pos_lock(file);
	result = file->ops->seek ? file->ops->seek(file, offset, whence)
				 : file_seek_generic(file, offset, whence);
	file_pos_unlock(file, locked);
	return result;
}

/* ---- read and write ---- */

static int rw_check(const struct file *file, const struct uio *uio, const loff_t *pos)
{
	if (pos && (file->mode & FILE_STREAM))
		return -ESPIPE;
	if (pos && *pos < 0)
		return -EINVAL;
	if (uio->resid > (size_t)S64_MAX || (pos && (loff_t)uio->resid > S64_MAX - *pos))
		return -EINVAL;
	return 0;
}

ssize_t file_read(struct file *file, struct uio *uio, loff_t *pos, int rwf_flags)
{
	bool own = !pos, locked;
	ssize_t n;
	int err;

	if (!(file->mode & FILE_READ))
		return -EBADF;
	if (unlikely(!file->ops->read))
		return S_ISDIR(file->inode->mode) ? -EISDIR : -EINVAL;
	err = rw_check(file, uio, pos);
	if (err)
		return err;
	if ((rwf_flags & RWF_NOWAIT) && file->ops->read != pagecache_file_read)
		return -EOPNOTSUPP;
	uio_truncate(uio, RW_COUNT_MAX);
	uio->rwf_flags = rwf_flags;
	locked = own && file_pos_lock(file);
	n = file->ops->read(file, uio, own ? &file->pos : pos);
	file_pos_unlock(file, locked);
	return n;
}

ssize_t file_write(struct file *file, struct uio *uio, loff_t *pos, int rwf_flags)
{
	bool own = !pos, locked;
	ssize_t n;
	int err;

	if (!(file->mode & FILE_WRITE))
		return -EBADF;
	if (unlikely(!file->ops->write))
		return -EINVAL;
	err = rw_check(file, uio, pos);
	if (err)
		return err;
	uio_truncate(uio, RW_COUNT_MAX);
	uio->rwf_flags = rwf_flags;
	if (S_ISREG(file->inode->mode) && unlikely(atomic_load(&file->inode->super->frozen)))
		super_wait_thawed(file->inode->super);
	locked = own && file_pos_lock(file);
	n = file->ops->write(file, uio, own ? &file->pos : pos);
	file_pos_unlock(file, locked);
	return n;
}

ssize_t file_read_kernel(struct file *file, void *buf, size_t n, loff_t *pos)
{
	struct uio uio;

	uio_init_kernel(&uio, buf, n);
	return file_read(file, &uio, pos, 0);
}

ssize_t file_write_kernel(struct file *file, const void *buf, size_t n, loff_t *pos)
{
	struct uio uio;

	uio_init_kernel(&uio, (void *)buf, n);
	return file_write(file, &uio, pos, 0);
}

int file_write_limit(struct file *file, loff_t *pos, struct uio *uio)
{
	u64 limit = current_rlimit(RLIMIT_FSIZE);
	u64 max = (u64)file->inode->super->max_file_size;

	if (!uio->resid)
		return 0;
	if (unlikely((u64)*pos >= limit && S_ISREG(file->inode->mode))) {
		current_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	if ((u64)*pos >= max)
		return -EFBIG;
	uio_truncate(uio, min_t(u64, uio->resid, min(limit, max) - (u64)*pos));
	return 0;
}

bool file_write_is_sync(const struct file *file, const struct uio *uio)
{
	return (file->flags & O_DSYNC) || (uio->rwf_flags & (RWF_DSYNC | RWF_SYNC)) ||
	       (atomic_load_relaxed(&file->inode->super->flags) & SUPER_SYNC) ||
	       (file->inode->flags & INODE_SYNC);
}

int file_fsync_generic(struct file *file, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = file->inode;
	int err = pagecache_write_and_wait(&inode->mapping, start, end), err2;

	err2 = inode_write_fields(inode, datasync, true);
	return err ? err : err2;
}

int vfs_fsync(struct file *file, loff_t start, loff_t end, bool datasync)
{
	int err, err2;

	if (file->mode & FILE_PATH_ONLY)
		return -EBADF;
	if (!file->ops->fsync)
		return -EINVAL;
	err = file->ops->fsync(file, start, end, datasync);
	err2 = writeback_error_check(&file->inode->mapping.writeback_error,
				     &file->writeback_error_seen);
	return err2 ? err2 : err;
}

void file_init(void)
{
	file_slab = slab_cache_create("file", sizeof(struct file), 16);
}

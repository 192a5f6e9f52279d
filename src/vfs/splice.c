/*
 * Moving bytes between files inside the kernel: sendfile, copy_file_range, splice, tee.
 *
 * From a file on the page cache, bytes go straight from the cache's pages to the other file's
 * write; from anything else, through a page of our own. Into a pipe, bytes are read into the pipe's
 * own new pages. A pipe's bytes are taken only as far as the other side took them.
 */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "vfs/file_int.h"
#include "vfs/inode_int.h"
#include "vfs/pagecache_int.h"
#include "vfs/pipe.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#define SPLICE_NONBLOCK 2 /* SPLICE_F_NONBLOCK, which is in no UAPI header */
#define SPLICE_ALL      15
#define MOVE_MAX        (0x7fffffff & ~(PAGE_SIZE - 1))

static bool is_cached(const struct file *file)
{
	return file->ops->read == pagecache_file_read && !file->inode->mapping.ops->memory;
}

/* One page's worth from a file on the page cache, at *pos. Bytes taken by out; 0 at the end of the
 * file. */
static ssize_t move_cached_page(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
				size_t n)
{
	struct page_mapping *mapping = &in->inode->mapping;
	size_t offset = (u64)*in_pos % PAGE_SIZE;
	loff_t size = inode_size(in->inode);
	struct page *page;
	ssize_t moved;
	int err;

	if (*in_pos >= size)
		return 0;
	n = min(min(n, PAGE_SIZE - offset), (size_t)(size - *in_pos));
	err =
	    pagecache_read_ahead_page(mapping, &in->readahead, (u64)*in_pos / PAGE_SIZE, 16, &page);
	if (err)
		return err;
	moved = file_write_kernel(out, (char *)page_address(page) + offset, n, out_pos);
	page_put(page);
	if (moved > 0)
		*in_pos += moved;
	return moved;
}

/* The same through a buffer of one page. What out does not take of it is given back by moving the
 * position. */
static ssize_t move_through(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			    size_t n, void *buffer)
{
	ssize_t got, moved;

	n = min(n, PAGE_SIZE);
	got = file_read_kernel(in, buffer, n, in->mode & FILE_STREAM ? NULL : in_pos);
	if (got <= 0)
		return got;
	moved = file_write_kernel(out, buffer, (size_t)got, out_pos);
	if (!(in->mode & FILE_STREAM))
		*in_pos -= got - (moved > 0 ? moved : 0);
	return moved;
}

static ssize_t move(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t n)
{
	struct page *buffer = NULL;
	ssize_t done = 0, moved = 0;

	if (!is_cached(in)) {
		buffer = page_alloc(0, MM_NORMAL);
		if (!buffer)
			return -ENOMEM;
	}
	n = min(n, (size_t)MOVE_MAX);
	while ((size_t)done < n) {
		size_t want = n - (size_t)done;

		if (buffer)
			moved = move_through(in, in_pos, out, out_pos, want, page_address(buffer));
		else
			moved = move_cached_page(in, in_pos, out, out_pos, want);
		if (moved <= 0)
			break;
		done += moved;
		if (thread_signal_pending())
			break;
		thread_yield_point();
	}
	if (buffer)
		page_put(buffer);
	if (done && !(in->flags & O_NOATIME))
		inode_accessed(in->inode, in->path.mount);
	return done ? done : moved;
}

/*
 * Runs move() with the file's own position where the caller gave none; a stream has none at all.
 * The position is not locked meanwhile: two that copy between the same files in opposite directions
 * would wait for each other.
 */
static ssize_t move_positioned(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			       size_t n)
{
	loff_t at = in_pos ? *in_pos : in->mode & FILE_STREAM ? 0 : in->pos;
	ssize_t moved = move(in, &at, out, out_pos, n);

	if (in_pos)
		*in_pos = at;
	else if (!(in->mode & FILE_STREAM))
		in->pos = at;
	return moved;
}

ssize_t vfs_sendfile(struct file *out, loff_t *out_pos, struct file *in, loff_t *in_pos, size_t n)
{
	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if (in_pos && (in->mode & FILE_STREAM))
		return -ESPIPE;
	if (in_pos && *in_pos < 0)
		return -EINVAL;
	if (S_ISDIR(in->inode->mode) || (in->mode & FILE_STREAM))
		return -EINVAL;
	if (out->flags & O_APPEND)
		return -EINVAL;
	return move_positioned(in, in_pos, out, out_pos, n);
}

ssize_t vfs_copy_file_range(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos,
			    size_t n)
{
	loff_t in_at = in_pos ? *in_pos : in->pos, out_at = out_pos ? *out_pos : out->pos;

	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE) || (out->flags & O_APPEND))
		return -EBADF;
	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
		return -EINVAL;
	if (in_at < 0 || out_at < 0)
		return -EINVAL;
	if (n > (size_t)(S64_MAX - in_at) || n > (size_t)(S64_MAX - out_at))
		return -EOVERFLOW;
	if (in->inode == out->inode && in_at < out_at + (loff_t)n && out_at < in_at + (loff_t)n)
		return -EINVAL;
	return move_positioned(in, in_pos, out, out_pos, n);
}

/* ---- splice ---- */

struct splice_end {
	struct file *file;
	loff_t *pos;
};

static ssize_t splice_take(void *arg, const void *data, size_t n)
{
	struct splice_end *end = arg;

	return file_write_kernel(end->file, data, n, end->pos);
}

static ssize_t splice_give(void *arg, void *data, size_t n)
{
	struct splice_end *end = arg;

	return file_read_kernel(end->file, data, n, end->pos);
}

ssize_t vfs_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t n,
		   unsigned int flags)
{
	struct pipe *from = pipe_of_file(in), *to = pipe_of_file(out);
	bool wait = !(flags & SPLICE_NONBLOCK);
	struct splice_end end;

	if (flags & ~(unsigned int)SPLICE_ALL)
		return -EINVAL;
	if (!n)
		return 0;
	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if ((from && in_pos) || (to && out_pos) || (in_pos && (in->mode & FILE_STREAM)) ||
	    (out_pos && (out->mode & FILE_STREAM)))
		return -ESPIPE;
	if ((out->flags & O_APPEND) || (!from && !to))
		return -EINVAL;
	if (from && to)
		return pipe_to_pipe(from, to, n, wait && !((in->flags | out->flags) & O_NONBLOCK),
				    false);
	n = min(n, (size_t)MOVE_MAX);
	if (from) {
		end = (struct splice_end){.file = out, .pos = out_pos};
		return pipe_drain(from, n, wait && !(in->flags & O_NONBLOCK), splice_take, &end);
	}
	end = (struct splice_end){.file = in, .pos = in_pos};
	return pipe_fill(to, n, wait && !(out->flags & O_NONBLOCK), splice_give, &end);
}

ssize_t vfs_tee(struct file *in, struct file *out, size_t n, unsigned int flags)
{
	struct pipe *from = pipe_of_file(in), *to = pipe_of_file(out);

	if (flags & ~(unsigned int)SPLICE_ALL)
		return -EINVAL;
	if (!n)
		return 0;
	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if (!from || !to)
		return -EINVAL;
	return pipe_to_pipe(from, to, n,
			    !(flags & SPLICE_NONBLOCK) && !((in->flags | out->flags) & O_NONBLOCK),
			    true);
}

/* The operations of the mounted volume: each a call or two of vfs. */
#include "fuse_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "common.h"
#include "host_cred.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/pagecache.h"
#include "vfs/xattr.h"

#include <linux/capability.h>

/* Nobody else changes the volume: what the kernel knows stays true. */
#define FOREVER 86400.0

bool fuse_fakeroot, fuse_read_only, fuse_all_permitted;
struct fuse_session *fuse_session;

/* ---- who asks, and where ---- */

struct worker {
	struct cred *cred;
	struct fs_context *fs; /* its working directory is the parent of the name at hand */
	char *buffer;          /* for reads */
	size_t room;
};

static pthread_key_t worker_key;
static pthread_once_t worker_once = PTHREAD_ONCE_INIT;

static void worker_end(void *arg)
{
	struct worker *worker = arg;

	host_set_thread_fs(NULL);
	host_set_thread_cred(NULL);
	cred_put(worker->cred);
	fs_context_put(worker->fs);
	free(worker->buffer);
	free(worker);
}

static void worker_make_key(void)
{
	pthread_key_create(&worker_key, worker_end);
}

static struct worker *worker_current(void)
{
	struct worker *worker;

	pthread_once(&worker_once, worker_make_key);
	worker = pthread_getspecific(worker_key);
	if (!worker) {
		worker = need_memory(sizeof(*worker));
		worker->fs = fs_context_dup(current_fs());
		worker->cred = cred_dup(current_cred());
		if (!worker->fs || !worker->cred) {
			report("no memory");
			abort();
		}
		pthread_setspecific(worker_key, worker);
	}
	return worker;
}

/* Makes the running thread work for who sent the request. */
static void enter(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct worker *worker = worker_current();
	u32 uid = fuse_fakeroot ? 0 : ctx->uid, gid = fuse_fakeroot ? 0 : ctx->gid;

	if (worker->cred->fsuid != uid || worker->cred->fsgid != gid) {
		struct cred *cred = cred_dup(worker->cred);

		if (cred) {
			cred->uid = cred->euid = cred->suid = cred->fsuid = uid;
			cred->gid = cred->egid = cred->sgid = cred->fsgid = gid;
			/* The blocks that the volume reserves are root's. */
			if (uid)
				cred->cap_effective &= ~(1ull << CAP_SYS_RESOURCE);
			else
				cred->cap_effective |= 1ull << CAP_SYS_RESOURCE;
			host_set_thread_cred(cred);
			cred_put(worker->cred);
			worker->cred = cred;
		}
	}
	worker->fs->umask = ctx->umask; /* ours to apply: lists of default rights come before it */
	host_set_thread_cred(worker->cred);
	host_set_thread_fs(worker->fs);
}

/* The same, with names relative to a directory that the kernel knows. */
static const struct path *enter_at(fuse_req_t req, fuse_ino_t parent)
{
	struct node *node = node_of(parent);

	enter(req);
	path_get(&node->path);
	fs_context_set_cwd(current_fs(), &node->path);
	return &node->path;
}

/* Lets go of that directory: who removes it wants its blocks back. */
static void go_home(void)
{
	struct path root;

	spin_lock(&current_fs()->lock);
	root = current_fs()->root;
	spin_unlock(&current_fs()->lock);
	path_get(&root);
	fs_context_set_cwd(current_fs(), &root);
}

/* A second directory, as a descriptor. */
static int open_directory(fuse_ino_t ino)
{
	struct file *file;
	int err = file_open_path(&node_of(ino)->path, O_PATH, NULL, &file);

	return err ? err : fd_give(file);
}

static void leave(fuse_req_t req, int err)
{
	fuse_reply_err(req, -err);
}

/* ---- attributes ---- */

static void fill_attr(const struct vfs_stat *st, struct stat *out)
{
	*out = (struct stat){
	    .st_ino = st->ino,
	    .st_mode = st->mode,
	    .st_nlink = st->nlink,
	    .st_uid = st->uid,
	    .st_gid = st->gid,
	    .st_rdev = makedev(st->rdev_major, st->rdev_minor),
	    .st_size = (off_t)st->size,
	    .st_blksize = (blksize_t)st->block_size,
	    .st_blocks = (blkcnt_t)st->blocks,
	    .st_atim = {.tv_sec = st->atime.sec, .tv_nsec = st->atime.nsec},
	    .st_mtim = {.tv_sec = st->mtime.sec, .tv_nsec = st->mtime.nsec},
	    .st_ctim = {.tv_sec = st->ctime.sec, .tv_nsec = st->ctime.nsec},
	};
}

/* What the kernel is told of a path, whose reference goes into the node. */
static int fill_entry(const struct path *path, struct fuse_entry_param *out)
{
	struct vfs_stat st;
	int err = vfs_stat_path(path, &st);

	if (err) {
		path_put(path);
		return err;
	}
	*out = (struct fuse_entry_param){
	    .generation = path->dentry->inode->generation,
	    .attr_timeout = FOREVER,
	    .entry_timeout = FOREVER,
	};
	fill_attr(&st, &out->attr);
	out->ino = node_id(node_get(path, st.ino));
	return 0;
}

static int find_entry(const struct path *dir, const char *name, struct fuse_entry_param *out)
{
	struct path path;
	int err = path_lookup_from(dir, name, 0, &path);

	return err ? err : fill_entry(&path, out);
}

/* Answers a request that made the name, or failed to. */
static void reply_made(fuse_req_t req, const struct path *dir, const char *name, int err)
{
	struct fuse_entry_param entry;

	if (!err)
		err = find_entry(dir, name, &entry);
	go_home();
	if (err)
		leave(req, err);
	else
		fuse_reply_entry(req, &entry);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {.entry_timeout = FOREVER};
	int err = find_entry(enter_at(req, parent), name, &entry);

	go_home();
	if (err && err != -ENOENT)
		leave(req, err);
	else /* without inode: remember that there is none */
		fuse_reply_entry(req, &entry);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	enter(req);
	node_forget(ino, lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	enter(req);
	for (size_t i = 0; i < count; i++)
		node_forget(forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, fuse_ino_t ino, int err)
{
	struct vfs_stat st;
	struct stat out;

	if (!err)
		err = vfs_stat_path(&node_of(ino)->path, &st);
	if (err) {
		leave(req, err);
		return;
	}
	fill_attr(&st, &out);
	fuse_reply_attr(req, &out, FOREVER);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	enter(req);
	reply_attr(req, ino, 0);
}

static struct timespec64 time_of(const struct timespec *time)
{
	return (struct timespec64){.sec = time->tv_sec, .nsec = (u32)time->tv_nsec};
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *in, int which,
		       struct fuse_file_info *fi)
{
	const struct path *path = &node_of(ino)->path;
	struct attr attr = {
	    .mode = in->st_mode & 07777,
	    .uid = in->st_uid,
	    .gid = in->st_gid,
	    .atime = time_of(&in->st_atim),
	    .mtime = time_of(&in->st_mtim),
	    .ctime = time_of(&in->st_ctim),
	};
	int err = 0;

	enter(req);
	attr.valid |= which & FUSE_SET_ATTR_MODE ? ATTR_MODE : 0;
	attr.valid |= which & FUSE_SET_ATTR_UID ? ATTR_UID : 0;
	attr.valid |= which & FUSE_SET_ATTR_GID ? ATTR_GID : 0;
	attr.valid |= which & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW) ? ATTR_ATIME : 0;
	attr.valid |= which & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW) ? ATTR_MTIME : 0;
	attr.valid |= which & FUSE_SET_ATTR_CTIME ? ATTR_CTIME : 0;
	if (which & FUSE_SET_ATTR_ATIME_NOW)
		attr.atime = clock_realtime();
	if (which & FUSE_SET_ATTR_MTIME_NOW)
		attr.mtime = clock_realtime();
	if (which & FUSE_SET_ATTR_SIZE) {
		struct handle *handle = fi ? (struct handle *)(uintptr_t)fi->fh : NULL;

		err = handle && handle->file->mode & FILE_WRITE
			  ? vfs_ftruncate(handle->file, in->st_size)
			  : vfs_truncate(path, in->st_size);
	}
	if (!err && attr.valid)
		err = vfs_setattr(path, &attr, false);
	reply_attr(req, ino, err);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs_statistics fs;
	int err;

	enter(req);
	err = vfs_statfs(&node_of(ino)->path, &fs);
	if (err) {
		leave(req, err);
		return;
	}
	struct statvfs out = {
	    .f_bsize = fs.block_size,
	    .f_frsize = fs.fragment_size,
	    .f_blocks = fs.blocks,
	    .f_bfree = fs.free_blocks,
	    .f_bavail = fs.available_blocks,
	    .f_files = fs.files,
	    .f_ffree = fs.free_files,
	    .f_favail = fs.free_files,
	    .f_namemax = fs.name_max,
	};
	fuse_reply_statfs(req, &out);
}

/* ---- names ---- */

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char *target;
	int err;

	enter(req);
	err = vfs_readlink(&node_of(ino)->path, &target);
	if (err) {
		leave(req, err);
		return;
	}
	fuse_reply_readlink(req, target);
	kfree(target);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	const struct path *dir = enter_at(req, parent);
	int err = vfs_mknod(AT_FDCWD, name, mode, major(dev), minor(dev));

	reply_made(req, dir, name, err);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	const struct path *dir = enter_at(req, parent);
	int err = vfs_mkdir(AT_FDCWD, name, mode & 07777);

	reply_made(req, dir, name, err);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	const struct path *dir = enter_at(req, parent);
	int err = vfs_symlink(target, AT_FDCWD, name);

	reply_made(req, dir, name, err);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	const struct path *dir = enter_at(req, parent);
	int fd = open_directory(ino);
	int err = fd < 0 ? fd : vfs_link(fd, "", AT_FDCWD, name, AT_EMPTY_PATH);

	fd_drop(fd < 0 ? -1 : fd);
	reply_made(req, dir, name, err);
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name,
			int (*remove)(int dir, const char *name))
{
	int err;

	enter_at(req, parent);
	err = remove(AT_FDCWD, name);
	go_home();
	leave(req, err);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, vfs_unlink);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, vfs_rmdir);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	int fd = AT_FDCWD, err;

	enter_at(req, parent);
	if (new_parent != parent)
		fd = open_directory(new_parent);
	err = fd < 0 && fd != AT_FDCWD ? fd : vfs_rename(AT_FDCWD, name, fd, new_name, flags);
	if (fd >= 0)
		fd_drop(fd);
	go_home();
	leave(req, err);
}

/* ---- files ---- */

static struct file *file_of(const struct fuse_file_info *fi)
{
	return ((struct handle *)(uintptr_t)fi->fh)->file;
}

/* How the kernel's cache uses a file: it reads what it only writes pieces of, and appends itself.
 */
static u32 flags_for_cache(int flags)
{
	flags &= ~(O_APPEND | O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW);
	if ((flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	return (u32)flags;
}

static void opened(struct file *file, struct fuse_file_info *fi)
{
	fi->fh = (uintptr_t)handle_new(file);
	fi->keep_cache = 1;
	fi->noflush = 1;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *file;
	int err;

	enter(req);
	err = file_open_path(&node_of(ino)->path, flags_for_cache(fi->flags), NULL, &file);
	if (err) {
		leave(req, err);
		return;
	}
	opened(file, fi);
	if (fuse_reply_open(req, fi))
		handle_drop((struct handle *)(uintptr_t)fi->fh);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct vfs_open_how how = {.flags = flags_for_cache(fi->flags) | O_CREAT |
					    (fi->flags & O_EXCL) | O_NOFOLLOW,
				   .mode = mode & 07777};
	struct fuse_entry_param entry;
	struct path path;
	struct file *file;
	int err;

	enter_at(req, parent);
	err = vfs_open(AT_FDCWD, name, &how, &file);
	go_home();
	if (err) {
		leave(req, err);
		return;
	}
	path = file->path;
	path_get(&path);
	err = fill_entry(&path, &entry);
	if (err) {
		file_put(file);
		leave(req, err);
		return;
	}
	opened(file, fi);
	if (fuse_reply_create(req, &entry, fi))
		handle_drop((struct handle *)(uintptr_t)fi->fh);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	enter(req);
	handle_drop((struct handle *)(uintptr_t)fi->fh);
	leave(req, 0);
}

/*
 * The kernel keeps what it has read and written, so we need not keep it too: our pages of long
 * files are used again and again, warm as they are. What was written goes to the image first, in
 * pieces that the volume lays out as long runs.
 */
#define LONG_REQUEST ((size_t)128 << 10)
#define BEHIND       ((off_t)8 << 20)

static void forget_pages(struct file *file, off_t start, off_t end)
{
	pagecache_invalidate(&file->inode->mapping, (u64)start >> PAGE_SHIFT,
			     ((u64)end >> PAGE_SHIFT) - 1);
}

static void was_read(struct file *file, size_t size, off_t offset)
{
	if (size >= LONG_REQUEST)
		forget_pages(file, offset, offset + (off_t)size);
}

static void was_written(struct file *file, size_t size, off_t offset)
{
	off_t end = offset + (off_t)size, start = end - BEHIND;

	if (size < LONG_REQUEST || end / BEHIND == offset / BEHIND || start < 0)
		return;
	start -= start % BEHIND;
	/* An error stays with the file, for who syncs it. */
	if (!pagecache_write_start(&file->inode->mapping, start, start + BEHIND - 1, false))
		forget_pages(file, start, start + BEHIND);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct worker *worker = worker_current();
	size_t done = 0;
	ssize_t n = 0;

	enter(req);
	if (worker->room < size) {
		free(worker->buffer);
		worker->buffer = malloc(size);
		worker->room = worker->buffer ? size : 0;
	}
	if (!worker->buffer) {
		leave(req, -ENOMEM);
		return;
	}
	while (done < size) {
		loff_t pos = offset + (off_t)done;

		n = file_read_kernel(file_of(fi), worker->buffer + done, size - done, &pos);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	was_read(file_of(fi), done, offset);
	if (n < 0 && !done)
		leave(req, (int)n);
	else
		fuse_reply_buf(req, worker->buffer, done);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	size_t done = 0;
	ssize_t n = 0;

	enter(req);
	while (done < size) {
		loff_t pos = offset + (off_t)done;

		n = file_write_kernel(file_of(fi), data + done, size - done, &pos);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	was_written(file_of(fi), done, offset);
	if (n < 0 && !done)
		leave(req, (int)n);
	else
		fuse_reply_write(req, done);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	enter(req);
	leave(req, vfs_fsync(file_of(fi), 0, S64_MAX, datasync));
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			 struct fuse_file_info *fi)
{
	enter(req);
	leave(req, vfs_fallocate(file_of(fi), mode, offset, length));
}

static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
		     struct fuse_file_info *fi)
{
	struct handle *handle = (struct handle *)(uintptr_t)fi->fh;
	loff_t at;

	/* What was written may still be in the kernel's cache, where we see a hole. Told that we do
	 * not know, it takes everything for data. */
	if (!fuse_read_only) {
		leave(req, -ENOSYS);
		return;
	}
	enter(req);
	pthread_mutex_lock(&handle->mutex);
	at = file_seek(handle->file, offset, whence);
	pthread_mutex_unlock(&handle->mutex);
	if (at < 0)
		leave(req, (int)at);
	else
		fuse_reply_lseek(req, at);
}

/* ---- directories ---- */

struct listing {
	struct dir_context ctx;
	fuse_req_t req;
	bool plus;
	size_t room, used, count, count_room;
	struct listed {
		char name[NAME_MAX_LENGTH + 1];
		u64 ino;
		unsigned type;
		loff_t next; /* where to go on behind it */
	} * list;
};

static size_t entry_size(const struct listing *listing, const char *name)
{
	return listing->plus ? fuse_add_direntry_plus(listing->req, NULL, 0, name, NULL, 0)
			     : fuse_add_direntry(listing->req, NULL, 0, name, NULL, 0);
}

static bool take(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		 unsigned int type)
{
	struct listing *listing = container_of(ctx, struct listing, ctx);
	struct listed *listed;
	size_t size;

	if (length > NAME_MAX_LENGTH)
		return true;
	if (listing->count == listing->count_room) {
		size_t room = listing->count_room ? listing->count_room * 2 : 64;
		void *more = realloc(listing->list, room * sizeof(listing->list[0]));

		if (!more)
			return false;
		listing->list = more;
		listing->count_room = room;
	}
	listed = &listing->list[listing->count];
	memcpy(listed->name, name, length);
	listed->name[length] = '\0';
	size = entry_size(listing, listed->name);
	if (listing->used + size > listing->room)
		return false;
	if (listing->count)
		listed[-1].next = ctx->pos;
	listed->ino = ino;
	listed->type = type;
	listing->used += size;
	listing->count++;
	return true;
}

static int list(struct handle *handle, off_t offset, struct listing *listing)
{
	loff_t at = offset;
	int err = 0;

	pthread_mutex_lock(&handle->mutex);
	if (handle->file->pos != offset)
		at = file_seek(handle->file, offset, SEEK_SET);
	err = at < 0 ? (int)at : vfs_readdir(handle->file, &listing->ctx);
	if (!err && listing->count)
		listing->list[listing->count - 1].next = listing->ctx.pos;
	pthread_mutex_unlock(&handle->mutex);
	return err;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static size_t put_entry(const struct listing *listing, const struct path *dir, char *at,
			size_t room, const struct listed *listed)
{
	struct fuse_entry_param entry = {
	    .attr = {.st_ino = listed->ino, .st_mode = listed->type << 12}};

	if (!listing->plus)
		return fuse_add_direntry(listing->req, at, room, listed->name, &entry.attr,
					 listed->next);
	if (!is_dots(listed->name) && find_entry(dir, listed->name, &entry))
		entry.ino = 0; /* it went meanwhile, or is damaged: who looks it up will see */
	return fuse_add_direntry_plus(listing->req, at, room, listed->name, &entry, listed->next);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi, bool plus)
{
	struct listing listing = {.ctx = {.emit = take}, .req = req, .plus = plus, .room = size};
	char *buffer = malloc(size);
	size_t used = 0;
	int err;

	enter(req);
	err = buffer ? list((struct handle *)(uintptr_t)fi->fh, offset, &listing) : -ENOMEM;
	for (size_t i = 0; i < listing.count && !err; i++)
		used += put_entry(&listing, &node_of(ino)->path, buffer + used, size - used,
				  &listing.list[i]);
	if (err)
		leave(req, err);
	else
		fuse_reply_buf(req, buffer, used);
	free(listing.list);
	free(buffer);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	do_readdir(req, ino, size, offset, fi, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
			   struct fuse_file_info *fi)
{
	do_readdir(req, ino, size, offset, fi, true);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *file;
	int err;

	enter(req);
	err = file_open_path(&node_of(ino)->path, O_RDONLY | O_DIRECTORY, NULL, &file);
	if (err) {
		leave(req, err);
		return;
	}
	opened(file, fi);
	fi->cache_readdir = 1;
	if (fuse_reply_open(req, fi))
		handle_drop((struct handle *)(uintptr_t)fi->fh);
}

/* ---- extended attributes ---- */

/* A list of rights changes the mode, of which the kernel knows only if it checks permissions. */
static int rights_changed(fuse_ino_t ino, const char *name, int err)
{
	if (!err && fuse_all_permitted && strncmp(name, "system.", 7) == 0)
		fuse_lowlevel_notify_inval_inode(fuse_session, ino, -1, 0); /* attributes only */
	return err;
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			size_t size, int flags)
{
	char *copy = need_memory(size); /* aligned, as vfs expects it */

	enter(req);
	memcpy(copy, value, size);
	leave(req, rights_changed(ino, name,
				  vfs_xattr_set(&node_of(ino)->path, name, copy, size, flags)));
	free(copy);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	enter(req);
	leave(req, rights_changed(ino, name, vfs_xattr_remove(&node_of(ino)->path, name)));
}

/* n: how long the value is, or was put into buffer; size 0: only its length was asked for. */
static void reply_xattr(fuse_req_t req, ssize_t n, const char *buffer, size_t size)
{
	if (n < 0)
		leave(req, (int)n);
	else if (size)
		fuse_reply_buf(req, buffer, (size_t)n);
	else
		fuse_reply_xattr(req, (size_t)n);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct inode *inode = node_of(ino)->path.dentry->inode;
	char *buffer = need_memory(size);

	enter(req);
	reply_xattr(req, vfs_xattr_get(inode, name, size ? buffer : NULL, size), buffer, size);
	free(buffer);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct inode *inode = node_of(ino)->path.dentry->inode;
	char *buffer = need_memory(size);

	enter(req);
	reply_xattr(req, vfs_xattr_list(inode, size ? buffer : NULL, size), buffer, size);
	free(buffer);
}

/* ---- the session ---- */

static void op_init(void *data, struct fuse_conn_info *conn)
{
	const unsigned wanted = FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_PARALLEL_DIROPS |
				FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_READDIRPLUS |
				FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_CACHE_SYMLINKS |
				FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_DONT_MASK;

	conn->want = conn->capable & wanted;
	if (!fuse_all_permitted)
		conn->want |= conn->capable & FUSE_CAP_POSIX_ACL;
	conn->max_write = 1 << 20;
	conn->max_readahead = 1 << 20;
	conn->time_gran = 1;
	conn->max_background = 64;
}

const struct fuse_lowlevel_ops fuse_operations = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .symlink = op_symlink,
    .rename = op_rename,
    .link = op_link,
    .open = op_open,
    .create = op_create,
    .read = op_read,
    .write = op_write,
    .release = op_release,
    .fsync = op_fsync,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_release,
    .fsyncdir = op_fsync,
    .statfs = op_statfs,
    .fallocate = op_fallocate,
    .lseek = op_lseek,
    .setxattr = op_setxattr,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .removexattr = op_removexattr,
};

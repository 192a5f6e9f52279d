/*
 * Open files, descriptor tables, and polling.
 *
 * A struct file is one open file description: position, status flags, and the path it was opened
 * by. Descriptors refer to it; fork and dup share it. The last file_put() calls ops->release.
 * file->pos is guarded by pos_lock, which read, write, lseek and getdents of seekable files hold
 * when the description is shared.
 */
#ifndef ARAMID_VFS_FILE_H
#define ARAMID_VFS_FILE_H

#include "lib/mutex.h"
#include "lib/types.h"
#include "vfs/inode.h"
#include "vfs/path.h"
#include "vfs/uio.h"

struct cred;
struct poll_table;
struct vm_area;

struct file_table;
struct thread;

/* Whoever watches a file without keeping it is told of its end. */
struct file_async {
	void (*release)(struct file *file); /* before ops->release */
};

struct file {
	u32 refs;  /* atomic */
	u32 flags; /* O_* status flags and access mode; status bits change under lock */
	u32 mode;  /* FILE_* below */
	struct spinlock lock;
	struct mutex pos_lock;
	loff_t pos;
	struct path path;
	struct inode *inode;
	const struct file_ops *ops;
	const struct cred *cred; /* of the opener */
	struct readahead readahead;
	u64 writeback_error_seen;     /* writeback_error_check's sample */
	int owner_pid;                /* F_SETOWN; lock */
	u32 owner_uid, owner_euid;    /* of who set it; lock */
	int owner_signal;             /* F_SETSIG; lock */
	struct file_async *async;     /* O_ASYNC is on: sys/sigio.c's */
	const char *anonymous;        /* what /proc/PID/fd shows of a file without a name: "pipe",
					 "anon_inode:[eventfd]" */
	struct list_head epoll_items; /* vfs/epoll.c's: watches of this file */
	void *private;
};

enum file_mode {
	FILE_READ = 1 << 0,
	FILE_WRITE = 1 << 1,
	FILE_SEEKABLE = 1 << 2,  /* has a position */
	FILE_PATH_ONLY = 1 << 3, /* O_PATH */
	FILE_STREAM = 1 << 4,    /* no position at all: pipes, sockets, ttys */
};

struct file_ops {
	/* At *pos, advancing it; bytes or -errno. Streams ignore pos. The file is known to be open
	 * for it. */
	ssize_t (*read)(struct file *file, struct uio *uio, loff_t *pos);
	ssize_t (*write)(struct file *file, struct uio *uio, loff_t *pos);
	int (*readdir)(struct file *file,
		       struct dir_context *ctx); /* inode->rwsem held for reading */
	loff_t (*seek)(struct file *file, loff_t offset, int whence); /* NULL: generic */
	/* EPOLL*-style events that hold now; registers with table (poll_wait) when not NULL. */
	unsigned int (*poll)(struct file *file, struct poll_table *table);
	long (*ioctl)(struct file *file, unsigned int cmd,
		      unsigned long arg);                     /* -ENOTTY for unknown */
	int (*mmap)(struct file *file, struct vm_area *area); /* NULL: -ENODEV; sets area->ops */
	int (*open)(struct inode *inode, struct file *file);
	int (*flush)(struct file *file);    /* each close of a descriptor */
	void (*release)(struct file *file); /* the last reference */
	int (*fsync)(struct file *file, loff_t start, loff_t end,
		     bool datasync); /* NULL: -EINVAL */
	/* inode->rwsem held for writing, arguments checked. NULL: -EOPNOTSUPP. */
	int (*fallocate)(struct file *file, int mode, loff_t offset, loff_t length);
};

/* Ready-made operations for regular files on the page cache, and helpers to compose others. */
extern const struct file_ops pagecache_file_ops;
/* Their write: takes inode->rwsem, resolves O_APPEND and limits, kills set-ID bits, sets times,
 * pagecache_file_write(), syncs. */
ssize_t __must_check file_write_pagecache(struct file *file, struct uio *uio, loff_t *pos);
loff_t file_seek_generic(struct file *file, loff_t offset, int whence);
/* Sets the position: target, or -EINVAL if it is negative or beyond max. */
loff_t file_seek_to(struct file *file, loff_t target, loff_t max);
int file_mmap_pagecache(struct file *file, struct vm_area *area);
int file_fsync_generic(struct file *file, loff_t start, loff_t end, bool datasync);

/*
 * A file without a name in the tree: ops and private given. It gets an inode of its own with mode
 * (S_IFIFO | 0600 for a pipe), or with mode 0 the one that all eventfds and the like share. name: a
 * string constant for /proc/PID/fd: "pipe", "socket", "anon_inode:[eventfd]". It is a stream;
 * ops->open is not called. -ENFILE, -ENOMEM.
 */
int __must_check file_create_anonymous(const char *name, u32 mode, const struct file_ops *ops,
				       void *private, u32 open_flags, struct file **out);
/* Where the file is, referenced. A file without a name gets a place of its own, in no tree:
 * /proc/PID/fd/N leads there. */
int __must_check file_path_get(struct file *file, struct path *out);
u32 file_count_open(void); /* /proc/sys/fs/file-nr */
/* Opens what path names; flags, mode as open(2). Consumes nothing. */
int __must_check file_open_path(const struct path *path, u32 flags, const struct cred *cred,
				struct file **out);
/* The kernel's own open by name from the root: init's console, execve. */
int __must_check file_open(int dirfd, const char *name, u32 flags, u32 mode, struct file **out);
void file_get(struct file *file);
void file_put(struct file *file);
/* Kernel-side read and write at a position, for exec, initramfs and tests. */
ssize_t __must_check file_read_kernel(struct file *file, void *buf, size_t n, loff_t *pos);
ssize_t __must_check file_write_kernel(struct file *file, const void *buf, size_t n, loff_t *pos);
/* What read(2)/write(2) do once the descriptor is resolved: mode checks, limits, locks of position,
 * signals. pos NULL: the file's own. */
ssize_t __must_check file_read(struct file *file, struct uio *uio, loff_t *pos, int rwf_flags);
ssize_t __must_check file_write(struct file *file, struct uio *uio, loff_t *pos, int rwf_flags);

loff_t file_seek(struct file *file, loff_t offset, int whence); /* lseek(2) */
/* For write operations of seekable files: RLIMIT_FSIZE and the volume's limit cut uio short. -EFBIG
 * (and SIGXFSZ). */
int __must_check file_write_limit(struct file *file, loff_t *pos, struct uio *uio);
/* Whether the write must be on stable storage when it returns (O_DSYNC, RWF_DSYNC, mount and inode
 * flags). */
bool file_write_is_sync(const struct file *file, const struct uio *uio);

/* Text-busy bookkeeping for execve: -ETXTBSY when open for writing / makes later opens for writing
 * fail. */
int __must_check file_deny_write(struct file *file);
void file_allow_write(struct file *file);

/* ---- descriptor tables ---- */

/* Shared by threads (CLONE_FILES). Sparse bitmap and array grown on demand up to RLIMIT_NOFILE. */
struct file_table;
struct file_table *file_table_create(void);
struct file_table *file_table_dup(struct file_table *table); /* for fork; NULL on no memory */
void file_table_get(struct file_table *table);
void file_table_put(struct file_table *table);
u32 file_table_refs(const struct file_table *table);
void file_table_close_on_exec(struct file_table *table);
/* Referenced file of the running process or NULL. */
struct file *fd_get(int fd);
/*
 * The same for the length of a system call, without counting where the table is the caller's alone.
 * Whatever keeps the file longer, or lets the table become shared, needs fd_get(). file is NULL for
 * a bad descriptor; fd_return() is then harmless.
 */
struct fd_ref {
	struct file *file;
	bool counted;
};
struct fd_ref fd_borrow(int fd);
static inline void fd_return(struct fd_ref ref)
{
	if (ref.counted)
		file_put(ref.file);
}
/* The same from another process's table (procfs). */
struct file *file_table_get_file(struct file_table *table, int fd);
int file_table_next(struct file_table *table, int fd); /* lowest used descriptor >= fd, or -1 */
/* Installs file (consuming the reference) at the lowest free descriptor >= minimum. -EMFILE,
 * -ENOMEM: reference kept. */
int __must_check fd_install(struct file *file, int minimum, bool close_on_exec);
int __must_check fd_reserve(int minimum,
			    bool close_on_exec); /* two-step: reserve, then publish or cancel */
void fd_publish(int fd, struct file *file);
void fd_cancel(int fd);
int __must_check fd_close(int fd);
int __must_check fd_get_close_on_exec(int fd); /* 0, 1 or -EBADF */
int __must_check fd_set_close_on_exec(int fd, bool on);
int __must_check fd_close_range(u32 first, u32 last,
				bool only_mark); /* only_mark: sets close-on-exec instead */
int __must_check fd_replace(int fd, struct file *file,
			    bool close_on_exec); /* dup2: closes what was there */

/* ---- polling ---- */

struct poll_table {
	/* Registers the poller on queue; called by file_ops.poll. */
	void (*wait)(struct poll_table *table, struct file *file, struct wait_queue *queue);
};
static inline void poll_wait(struct file *file, struct wait_queue *queue, struct poll_table *table)
{
	if (table && table->wait)
		table->wait(table, file, queue);
}

#endif

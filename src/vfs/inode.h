/*
 * Inodes, dentries and super blocks: what a file system implements, and what the rest of vfs sees.
 *
 * Life of an inode. A file system's inode embeds struct inode (super_ops.inode_alloc). inode_get()
 * finds it in the inode cache by (super, number) or makes a new one in state I_NEW, locked against
 * other finders until inode_unlock_new(). References come from dentries, open files and mappings.
 * At the last inode_put(): with nlink 0 super_ops.inode_evict frees it on disk and it leaves the
 * cache; otherwise it stays cached, clean or dirty, until a shrinker takes it (write_inode first)
 * and calls evict with nlink != 0, which must only drop memory.
 *
 * Life of a dentry. A name in a directory: positive (inode != NULL) or negative (known not to
 * exist). The dentry cache holds all of them hashed by (parent, name); unreferenced ones are on an
 * LRU. Each holds a reference on its parent.
 *
 * Locking (order in docs/locking.md): inode->rwsem serialises changes of a directory (write)
 * against lookups that miss the cache (read), and for a file, writes and truncation (write).
 * super->rename_mutex is taken for renames between directories, before the two directories
 * (ancestor first). dentry->lock guards name and parent. inode->lock (spin) guards the fields
 * marked [l].
 */
#ifndef ARAMID_VFS_INODE_H
#define ARAMID_VFS_INODE_H

#include "lib/clock.h"
#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/types.h"
#include "lib/uuid.h"
#include "vfs/acl.h"
#include "vfs/pagecache.h"
#include "vfs/path.h"

struct block_device;
struct dentry;
struct file;
struct file_ops;
struct mount;
struct super_block;
struct pipe;
struct statx_request;
struct fs_statistics;

#define NAME_MAX_LENGTH 255

enum inode_state {
	I_NEW,            /* being filled by inode_get()'s caller */
	I_DIRTY,          /* fields must be written by super_ops.inode_write */
	I_FREEING,        /* being evicted; finders wait and try again */
	I_DIRTY_DATASYNC, /* dirty in a way that fdatasync must write (size, blocks) */
	I_DIRTY_PAGES,    /* its mapping has dirty pages */
	I_BAD,            /* inode_get()'s caller could not fill it */
};

struct inode {
	struct super_block *super;
	u64 number;
	u32 refs;            /* atomic */
	unsigned long state; /* enum inode_state bits, atomic */
	struct rwsem rwsem;
	struct spinlock lock;
	u32 mode; /* [l] S_IFMT and permission bits */
	u32 uid, gid;
	u32 nlink;
	u32 rdev_major, rdev_minor; /* device nodes */
	u32 flags;                  /* INODE_* below */
	u32 generation;
	loff_t size;         /* changed under rwsem (write) and lock; read with inode_size() */
	u64 blocks;          /* [l] 512-byte units */
	u64 blocks_promised; /* what stat shows besides: written, and not allocated yet */
	struct timespec64 atime, mtime, ctime, btime; /* [l]; btime.sec 0 and nsec 0: unknown */
	u64 change_version;
	const struct inode_ops *ops;
	const struct file_ops *file_ops; /* default f_op of files opened on it */
	struct page_mapping mapping;     /* its page cache */
	struct pipe *pipe;               /* FIFOs: the pipe while open, under rwsem */
	struct block_device *bdev;       /* block device nodes */
	struct hlist_node hash_node;     /* the inode cache's, as the next three: see vfs/inode.c */
	struct list_head lru_node, super_node, dirty_node;
	struct wait_queue state_wait;
	struct acl *acl[ACL_LISTS]; /* [l] see vfs/acl.h */
	void *locks;                /* vfs/locks.c: POSIX and flock locks; NULL when none [l] */
	s32 write_count;            /* atomic: writers; "text busy" when negative */
	u64 dirtied_ns;
	void *private; /* pseudo file systems' */
};

enum inode_flag {
	INODE_IMMUTABLE = 1 << 0,
	INODE_APPEND = 1 << 1,
	INODE_NOATIME = 1 << 2,
	INODE_SYNC = 1 << 3,
	INODE_DEAD = 1 << 4, /* removed directory: no new entries */
	INODE_NO_PAGECACHE = 1 << 5,
	INODE_LINKABLE =
	    1 << 6, /* from O_TMPFILE without O_EXCL: linkat may give it a first name */
	INODE_NO_CAPABILITY = 1 << 7, /* known to have no security.capability */
};

/* What setattr changes: bits of `valid`. */
enum attr_valid {
	ATTR_MODE = 1 << 0,
	ATTR_UID = 1 << 1,
	ATTR_GID = 1 << 2,
	ATTR_SIZE = 1 << 3,
	ATTR_ATIME = 1 << 4,
	ATTR_MTIME = 1 << 5,
	ATTR_CTIME = 1 << 6,
};

struct attr {
	unsigned int valid;
	u32 mode, uid, gid;
	loff_t size;
	struct timespec64 atime, mtime, ctime;
};

struct qstr {
	const char *name; /* not NUL-terminated */
	u32 length;
	u32 hash;
};

/* Directory listing: emit returns false when the caller's buffer is full; then the entry is not
 * consumed. offset is not looked at: ctx->pos says where the entry is. */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		     unsigned int type);
	loff_t pos; /* where to go on: at emit, that entry; advanced past each that was taken */
};

/*
 * Operations on an inode of a file system. Directory operations are called with the directory's
 * rwsem held for writing (lookup: reading at least), after vfs has checked permissions, names,
 * read-only mounts and existence. The rwsem of an inode that unlink, rmdir or rename removes, or
 * link gives a name, is held for writing too. A dentry passed in is hashed and negative or positive
 * as the operation implies; on success the operation calls dentry_instantiate() (create-like) or
 * leaves the dentry to vfs (unlink-like).
 */
struct inode_ops {
	/* Sets *out to the referenced inode, or NULL if there is no such name. -EIO, -EUCLEAN,
	 * -ENOMEM. */
	int (*lookup)(struct inode *dir, const struct qstr *name, struct inode **out);
	int (*create)(struct inode *dir, struct dentry *dentry, u32 mode);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, u32 mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, u32 mode, u32 major, u32 minor);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct inode *dir, struct dentry *dentry, struct inode *inode);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT; vfs has checked types and
	 * loops. */
	int (*rename)(struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
		      struct dentry *new_dentry, unsigned int flags);
	/* An unlinked file for O_TMPFILE: an inode with nlink 0 in *out. */
	int (*tmpfile)(struct inode *dir, u32 mode, struct inode **out);
	/* Symbolic links: a kmalloc'ed NUL-terminated target. */
	int (*readlink)(struct inode *inode, char **target);
	/* Links of procfs that jump to a path (exe, fd/N, cwd): sets *out referenced. Preferred to
	 * readlink when set. */
	int (*jump)(struct inode *inode, struct path *out);
	/* Applies attr (already permission-checked); rwsem held for writing. NULL:
	 * inode_setattr_simple. */
	int (*setattr)(struct inode *inode,
		       const struct attr *attr); /* ATTR_SIZE only for regular files */
	/* Refreshes fields before stat where they are computed. NULL: fields are always current. */
	int (*getattr)(struct inode *inode);
	/* Extended attributes but for access control lists, by name with its namespace, which vfs
	 * has checked. NULL: none. The rwsem is held for writing by set (value NULL: removes; flags
	 * XATTR_CREATE, XATTR_REPLACE), and maybe by the others. get returns the length, as list
	 * does for all names with their NULs; size 0 only asks. -ENODATA, -EEXIST, -ERANGE,
	 * -ENOSPC, -EOPNOTSUPP. */
	ssize_t (*xattr_get)(struct inode *inode, const char *name, void *value, size_t size);
	int (*xattr_set)(struct inode *inode, const char *name, const void *value, size_t size,
			 int flags);
	ssize_t (*xattr_list)(struct inode *inode, char *buf, size_t size);
	/* Access control lists. get: a reference, or NULL. set (rwsem held for writing): stores acl
	 * (NULL: none) and, for ACL_LIST_ACCESS, the mode, and tells acl_cache_set(). */
	int (*acl_get)(struct inode *inode, enum acl_type type, struct acl **out);
	int (*acl_set)(struct inode *inode, enum acl_type type, struct acl *acl, u32 mode);
	/* Extra permission rules; NULL: inode_permission_generic. mask: MAY_READ|WRITE|EXEC. */
	int (*permission)(struct inode *inode, unsigned int mask);
};

struct super_ops {
	struct inode *(*inode_alloc)(
	    struct super_block *super); /* embeds struct inode, fields zeroed by caller */
	void (*inode_free)(struct inode *inode);
	/* Writes the fields of a dirty inode to its buffer. wait: and the buffer to disk (fsync).
	 */
	int (*inode_write)(struct inode *inode, bool wait);
	/* Last reference is gone (nlink 0: free on disk). Must call
	 * pagecache_truncate(&inode->mapping, 0) and inode_clear(inode). NULL: just that. */
	void (*inode_evict)(struct inode *inode);
	int (*sync)(struct super_block *super, bool wait);
	int (*statfs)(struct super_block *super, struct fs_statistics *out);
	/* cmd: Q_* of linux/quota.h; who may do it, and that the volume can be written to if it
	 * must, was checked. umount is held. NULL: no quota. */
	int (*quotactl)(struct super_block *super, unsigned int cmd, unsigned int type, u32 id,
			void __user *arg);
	/* flags: new SUPER_* flags; options: NULL or a comma list. */
	int (*remount)(struct super_block *super, unsigned int flags, const char *options);
	/* Everything is on the disk, and nothing is written from now on: vfs/freeze.c. On error all
	 * is as before. umount is held for writing. / All may go on, also after an error. NULL: not
	 * supported. */
	int (*freeze)(struct super_block *super);
	int (*thaw)(struct super_block *super);
	/* The last mount is gone and the root dentry with it: drops inode references that the file
	 * system holds itself. May be NULL. */
	void (*kill)(struct super_block *super);
	/* Then, all inodes have been evicted and synced: writes what is left (super block,
	 * buffers), frees super->private. */
	void (*put)(struct super_block *super);
	/* Options for /proc/mounts, each preceded by a comma. Returns length. */
	size_t (*show_options)(struct super_block *super, char *buf, size_t size);
};

struct fs_statistics {
	u64 magic, block_size, fragment_size, blocks, free_blocks, available_blocks, files,
	    free_files;
	u64 name_max;
	u32 fsid[2];
};

enum super_flag {
	SUPER_RDONLY = 1 << 0,
	SUPER_NOATIME = 1 << 1, /* unused by mounts, which have their own flags */
	SUPER_SYNC = 1 << 2,
	SUPER_PSEUDO = 1 << 3, /* no device; the inode cache keeps nothing that is unreferenced */
	SUPER_DONTCACHE =
	    1 << 4, /* procfs: dentries are forgotten when unreferenced, negative ones at once */
	SUPER_DEAD = 1 << 5, /* being shut down: nothing stays cached */
	SUPER_CLOSING =
	    1
	    << 6, /* on the way to read-only: no new writers, the file system itself still writes */
	SUPER_ACL = 1 << 7, /* access control lists are honoured */
};

/* What root=UUID= and root=LABEL= go by. */
struct fs_identity {
	struct uuid uuid;
	char label[64];
};

struct fs_type {
	const char *name; /* "ext4", "tmpfs", "proc" … */
	bool needs_device;
	/* Fills super (flags, options given; bdev claimed if needs_device): sets ops, block_size,
	 * root inode in *root. On error everything it made is undone. */
	int (*mount)(struct super_block *super, const char *options, struct inode **root);
	/* A single instance is shared by all mounts (proc, sysfs, devtmpfs). */
	bool single;
	/* Whether the device holds a volume of this type; its UUID and label if so. -EINVAL if not,
	 * -EIO. NULL: has neither. */
	int (*identify)(struct block_device *bdev, struct fs_identity *out);
	struct fs_type *next;
};

struct super_block {
	const struct fs_type *type;
	const struct super_ops *ops;
	struct block_device *bdev; /* NULL for pseudo file systems */
	u32 dev_major, dev_minor;  /* st_dev */
	u32 block_size;
	u64 magic;
	loff_t max_file_size;
	u32 time_granularity_ns;
	s64 time_min, time_max; /* seconds */
	u32 max_links;
	unsigned int flags; /* enum super_flag, atomic */
	struct dentry *root;
	struct rwsem umount; /* held for reading by sync, for writing by umount/remount */
	struct mutex rename_mutex;
	struct spinlock inodes_lock;
	struct list_head inodes; /* all, by inode.super_node; inodes_lock */
	struct list_head
	    dirty; /* those to write back, oldest first, by inode.dirty_node; inodes_lock */
	struct list_head node; /* list of all supers */
	u32 refs, passers;     /* mounts; passing users: under the list's lock (vfs/super.c) */
	void *private;
	char id[40];         /* for messages: "vda2" */
	u64 writeback_error; /* of all its files: syncfs reports each error once */
	u32 frozen;          /* enum super_frozen, atomic */
	struct wait_queue thaw_wait;
};

enum super_frozen { SUPER_THAWED, SUPER_FREEZING, SUPER_FROZEN };

void fs_type_register(struct fs_type *type);
struct fs_type *fs_type_find(const char *name);
/* Calls fn for each type until it returns non-zero, which is the result (/proc/filesystems). */
int fs_type_for_each(int (*fn)(struct fs_type *type, void *arg), void *arg);

/* ---- inode cache (vfs/inode.c) ---- */

/* Finds or makes the inode; *out is referenced. If *is_new, it is I_NEW and the caller fills it,
 * then calls inode_unlock_new(), or inode_fail_new() on error. -ENOMEM. */
int __must_check inode_get(struct super_block *super, u64 number, struct inode **out, bool *is_new);
/* A new inode that is not in the hash yet (create): I_NEW. inode_hash() makes it findable. */
int __must_check inode_new(struct super_block *super, struct inode **out);
int __must_check inode_hash(struct inode *inode,
			    u64 number); /* -EEXIST: a damaged volume gave the number twice */
void inode_unlock_new(struct inode *inode);
void inode_fail_new(struct inode *inode);
void inode_ref(struct inode *inode);
void inode_put(struct inode *inode); /* may sleep; NULL is fine */
/* Marks fields as changed. datasync: fdatasync must write them. */
void inode_mark_dirty(struct inode *inode, bool datasync);
void inode_clear(struct inode *inode); /* end of evict: no pages, no locks left */
loff_t inode_size(const struct inode *inode);
void inode_size_set(struct inode *inode, loff_t size); /* rwsem held for writing */
/* Writes data and fields of one inode and waits. */
int __must_check inode_sync(struct inode *inode, bool datasync);
/* Evicts what is unused; returns -EBUSY if some inode is in use (umount). */
int __must_check inode_evict_all(struct super_block *super);
/* The inodes of a super block one after the other: referenced, and the reference on prev is
 * dropped. */
struct inode *inode_next(struct super_block *super, struct inode *prev);
/* Number from a counter, for file systems that have none. */
u64 inode_number_next(void);
/* Fills mode, owner (setgid directories), times of a newly created inode as POSIX says. */
void inode_init_owner(struct inode *inode, const struct inode *dir, u32 mode);
/* For device nodes, fifos, sockets: sets rdev and file_ops. */
void inode_init_special(struct inode *inode, u32 mode, u32 major, u32 minor);
void inode_touch(struct inode *inode,
		 unsigned int which); /* ATTR_ATIME|MTIME|CTIME := now, marks dirty */
struct timespec64
inode_time_now(const struct inode *inode); /* rounded to the volume's granularity */
void inode_setattr_simple(struct inode *inode, const struct attr *attr); /* copies all but size */
/* atime as relatime/noatime of the mount say. */
void inode_accessed(struct inode *inode, const struct mount *mount);

#define MAY_EXEC  1u
#define MAY_WRITE 2u
#define MAY_READ  4u
int __must_check inode_permission(struct inode *inode,
				  unsigned int mask); /* fsuid/fsgid; -EACCES, -EROFS, -EPERM */
int __must_check inode_permission_generic(struct inode *inode, unsigned int mask);
bool inode_owner_or_capable(const struct inode *inode);

/* ---- dentry cache (vfs/dentry.c) ---- */

struct dentry {
	u32 refs;  /* atomic; 0: on the LRU or being freed */
	u32 flags; /* DENTRY_*, atomic */
	struct spinlock lock;
	struct inode
	    *inode; /* NULL: negative. Goes back to NULL only while nobody else has a reference */
	struct dentry *parent; /* itself for a root; changes under rename_mutex and lock */
	struct super_block *super;
	struct qstr name; /* points to inline_name or to a kmalloc'ed string */
	struct hlist_node hash_node;
	struct list_head lru_node;   /* the cache's LRU lock */
	struct list_head child_node; /* parent->lock */
	struct list_head children;   /* lock */
	char inline_name[40];
};

enum dentry_flag {
	DENTRY_HASHED = 1 << 0,
	DENTRY_MOUNTPOINT = 1 << 1, /* something is mounted here in some mount */
	DENTRY_REFERENCED = 1 << 2,
	DENTRY_DONTCACHE = 1 << 3, /* forget when unreferenced (SUPER_DONTCACHE) */
	DENTRY_ON_LRU = 1 << 4,
	DENTRY_DEAD = 1 << 5, /* unlinked while in use: its path is " (deleted)" */
};

void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
struct dentry *
dentry_make_root(struct inode *inode); /* consumes the inode reference; NULL on no memory */
/* Attaches inode (consuming the reference) to a negative dentry. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* Cached entry, referenced, or NULL. */
struct dentry *dentry_lookup_cached(struct dentry *parent, const struct qstr *name);
/* Cached or asked from the file system (dir rwsem held, read or write): referenced, maybe negative.
 */
int __must_check dentry_lookup(struct dentry *parent, const struct qstr *name, struct dentry **out);
void dentry_unhash(struct dentry *dentry); /* after unlink/rmdir: turns negative or drops */
void dentry_move(struct dentry *dentry, struct dentry *target, bool exchange); /* after rename */
void dentry_shrink_tree(struct dentry *root); /* drops all unused below (umount) */
u32 qstr_hash(const struct dentry *parent, const char *name, u32 length);
bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *dentry);

#endif

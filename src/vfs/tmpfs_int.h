/* What the files of tmpfs share: tmpfs.c (names, inodes), tmpfs_file.c, tmpfs_super.c. */
#ifndef ARAMID_VFS_TMPFS_INT_H
#define ARAMID_VFS_TMPFS_INT_H

#include "lib/list.h"
#include "lib/types.h"
#include "vfs/inode.h"
#include "vfs/tmpfs.h"
#include "vfs/xattr_memory.h"

struct tmpfs_inode {
	struct inode inode;
	struct list_head entries; /* directories */
	struct hlist_head *buckets;
	size_t bucket_count, entry_count;
	u64 next_position;
	struct inode *parent; /* of a directory; no reference: the parent's entry holds us */
	char *target;         /* symbolic links */
	struct xattr_memory xattrs;
	u64 xattr_price; /* what they take of the volume's inodes */
	u32 seals;       /* F_SEAL_*, of regular files; changes under inode.rwsem */
};

struct tmpfs_super {
	u64 max_pages, pages;   /* pages: atomic */
	u64 max_inodes, inodes; /* inodes: atomic */
	struct inode *root;
};

static inline struct tmpfs_inode *tmpfs_of(const struct inode *inode)
{
	return container_of((struct inode *)inode, struct tmpfs_inode, inode);
}

static inline struct tmpfs_super *tmpfs_super_of(const struct inode *inode)
{
	return inode->super->private;
}

/* tmpfs.c */
void tmpfs_inodes_init(void);
struct inode *tmpfs_inode_alloc(struct super_block *super);
void tmpfs_inode_free(struct inode *inode);
void tmpfs_inode_evict(struct inode *inode);
/* An inode of any kind, with one reference and one link (a directory: two). dir: its parent, NULL
 * for the root. -ENOSPC, -ENOMEM. */
int __must_check tmpfs_inode_new(struct super_block *super, const struct inode *dir, u32 mode,
				 struct inode **out);
/* Lets go of all that is below dir. */
void tmpfs_empty(struct inode *dir);

/* tmpfs_file.c */
extern const struct file_ops tmpfs_file_ops;
extern const struct mapping_ops tmpfs_mapping_ops;
int tmpfs_setattr(struct inode *inode, const struct attr *attr);
int tmpfs_fsync(struct file *file, loff_t start, loff_t end, bool datasync);

#endif

/* Dquots: what quota.c, quota_limit.c and quota_ctl.c share. quota.h tells the theory. */
#ifndef EXT4_QUOTA_INT_H
#define EXT4_QUOTA_INT_H

#include "ext4/ext4_int.h"
#include "ext4/quota_tree.h"

/* [c] constant, [l] quota.lock */
struct ext4_dquot {
	struct list_head node;       /* [l] of its hash bucket */
	struct list_head dirty_node; /* [l] in the running transaction; only closing takes it off */
	u32 refs;                    /* [l] inodes, pins, and the dirty list */
	u32 id;                      /* [c] */
	enum ext4_quota_type type;   /* [c] */
	struct ext4_quota_place place; /* [c] */
	u64 space, inodes;             /* [l] used; space in bytes */
	u64 reserved;                  /* [l] bytes promised to delayed pages */
	u64 space_hard, space_soft;    /* [l] KiB; 0: no limit */
	u64 inode_hard, inode_soft;    /* [l] */
	u64 space_time, inode_time;    /* [l] when grace ends; 0: not above the soft limit */
};

#define EXT4_QUOTA_BUCKETS 256u

struct ext4_quota {
	struct ext4_fs *fs;
	struct mutex mutex;
	struct spinlock lock;
	struct ext4_quota_file files[EXT4_QUOTA_TYPES];
	bool enforced[EXT4_QUOTA_TYPES];                     /* [l] */
	struct list_head buckets[EXT4_QUOTA_BUCKETS], dirty; /* [l] */
};

/* Finds an id's dquot, referenced; makes its entry if there is none and `create`. -ENOENT. Not
 * inside a handle. */
int __must_check ext4_dquot_get(struct ext4_quota *quota, enum ext4_quota_type type, u32 id,
				bool create, struct ext4_dquot **out);
void ext4_dquot_put(struct ext4_quota *quota, struct ext4_dquot *dquot); /* NULL is fine */
/* Takes it into the handle's transaction. -ENOMEM */
int __must_check ext4_dquot_dirty(struct ext4_handle *handle, struct ext4_dquot *dquot);

/* ---- quota_limit.c; the lock is held ---- */

/* Whether the dquot may have so much more: -EDQUOT. */
int __must_check ext4_dquot_check(const struct ext4_quota *quota, const struct ext4_dquot *dquot,
				  u64 bytes, u64 inodes);
/* Usage or limits have changed: grace begins or ends. */
void ext4_dquot_update_grace(const struct ext4_quota *quota, struct ext4_dquot *dquot);

#endif

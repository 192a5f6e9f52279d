/*
 * ext4, inside: the mounted volume, groups and inodes in memory, and what the files of this room
 * offer each other. ext4.h tells the theory.
 *
 * Letters after fields: [c] constant once mounted, [a] atomic, [g] ext4_group.lock, [m] map_lock,
 * [t] inside a handle, [r] inode.rwsem.
 */
#ifndef EXT4_INT_H
#define EXT4_INT_H

#include "ext4/ondisk.h"
#include "ext4/quota.h"
#include "ext4/txn.h"
#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/radix.h"
#include "lib/types.h"
#include "vfs/buffer.h"
#include "vfs/inode.h"

#include <linux/stat.h>

/* ---- the volume ---- */

struct ext4_range {
	u64 first, last;
};

/*
 * Free blocks that only one file may take, so that it stays in one piece while others grow. Only in
 * memory; see prealloc.c.
 */
struct ext4_window {
	struct list_head node; /* [g] group->windows; unlinked: there is none */
	bool used;             /* [m] it may be on the list of group */
	u32 group;             /* [m] */
	u32 start, count;      /* [g] blocks of the group */
};

struct ext4_group {
	struct mutex lock;
	u32 number;                        /* [c] */
	u32 free_clusters;                 /* [g], read freely */
	u32 free_inodes;                   /* [g], read freely */
	u32 used_dirs;                     /* [g], read freely */
	u32 itable_unused;                 /* [g] */
	u32 flags;                         /* [g] EXT4_BG_* */
	u32 largest;                       /* [g] no run of free clusters is longer than this */
	u32 cluster_hint;                  /* [g] where the last search ended */
	u32 inode_hint;                    /* [g] no free inode is below this index */
	u32 block_csum, inode_csum;        /* [g] of the bitmaps, as in the descriptor */
	u32 freed, trim_mark;              /* [g] how often blocks were freed; trim.c */
	bool block_bad, inode_bad;         /* [g] bitmap is damaged: not allocated from */
	bool block_checked, inode_checked; /* [g] bitmap was verified once */
	void *taken; /* [g] the bitmap with what is busy or kept for files; NULL: nothing is */
	u32 busy_clusters;        /* [g] set in `taken` only: freed, uncommitted */
	u32 window_clusters;      /* [g] set in `taken` only: in windows */
	struct list_head windows; /* [g] struct ext4_window */
	u64 block_bitmap, inode_bitmap, inode_table; /* [c] */
	struct list_head dirty_node;                 /* txn.lock */
};

enum ext4_option {
	EXT4_OPT_NOLOAD = 1 << 0,
	EXT4_OPT_MINIXDF = 1 << 1,
	EXT4_OPT_GRPID = 1 << 2,
	EXT4_OPT_DEBUG = 1 << 3,
	EXT4_OPT_NO_ACL = 1 << 4,
	EXT4_OPT_NO_USER_XATTR = 1 << 5,
	EXT4_OPT_NO_AUTO_DA_ALLOC = 1 << 6,
	EXT4_OPT_JOURNAL_CHECKSUM = 1 << 8,
	EXT4_OPT_NOBARRIER = 1 << 9,
	EXT4_OPT_WRITEBACK = 1 << 10,    /* a commit does not wait for data */
	EXT4_OPT_DISCARD = 1 << 11,      /* blocks that were freed, once that is committed */
	EXT4_OPT_DATA_JOURNAL = 1 << 12, /* all data goes through the journal */
	EXT4_OPT_USRQUOTA = 1 << 13,     /* limits of the kind are enforced */
	EXT4_OPT_GRPQUOTA = 1 << 14,
	EXT4_OPT_PRJQUOTA = 1 << 15,
	EXT4_OPT_QUOTAS = EXT4_OPT_USRQUOTA | EXT4_OPT_GRPQUOTA | EXT4_OPT_PRJQUOTA,
};

/* How data is written; none: ordered. */
#define EXT4_OPTS_DATA ((unsigned int)EXT4_OPT_WRITEBACK | EXT4_OPT_DATA_JOURNAL)

#define EXT4_COMMIT_SECONDS 5u

struct ext4_options {
	unsigned int flags; /* enum ext4_option */
	u32 errors;         /* EXT4_ERRORS_* */
	u32 resuid, resgid;
	u32 commit_seconds;  /* how old a transaction may get before it is committed */
	u64 sb_block;        /* in 1 KiB units */
	u32 journal_dev;     /* the device that the journal is on, packed as on disk; 0: not told */
	u32 inode_readahead; /* blocks of an inode table that are read together; 0: one */
	u32 max_dir_kib;     /* 0: no limit */
};
#define EXT4_INODE_READAHEAD 32u

#define EXT4_GROUP_CHUNK 64u

/* A block of extended attributes that others may share, by the hash of its contents. */
struct ext4_xattr_slot {
	u32 hash;
	u64 block; /* 0: none */
};
#define EXT4_XATTR_SLOTS 256u

struct ext4_fs {
	struct super_block *super;
	struct block_device *bdev;
	const char *type_name;
	struct ext4_options options;

	struct buffer *super_buffer;
	struct ext4_super_raw *raw; /* inside super_buffer; changes under super_lock */
	struct mutex super_lock;
	char label[16];   /* [super_lock] */
	u32 reserved_gdt; /* blocks after the descriptors, for more of them */
	bool grown;       /* the superblock's counts are to be written too */

	/* geometry [c] */
	u32 block_size, block_bits, inode_size, desc_size;
	u32 blocks_per_group, inodes_per_group, inodes_count, first_ino;
	u32 clusters_per_group, cluster_bits; /* blocks and 0 unless bigalloc */
	u32 group_count, first_data_block;
	u32 inodes_per_block, itable_blocks, addr_per_block, addr_bits;
	u32 desc_per_block, desc_blocks, flex_bits;
	u64 blocks_count;
	u64 overhead, reserved_blocks;
	u32 compat, incompat, ro_compat;
	bool metadata_csum, gdt_csum, has_group_csum, bigalloc, has_journal;
	u32 csum_seed;
	u32 hash_seed[4];
	u8 default_hash, hash_unsigned; /* 3: added to the version for unsigned characters */
	u16 want_extra_isize;
	u64 max_extent_size, max_indirect_size; /* bytes that we make a file of each kind */
	bool only_read;     /* mounted ro in spite of damage, which must not be written to */
	u64 indirect_reach; /* bytes in a file that others may have made */

	struct buffer **descs; /* [c] the blocks of descriptors, referenced */
	struct ext4_group **group_chunks;
	struct ext4_range *zones; /* [c] sorted, disjoint: where the volume's own metadata is */
	u32 zone_count, zone_room;
	struct ext4_range *journal_ranges; /* sorted: the journal's own, once it is in use */
	u32 journal_range_count;
	/* Growing replaces arrays that others read without a lock: the old ones stay until the end.
	 */
	struct list_head retired;
	bool resizing; /* [a] */

	s64 free_clusters, free_inodes, dirs; /* [a] */
	s64 delayed_clusters; /* [a] promised to delayed pages, with their metadata */
	s64 busy_clusters;    /* [a] freed, but not committed */
	s64 window_clusters;  /* [a] kept for files; free as far as anybody else knows */
	u32 generation_next;  /* [a] */

	struct ext4_txn txn;
	struct block_device
	    *journal_bdev;            /* the journal's, if it has one of its own and is in use */
	struct ext4_journal *journal; /* NULL: none, or mounted read-only */
	struct {                      /* fast commits that recovery found: journal_fast.h */
		u32 records;          /* 0: none */
		u32 tid, start;       /* the transaction that they become, and where it goes */
	} fast;
	bool aborted;       /* [a] errors policy made it read-only */
	bool writable_once; /* the superblock's state was changed by this mount */
	u16 mounted_state;  /* s_state as found */
	bool casefold_told; /* [a] that casefolded directories get no new names */

	u64 committed_ns;     /* when write-back last asked for a commit */
	u32 committed_orphan; /* commit_mutex: s_last_orphan as the last transaction left it */
	struct mutex orphan_lock;
	u32 orphan_head;               /* orphan_lock: s_last_orphan of the running transaction */
	struct list_head orphans;      /* ext4_inode.orphan_node, oldest first */
	struct list_head file_orphans; /* orphan_lock: those in the orphan file */
	struct ext4_orphan_file *orphan_file; /* orphan_lock: NULL: none, or not in use */

	struct ext4_mmp *mmp; /* NULL: not protecting */

	u32 frozen;  /* atomic: enum ext4_frozen; txn.wait */
	u32 writers; /* atomic: write-back that runs */

	struct ext4_quota *quota; /* NULL: no such feature, or never writable yet */
	u32 quota_credits;        /* buffers with dquots that a handle may change */

	struct mutex xattr_mutex;                             /* see xattr_int.h */
	struct ext4_xattr_slot xattr_slots[EXT4_XATTR_SLOTS]; /* xattr_mutex */
};

static inline struct ext4_fs *ext4_fs(const struct super_block *super)
{
	return super->private;
}
static inline struct ext4_group *ext4_group(struct ext4_fs *fs, u32 number)
{
	return &fs->group_chunks[number / EXT4_GROUP_CHUNK][number % EXT4_GROUP_CHUNK];
}
static inline u64 ext4_group_first(const struct ext4_fs *fs, u32 group)
{
	return (u64)group * fs->blocks_per_group + fs->first_data_block;
}
static inline u32 ext4_group_blocks(const struct ext4_fs *fs, u32 group)
{
	if (group + 1 < fs->group_count)
		return fs->blocks_per_group;
	return (u32)(fs->blocks_count - ext4_group_first(fs, group));
}
/* Bits of the group's block bitmap; the last one may reach over the volume's end. */
static inline u32 ext4_group_clusters(const struct ext4_fs *fs, u32 group)
{
	return DIV_ROUND_UP(ext4_group_blocks(fs, group), 1u << fs->cluster_bits);
}
static inline u32 ext4_block_group(const struct ext4_fs *fs, u64 block)
{
	return (u32)((block - fs->first_data_block) / fs->blocks_per_group);
}

/* ---- inodes ---- */

/* A run of logical blocks and what it maps to. */
struct ext4_map {
	u32 logical, length;   /* length is not 0 */
	u64 physical;          /* 0: a hole */
	bool unwritten, fresh; /* fresh: blocks were allocated by this call */
};

#define EXT4_MAP_CACHE 4

struct ext4_inode {
	struct inode vfs;
	u32 flags;         /* [t] EXT4_*_FL */
	u32 dtime_or_next; /* [t] i_dtime: deletion time, or the next orphan */
	u64 file_acl;      /* [t] */
	u64 disk_size;     /* [t] the size that the metadata on disk shows */
	u32 csum_seed;     /* [c] */
	u32 group;         /* [c] */
	u16 extra_isize;   /* [t] */
	u16 reserved_lo;
	bool orphan;             /* it may be read although it has no links */
	bool loaded;             /* fields are the inode's; false in one that failed to load */
	struct rwsem xattr_lock; /* extended attributes; inside a handle, outside map_lock */
	struct rwsem map_lock;
	union {
		struct le32 block[EXT4_INODE_BLOCKS]; /* [m] */
		u8 block_bytes[EXT4_INODE_BLOCKS * 4];
	};
	/* the last mappings seen */
	struct spinlock cache_lock;
	struct ext4_map cache[EXT4_MAP_CACHE]; /* cache_lock; length 0: unused */
	u32 cache_next, cache_version;         /* cache_lock */
	/* delayed allocation */
	u32 delayed,
	    delayed_meta;      /* cache_lock: blocks delayed, and clusters of metadata for them */
	struct radix promises; /* cache_lock: clusters with delayed blocks (bigalloc, promise.c) */
	struct ext4_window window; /* [m] */
	/* quota */
	u32 project;                                /* [t] i_projid */
	u32 quota_reserved, quota_claimed;          /* quota.lock: of promised blocks */
	struct ext4_dquot *dquot[EXT4_QUOTA_TYPES]; /* quota.lock to write; NULL: not counted */
	/* directories */
	u32 insert_hint; /* [r] the first block that may have room */
	/* regular files */
	bool may_inline;     /* xattr_lock, read freely: write-back may put contents into it */
	bool flush_on_close; /* [a] was cut to nothing: what was written since goes out at close */
	/* the transaction's */
	struct list_head dirty_node;  /* txn.lock */
	struct buffer *table;         /* txn.lock: referenced while dirty_node is linked */
	u32 sync_tid, datasync_tid;   /* atomic: the last transactions that fsync must wait for */
	struct list_head orphan_node; /* orphan_lock */
	u32 orphan_slot; /* orphan_lock: where in the orphan file; EXT4_ORPHAN_LISTED */
};

static inline struct ext4_inode *ext4_inode(const struct inode *inode)
{
	return container_of((struct inode *)inode, struct ext4_inode, vfs);
}
static inline struct ext4_fs *ext4_inode_fs(const struct ext4_inode *inode)
{
	return inode->vfs.super->private;
}
static inline u32 ext4_ino(const struct ext4_inode *inode)
{
	return (u32)inode->vfs.number;
}
static inline bool ext4_is_inline(const struct ext4_inode *inode)
{
	return READ_ONCE(inode->flags) & EXT4_INLINE_DATA_FL;
}
/* Contents and, in a directory, names are encrypted: without keys, both are -ENOKEY. */
static inline bool ext4_is_encrypted(const struct ext4_inode *inode)
{
	return inode->flags & EXT4_ENCRYPT_FL;
}
static inline bool ext4_uses_extents(const struct ext4_inode *inode)
{
	return inode->flags & EXT4_EXTENTS_FL;
}
/*
 * For what must not fail half-way, because it gives something back: tries again when there is no
 * memory at the moment, and gives up only when there is none for long.
 */
#define EXT4_TRIES 16
#define ext4_insist(call)                                                                          \
	({                                                                                         \
		int insist_err_ = (call);                                                          \
		for (int insist_ = 1; insist_err_ == -ENOMEM && insist_ < EXT4_TRIES; insist_++) { \
			thread_yield_point();                                                      \
			insist_err_ = (call);                                                      \
		}                                                                                  \
		insist_err_;                                                                       \
	})

/* ---- error.c ---- */

/*
 * The volume is damaged (or a write of metadata failed): logs a line that names device, inode,
 * block and function, records it in the superblock, and applies errors=. inode NULL, block 0: not
 * known. Its value is -EUCLEAN, for a return statement; it is a constant here, so that who reads
 * the caller, or checks it without its callees, sees that it never goes on as after a success.
 */
void ext4_error_at(struct ext4_fs *fs, u32 ino, u64 block, const char *function, const char *fmt,
		   ...) __printf(5, 6);
#define ext4_error(fs, ino, block, ...)                                                            \
	({                                                                                         \
		ext4_error_at(fs, ino, block, __func__, __VA_ARGS__);                              \
		-EUCLEAN;                                                                          \
	})
/* A read of metadata failed with `err`, which is its value: logs it, if a disk is to blame. */
void ext4_io_error_at(struct ext4_fs *fs, u32 ino, u64 block, const char *function, int err);
#define ext4_io_error(fs, ino, block, err)                                                         \
	({                                                                                         \
		int io_error_ = (err);                                                             \
		ext4_io_error_at(fs, ino, block, __func__, io_error_);                             \
		io_error_;                                                                         \
	})

/*
 * What was checked of a buffer since it was read lies in bits of buffer->flags, one per type of
 * contents, because a damaged volume may use one block as two things.
 */
enum ext4_buffer_check {
	EXT4_CHECKED_EXTENT = BUFFER_FS_FIRST,
	EXT4_CHECKED_DIR,
	EXT4_CHECKED_DX,
	EXT4_CHECKED_XATTR,
};
static inline bool ext4_buffer_checked(const struct buffer *buffer, enum ext4_buffer_check what)
{
	return buffer->flags & BIT(what);
}
static inline void ext4_buffer_set_checked(struct buffer *buffer, enum ext4_buffer_check what)
{
	atomic_fetch_or(&buffer->flags, BIT(what));
}
/* The block has new contents or a new owner. */
static inline void ext4_buffer_unchecked(struct buffer *buffer)
{
	atomic_fetch_and(&buffer->flags, ~(BIT(EXT4_CHECKED_EXTENT) | BIT(EXT4_CHECKED_DIR) |
					   BIT(EXT4_CHECKED_DX) | BIT(EXT4_CHECKED_XATTR)));
}

/* ---- features.c ---- */

/* Logs what forbids the mount by name: -EINVAL, or -EROFS for what allows only reading. */
int __must_check ext4_features_check(struct ext4_fs *fs, bool read_only);

/* ---- options.c ---- */

int __must_check ext4_options_parse(struct ext4_fs *fs, const char *text,
				    struct ext4_options *options);
size_t ext4_show_options(struct super_block *super, char *buf, size_t size);

/* ---- super_check.c ---- */

/* Logs why a volume can't be mounted; -EINVAL. */
void ext4_refuse_at(const struct ext4_fs *fs, const char *why, u64 value);
#define ext4_refuse(fs, why, value)                                                                \
	({                                                                                         \
		ext4_refuse_at(fs, why, value);                                                    \
		-EINVAL;                                                                           \
	})
/* Features, checksum and sizes; sets what of fs follows from them, the size of blocks above all. */
int __must_check ext4_super_check(struct ext4_fs *fs, const struct ext4_super_raw *raw);
/* With fs->raw: what the superblock says of groups. */
int __must_check ext4_super_check_groups(struct ext4_fs *fs);
/* Then: limits, and defaults of mount options. */
void ext4_super_adopt(struct ext4_fs *fs);

/* ---- super.c ---- */

/* Copies counts into the raw superblock and sums it. */
void ext4_super_fill(struct ext4_fs *fs);
/* Whether it says that the volume is clean: as when it was mounted, but while the volume is in use
 * only with a journal, which keeps it so. */
void ext4_super_set_state(struct ext4_fs *fs, bool in_use);
/* Writes it now, durably; no transaction may hold it. */
int __must_check ext4_super_write_now(struct ext4_fs *fs);
/* The same after the journal was aborted: with what was committed and the record of the error. */
void ext4_super_write_aborted(struct ext4_fs *fs);
/* Makes durable what was written, unless nobarrier forbids it. */
int __must_check ext4_fs_flush(struct ext4_fs *fs);
/* Fills it and marks it for write-back, or, with a journal, for the next transaction. */
void ext4_super_write(struct ext4_fs *fs);

/* ---- group.c ---- */

int __must_check ext4_groups_load(struct ext4_fs *fs);
void ext4_groups_free(struct ext4_fs *fs);
bool ext4_group_has_super(const struct ext4_fs *fs, u32 group);
/* Blocks of superblock and descriptors (with those reserved) at the start of a group. */
u32 ext4_group_super_blocks(const struct ext4_fs *fs, u32 group);
/* The block of the volume that holds the primary copy of the i-th block of descriptors. */
u64 ext4_group_desc_block(const struct ext4_fs *fs, u32 i);
void ext4_group_fill_raw(struct ext4_fs *fs, struct ext4_group *group);
/* Only the sums of the bitmaps, and then the descriptor's own. */
void ext4_group_fill_sums(struct ext4_fs *fs, struct ext4_group *group);
struct buffer *ext4_group_desc_buffer(struct ext4_fs *fs, u32 group, struct ext4_desc_raw **raw);
/* Whether [block, block + count) is inside the volume and away from its own metadata. */
bool ext4_blocks_valid(const struct ext4_fs *fs, u64 block, u64 count);

/* ---- bitmap.c: the group's lock is held ---- */

int __must_check ext4_block_bitmap_read(struct ext4_fs *fs, struct ext4_group *group,
					struct buffer **out);
int __must_check ext4_inode_bitmap_read(struct ext4_fs *fs, struct ext4_group *group,
					struct buffer **out);

/* ---- balloc.c: goals, blocks and counts of them are in blocks, promises in clusters ---- */

enum ext4_alloc_flags {
	EXT4_ALLOC_RESERVED = 1 << 0, /* was promised by ext4_reserve */
	EXT4_ALLOC_META = 1 << 1,     /* may use blocks kept for root and for promises */
	EXT4_ALLOC_GROW = 1 << 2,     /* a file's data, of which more may come (cluster.h's only) */
};
/* Up to *count contiguous blocks near goal, in whole clusters, so that they begin with a cluster
 * and *count, when it becomes how many they are, is rounded up. -ENOSPC */
int __must_check ext4_blocks_alloc(struct ext4_handle *handle, u64 goal, u32 *count,
				   unsigned int flags, u64 *block);
/* The same for a run of a file's data, after which room may be kept for the file. map_lock is held
 * for writing. */
int __must_check ext4_blocks_alloc_file(struct ext4_handle *handle, struct ext4_inode *inode,
					u64 goal, u32 *count, unsigned int flags, u64 *block);
/* With room for `more` blocks behind them, if there is, left to the window. */
int __must_check ext4_blocks_alloc_window(struct ext4_handle *handle, u64 goal, u32 *count,
					  u32 more, unsigned int flags, struct ext4_window *window,
					  u64 *block);
/* Marks free clusters as used; the group's lock is held. */
int __must_check ext4_group_take(struct ext4_handle *handle, struct ext4_group *group,
				 struct buffer *bitmap, u32 start, u32 length);
/* Makes group->taken; its lock is held. -ENOMEM */
int __must_check ext4_group_taken_make(struct ext4_fs *fs, struct ext4_group *group,
				       const void *bitmap);
void ext4_group_taken_put(struct ext4_group *group);

/* All clusters that have one of the blocks. metadata: these held buffers. Damage is reported, not
 * returned. */
void ext4_blocks_free(struct ext4_handle *handle, u32 ino, u64 block, u64 count, bool metadata);
/* Promises n clusters to delayed pages. -ENOSPC */
int __must_check ext4_clusters_reserve(struct ext4_fs *fs, u32 n);
/* The same for clusters that are being freed: there is room. */
void ext4_clusters_rereserve(struct ext4_fs *fs, u32 n);
void ext4_clusters_unreserve(struct ext4_fs *fs, u32 n);
u64 ext4_goal_for_inode(struct ext4_inode *inode);
/* The clusters of these very blocks get used, as far as they are not. -EUCLEAN: metadata. */
int __must_check ext4_blocks_claim(struct ext4_handle *handle, u64 block, u64 count);
/* Until the handle's transaction has committed they are not allocated (but may be claimed): only
 * for when the volume is not used after that until the journal was stopped. */
int __must_check ext4_blocks_exclude(struct ext4_handle *handle, u64 block, u64 count);

/* ---- prealloc.c ---- */

/* Keeps free blocks of the group for the window's file; the group's lock is held. Without memory,
 * it does not. */
void ext4_window_set(struct ext4_fs *fs, struct ext4_group *group, const void *bitmap, u32 start,
		     u32 count, struct ext4_window *window);
/* Gives up what is kept for the file to grow into. Takes map_lock. */
void ext4_window_drop(struct ext4_inode *inode);
/* All of the volume's. Whether there were any. */
bool ext4_windows_drop_all(struct ext4_fs *fs);

/* ---- ialloc.c ---- */

/* A new inode near dir: hashed, I_NEW, with owner, mode and times set, and one link. flags:
 * EXT4_EA_INODE_FL for what holds an attribute's value; others' dquots are pinned
 * (ext4_quota_pin_new). -EDQUOT */
int __must_check ext4_inode_create(struct ext4_handle *handle, struct inode *dir, u32 mode,
				   u32 flags, struct ext4_inode **out);
/* Who will own what the running thread creates in dir. */
void ext4_inode_owners(const struct inode *dir, u32 *uid, u32 *gid, u32 *project);
int __must_check ext4_inode_is_used(struct ext4_fs *fs, u32 ino, bool *used);
/* This very number, which is free, gets used; the table's copy is zeroed. */
int __must_check ext4_inode_claim(struct ext4_handle *handle, u32 ino, bool directory);
/* Gives the number of a deleted inode back. */
int __must_check ext4_inode_release(struct ext4_handle *handle, struct ext4_inode *inode);
/* Bitmap, descriptor, up to three blocks of the table, the parent; the orphan list's neighbour. */
#define EXT4_CREDITS_INODE 8u
/* Buffers that losing a link and the inode itself change, besides its map. */
#define EXT4_CREDITS_DELETE 12u

/* ---- inode_disk.c ---- */

/* Where an inode lies: block of its table, and offset in it. The number is in range. */
void ext4_inode_locate(struct ext4_fs *fs, u32 ino, u64 *block, u32 *offset);
int __must_check ext4_inode_table_read(struct ext4_fs *fs, u32 ino, struct buffer **out);
int __must_check ext4_inode_load(struct ext4_inode *inode);
/* Copies memory to the table's buffer, with the checksum. */
void ext4_inode_fill_raw(struct ext4_inode *inode, struct buffer *table);
/* Operations by type; after mode is known. */
int __must_check ext4_inode_set_ops(struct ext4_inode *inode);
void ext4_inode_set_vfs_flags(struct ext4_inode *inode);
/* Whether it has a place for the number of its project. */
bool ext4_has_project(const struct ext4_inode *inode);

/* ---- inode.c ---- */

void ext4_inode_slab_init(void);
struct inode *ext4_inode_alloc_memory(struct super_block *super);
void ext4_inode_free_memory(struct inode *inode);
int __must_check ext4_inode_read(struct ext4_fs *fs, u64 ino, struct inode **out);
int ext4_inode_write(struct inode *inode, bool wait);
void ext4_inode_evict(struct inode *inode);
void ext4_inode_add_blocks(struct ext4_inode *inode, s64 fs_blocks);
int ext4_setattr(struct inode *inode, const struct attr *attr);

/* Whether a symbolic link's target lies where the map would be. */
bool ext4_symlink_is_fast(const struct ext4_inode *inode);

/* ---- xattr.c, acl.c ---- */

struct ext4_xattr_puts;
ssize_t ext4_xattr_get_name(struct inode *inode, const char *name, void *value, size_t size);
int ext4_xattr_set_name(struct inode *inode, const char *name, const void *value, size_t size,
			int flags);
ssize_t ext4_xattr_list(struct inode *inode, char *buf, size_t size);
int ext4_acl_get(struct inode *inode, enum acl_type type, struct acl **out);
int ext4_acl_set(struct inode *inode, enum acl_type type, struct acl *acl, u32 mode);
#define EXT4_XATTR_OPS                                                                             \
	.xattr_get = ext4_xattr_get_name, .xattr_set = ext4_xattr_set_name,                        \
	.xattr_list = ext4_xattr_list, .acl_get = ext4_acl_get, .acl_set = ext4_acl_set
/* Gives a new inode what acl_inherit() told. */
int __must_check ext4_acl_init(struct ext4_handle *handle, struct ext4_inode *inode,
			       struct acl *lists[ACL_LISTS]);
/* Whether the inode has any attributes; table: its block, read. */
bool ext4_xattr_exist(struct ext4_inode *inode, struct buffer *table);
/* Drops all attributes of an inode that is being deleted. */
int __must_check ext4_xattr_delete(struct ext4_handle *handle, struct ext4_inode *inode,
				   struct ext4_xattr_puts *puts);
/* For a handle that changes one attribute. */
u32 ext4_xattr_credits(struct ext4_inode *inode, size_t size);

/* ---- mmp.c ---- */

/* Before the first write; waits for seconds. -EBUSY: somebody else uses the volume. */
int __must_check ext4_mmp_start(struct ext4_fs *fs);
void ext4_mmp_stop(struct ext4_fs *fs); /* after the last one */
/* What the thread does from time to time. */
void ext4_mmp_beat(struct ext4_fs *fs);

/* ---- inline.c ---- */

/* The contents of an inline inode, in a block, zeroes behind. -ENODATA if it is not inline. */
int __must_check ext4_inline_read(struct ext4_inode *inode, u8 *buf);
/* The block that an inline directory would be, in memory: out->data is the caller's to kfree. */
int __must_check ext4_inline_dir_block(struct ext4_inode *dir, struct buffer *out);
/* Moves the contents to a block (or drops them), before they change. No handle may be open. */
enum ext4_inline_how {
	EXT4_INLINE_DISCARD = 1 << 0,  /* the contents are wanted no more */
	EXT4_INLINE_PROMISED = 1 << 1, /* write-back: the block was promised */
};
int __must_check ext4_inline_convert(struct ext4_inode *inode, unsigned int how);
/* Bytes that this inode could hold if it had no other attributes; 0: none. */
u32 ext4_inline_limit(const struct ext4_inode *inode);

/* ---- inline_dir.c: inode->rwsem of the directory is held for writing ---- */

/* A new directory without entries, or -ENOSPC if its inode has no room. */
int __must_check ext4_inline_dir_make(struct ext4_handle *handle, struct ext4_inode *dir,
				      struct ext4_inode *parent);
/* Makes room for the name, or gives the directory a block. No handle may be open. */
int __must_check ext4_inline_dir_prepare(struct ext4_inode *dir, const struct qstr *name);
int __must_check ext4_inline_dir_insert(struct ext4_handle *handle, struct ext4_inode *dir,
					const struct qstr *name, u32 ino, u8 type);
/* The entry leads to this inode. */
int __must_check ext4_inline_dir_delete(struct ext4_handle *handle, struct ext4_inode *dir,
					const struct qstr *name, u32 ino);

/* ---- inline_file.c ---- */

/* Whether a file that ends there may lie in its inode. */
bool ext4_inline_fits(const struct ext4_inode *inode, u64 end);
/* Write-back of a file that may. *done: there is nothing left to write; else it has a map now. */
int __must_check ext4_inline_write(struct ext4_inode *inode, struct writeback_control *wbc,
				   bool *done);
/* Changes the size of an inline file in place; inode->rwsem is held. *done false: it has no room.
 */
int __must_check ext4_inline_resize(struct ext4_inode *inode, u64 size, bool *done);

/* ---- freeze.c ---- */

/* FREEZING: no write-back begins; FROZEN: no transaction either. */
enum ext4_frozen { EXT4_THAWED, EXT4_FREEZING, EXT4_FROZEN };
int ext4_freeze(struct super_block *super);
int ext4_thaw(struct super_block *super);
/* Around write-back; false if the volume is frozen and one would not wait. */
bool ext4_writer_enter(struct ext4_fs *fs, bool wait);
void ext4_writer_leave(struct ext4_fs *fs);
/* Until transactions may begin. */
void ext4_wait_transactions(struct ext4_fs *fs);

/* ---- resize.c ---- */

/* Grows the mounted volume to so many blocks (EXT4_IOC_RESIZE_FS). */
int __must_check ext4_resize(struct ext4_fs *fs, u64 blocks);
/* Brings the copies of the superblock up to date with the primary one. */
int __must_check ext4_super_copies_write(struct ext4_fs *fs);
/* Frees what growing has replaced; the volume is on its way out of memory. */
void ext4_resize_free(struct ext4_fs *fs);

/* ---- trim.c ---- */

/* Discards free runs of at least `minimum` blocks in blocks [first, last]; *trimmed: how many
 * blocks.
 */
int __must_check ext4_trim(struct ext4_fs *fs, u64 first, u64 last, u64 minimum, u64 *trimmed);

/* ---- orphan.c ---- */

void ext4_orphan_add(struct ext4_handle *handle, struct ext4_inode *inode);
void ext4_orphan_remove(struct ext4_handle *handle, struct ext4_inode *inode);
/* At a mount: the inode of an orphan, which unlike others may have no links. listed: it is in the
 * chain on disk, of which it becomes the oldest known. */
int __must_check ext4_orphan_read(struct ext4_fs *fs, u32 ino, bool listed, struct inode **out);
/* Frees what lies beyond its size, and takes it off the list. */
int __must_check ext4_orphan_truncate(struct ext4_inode *inode);
/* Moves the orphans of the orphan file, where Linux keeps them, to the list. */
int __must_check ext4_orphan_file_empty(struct ext4_fs *fs, u32 *moved);
/* Opens the orphan file, which is empty, or has what file_orphans has. If that fails, the list
 * does.
 */
void ext4_orphan_file_start(struct ext4_fs *fs);
/* Lets go of it. clean: orphan_present goes, if it is empty; the superblock is the caller's to
 * write. */
void ext4_orphan_file_stop(struct ext4_fs *fs, bool clean);
/* orphan_lock is held. False: it has no room, or the inode is not in it. */
#define EXT4_ORPHAN_LISTED U32_MAX
bool ext4_orphan_file_add(struct ext4_handle *handle, struct ext4_inode *inode);
bool ext4_orphan_file_remove(struct ext4_handle *handle, struct ext4_inode *inode);
/* At a read-write mount: finishes what the last user of the volume left. */
int __must_check ext4_orphan_process(struct ext4_fs *fs);

/* ---- csum.c ---- */

u32 ext4_csum_super(const struct ext4_super_raw *raw);
u16 ext4_csum_desc(const struct ext4_fs *fs, u32 group, const struct ext4_desc_raw *raw);
u32 ext4_csum_inode(const struct ext4_fs *fs, u32 seed, const struct ext4_inode_raw *raw);
u32 ext4_csum_inode_seed(const struct ext4_fs *fs, u32 ino, u32 generation);
u32 ext4_csum_bitmap(const struct ext4_fs *fs, const void *bitmap, u32 bits);
u32 ext4_csum_extent_block(const struct ext4_fs *fs, u32 seed, const void *block);
u32 ext4_csum_dir_block(const struct ext4_fs *fs, u32 seed, const void *block);
u32 ext4_csum_orphan_block(const struct ext4_fs *fs, u32 seed, u64 number, const void *block);
u32 ext4_csum_xattr_block(const struct ext4_fs *fs, u64 number, const void *block);
/* Where count/limit and the tail of an index block are; false if the block is none. */
bool ext4_dx_block_layout(const struct ext4_fs *fs, const void *block, u32 *count_offset);
u32 ext4_csum_dx_block(const struct ext4_fs *fs, u32 seed, const void *block, u32 count_offset);
/* Puts the right checksum into a block that is about to be written. */
void ext4_csum_set(const struct ext4_fs *fs, void *data, u64 block, enum ext4_csum_kind kind,
		   u32 seed);

/* ---- map.c: the map from a file's blocks to the volume's ---- */

/* What lies at `logical`: a mapped or unmapped run of at most max blocks. Takes map_lock. */
int __must_check ext4_map_find(struct ext4_inode *inode, u32 logical, u32 max,
			       struct ext4_map *map);
struct ext4_map_request {
	u32 logical, length;
	unsigned int alloc_flags; /* enum ext4_alloc_flags */
	bool unwritten;           /* new extents are left unwritten (fallocate) */
	bool convert;             /* existing unwritten extents become written */
};
/* Maps the first run of the range, allocating what is missing; the result may be shorter. */
int __must_check ext4_map_create(struct ext4_handle *handle, struct ext4_inode *inode,
				 const struct ext4_map_request *request, struct ext4_map *map);
/* Frees logical blocks [first, last]; restarts the handle as it needs, and leaves it the four
 * credits beyond ext4_map_credits() with which it came. */
int __must_check ext4_map_remove(struct ext4_handle *handle, struct ext4_inode *inode, u32 first,
				 u32 last);
/* The first run of [logical, logical + length): if it is written, makes it unwritten. *done: how
 * many blocks were looked at. Extents only. */
int __must_check ext4_map_unwrite(struct ext4_handle *handle, struct ext4_inode *inode, u32 logical,
				  u32 length, u32 *done);
/* Moves everything from block `from` on by n blocks, to where nothing is; takes handles of its own.
 * Extents only. -EFBIG: no room to the right. */
int __must_check ext4_map_shift_left(struct ext4_inode *inode, u32 from, u32 n);
int __must_check ext4_map_shift_right(struct ext4_inode *inode, u32 from, u32 n);
void ext4_map_cache_clear(struct ext4_inode *inode);
/* Its blocks are written by transactions: directories, links, values of attributes, journalled
 * data.
 */
bool ext4_holds_metadata(const struct ext4_inode *inode);
/* Buffers that one ext4_map_create(), or ext4_map_remove() between two restarts, changes at most.
 */
u32 ext4_map_credits(const struct ext4_inode *inode);
/* The same for n blocks behind the end of a directory or symbolic link. */
u32 ext4_map_append_credits(const struct ext4_inode *inode, u32 n);
/*
 * Freeing touches a bitmap and a descriptor per group: so that a handle's credits suffice, a pass
 * frees in a few groups only, and then lets a commit pass. Blocks of metadata are limited too: each
 * needs room in the log for its revoke.
 */
#define EXT4_FREE_GROUPS  8u
#define EXT4_FREE_REVOKES 2048u
struct ext4_free_budget {
	u32 left, group; /* groups that may still be touched; the last one that was, plus 1 */
	u32 blocks;      /* that may still be freed */
};
struct ext4_free_budget ext4_free_budget(const struct ext4_inode *inode);
/* How many of the count blocks that end before `end` may be freed now. */
u64 ext4_free_allowed(const struct ext4_fs *fs, struct ext4_free_budget *budget, u64 end,
		      u64 count);
/* Blocks of metadata that n more data blocks may need at worst. */
u32 ext4_map_meta_worst(const struct ext4_inode *inode, u32 n);
/* One block of a directory or symbolic link. hole: *out is NULL. */
int __must_check ext4_file_block_read(struct ext4_inode *inode, u32 logical, struct buffer **out);
/* Appends or fills a block: zeroed buffer with access taken. */
int __must_check ext4_file_block_create(struct ext4_handle *handle, struct ext4_inode *inode,
					u32 logical, struct buffer **out);

/* ---- extent*.c ---- */

void ext4_extent_init_root(struct ext4_inode *inode);
int __must_check ext4_extent_map(struct ext4_inode *inode, u32 logical, struct ext4_map *map);
int __must_check ext4_extent_create(struct ext4_handle *handle, struct ext4_inode *inode,
				    const struct ext4_map_request *request, struct ext4_map *map);
int __must_check ext4_extent_remove(struct ext4_handle *handle, struct ext4_inode *inode, u32 first,
				    u32 last, bool *again);
int __must_check ext4_extent_check_root(struct ext4_inode *inode);

/* ---- indirect.c ---- */

int __must_check ext4_indirect_map(struct ext4_inode *inode, u32 logical, u32 max,
				   struct ext4_map *map);
int __must_check ext4_indirect_create(struct ext4_handle *handle, struct ext4_inode *inode,
				      const struct ext4_map_request *request, struct ext4_map *map);
int __must_check ext4_indirect_remove(struct ext4_handle *handle, struct ext4_inode *inode,
				      u32 first, u32 last, bool *again);

/* ---- truncate.c ---- */

/* Frees everything from the inode's size on; the inode is on the orphan list meanwhile if wanted.
 */
int __must_check ext4_truncate_blocks(struct ext4_handle *handle, struct ext4_inode *inode,
				      u64 size);
int __must_check ext4_set_size(struct ext4_inode *inode, u64 size);
/* Makes it the size, in a transaction of its own, and touches nothing else: what lies between the
 * old end and the new one is zero already. */
int __must_check ext4_size_record(struct ext4_inode *inode, u64 size);

/* ---- hash.c ---- */

/* version: EXT4_HASH_*, seed: four words. -EINVAL for versions that are not known. */
int __must_check ext4_name_hash(u8 version, const u32 *seed, const char *name, u32 length,
				u32 *major, u32 *minor);

/* ---- dir.c ---- */

/* Reads and verifies a block of a directory: holes are an error. */
int __must_check ext4_dir_block_read(struct ext4_inode *dir, u32 logical, struct buffer **out);
/* The same for a node of the index, which is not block 0. */
int __must_check ext4_dir_node_read(struct ext4_inode *dir, u32 logical, struct buffer **out);
/* Bytes of a block that hold entries: all but the checksum's tail. */
u32 ext4_dir_space(const struct ext4_fs *fs);
static inline u32 ext4_rec_len(const struct ext4_dirent *entry)
{
	return le16_get(entry->rec_len);
}
/* Whether the entry at offset is sane inside a block whose entries end at `space`. */
static inline bool ext4_dirent_valid(const struct ext4_fs *fs, const void *block, u32 offset,
				     u32 space)
{
	const struct ext4_dirent *entry = (const void *)((const u8 *)block + offset);

	if (offset + EXT4_DIRENT_SIZE(1) > space)
		return false;
	u32 length = ext4_rec_len(entry);

	return length >= EXT4_DIRENT_SIZE(1) && length % 4 == 0 && length <= space - offset &&
	       EXT4_DIRENT_SIZE(entry->name_len) <= length &&
	       le32_get(entry->inode) <= fs->inodes_count;
}
int ext4_dirent_damaged(struct ext4_inode *dir, u64 block, u32 offset);
u8 ext4_file_type(const struct ext4_fs *fs, u32 mode);
/* The type of an entry for its reader: DT_*, 0 if the volume does not say. */
unsigned int ext4_dirent_type(const struct ext4_fs *fs, const struct ext4_dirent *entry);
/* Empty block: one free entry and the tail. */
void ext4_dir_block_init(const struct ext4_fs *fs, void *block);
int ext4_readdir(struct file *file, struct dir_context *ctx);
int __must_check ext4_dir_is_empty(struct ext4_inode *dir, bool *empty);
u32 ext4_dir_blocks(const struct ext4_inode *dir);
/* Where the entries of a block end: before the tail, or, for blocks of the index, at its end. */
u32 ext4_dir_block_end(const struct ext4_inode *dir, u32 logical, const void *data);
/* Adds a block at the end of a directory, accounting for the size. */
int __must_check ext4_dir_append(struct ext4_handle *handle, struct ext4_inode *dir, u32 *logical,
				 struct buffer **out);

/* Buffers that inserting a name changes at most, the directory's inode included. */
u32 ext4_dir_insert_credits(const struct ext4_inode *dir);

/* An entry found in a directory. */
struct ext4_dir_slot {
	struct buffer *buffer; /* referenced; NULL: not found */
	struct ext4_dirent *entry;
	u32 logical;
};
void ext4_dir_slot_put(struct ext4_dir_slot *slot);

/* ---- dir_linear.c ---- */

int __must_check ext4_linear_find(struct ext4_inode *dir, const struct qstr *name,
				  struct ext4_dir_slot *slot);
/* Searches one verified block; NULL entry if it is not there. -EUCLEAN */
int __must_check ext4_block_find(struct ext4_inode *dir, struct buffer *buffer,
				 const struct qstr *name, struct ext4_dirent **entry);
/* Puts an entry into this block: -ENOSPC if it has no room. Access is taken inside. */
int __must_check ext4_block_insert(struct ext4_handle *handle, struct ext4_inode *dir,
				   struct buffer *buffer, const struct qstr *name, u32 ino,
				   u8 type);
int __must_check ext4_block_delete(struct ext4_handle *handle, struct ext4_inode *dir,
				   struct buffer *buffer, struct ext4_dirent *entry);
int __must_check ext4_linear_insert(struct ext4_handle *handle, struct ext4_inode *dir,
				    const struct qstr *name, u32 ino, u8 type);

/* ---- htree.c ---- */

/* -ENOTDIR: the index can't be used (unknown hash): search linearly. */
int __must_check ext4_htree_find(struct ext4_inode *dir, const struct qstr *name,
				 struct ext4_dir_slot *slot);
int __must_check ext4_htree_insert(struct ext4_handle *handle, struct ext4_inode *dir,
				   const struct qstr *name, u32 ino, u8 type);
/* Turns a directory of one full block into an indexed one and inserts. */
int __must_check ext4_htree_make(struct ext4_handle *handle, struct ext4_inode *dir,
				 const struct qstr *name, u32 ino, u8 type);

/* ---- namei.c, symlink.c, file.c, mapping.c, ioctl.c ---- */

int __must_check ext4_dir_find(struct ext4_inode *dir, const struct qstr *name,
			       struct ext4_dir_slot *slot);
/* The inode that a name leads to; 0: there is no such name. */
int __must_check ext4_dir_number(struct ext4_inode *dir, const struct qstr *name, u32 *ino);
/* The first block of a new directory. */
int __must_check ext4_dir_make_dots(struct ext4_handle *handle, struct ext4_inode *dir,
				    struct ext4_inode *parent);
/* It gained or lost a child: times, and by links (1, 0, -1) what a child's ".." counts. */
int __must_check ext4_dir_changed(struct ext4_handle *handle, struct ext4_inode *dir, int links);
int __must_check ext4_dir_insert(struct ext4_handle *handle, struct ext4_inode *dir,
				 const struct qstr *name, u32 ino, u8 type);
extern const struct inode_ops ext4_dir_inode_ops, ext4_file_inode_ops, ext4_symlink_inode_ops,
    ext4_special_inode_ops;
extern const struct file_ops ext4_dir_file_ops, ext4_file_ops;
extern const struct mapping_ops ext4_mapping_ops;
int ext4_symlink(struct inode *dir, struct dentry *dentry, const char *target);
/* Starts writing what is delayed, so that the next commit has it. Outside handles. */
void ext4_flush_start(struct ext4_inode *inode);
int ext4_fsync(struct file *file, loff_t start, loff_t end, bool datasync);
long ext4_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int ext4_fallocate(struct file *file, int mode, loff_t offset, loff_t length);
/* Zeroes [from, to), inside one block, in the page cache; inode->rwsem is held for writing. */
int __must_check ext4_zero_partial(struct ext4_inode *inode, u64 from, u64 to);
loff_t ext4_file_seek(struct file *file, loff_t offset, int whence);
long ext4_ioctl_fiemap(struct file *file, void __user *arg);
/*
 * The first run, in blocks [from, to), of blocks that are dirty in the page cache. promised: only
 * of those that have no place on disk yet. False: there is none.
 */
bool ext4_page_find_dirty(struct inode *inode, u32 from, u32 to, bool promised, u32 *first,
			  u32 *count);
/* The contents of a locked page changed, in blocks that write_begin() prepared: they become dirty,
 * or a part of the running transaction. No handle is open. */
void ext4_page_changed(struct ext4_inode *inode, struct page *page);
/* Makes all of the file's data so durable that it need not be journalled any more. Its rwsem and
 * mapping.invalidate are held for writing, so that nothing comes after. */
int __must_check ext4_journal_data_stop(struct ext4_inode *inode);
/* A regular file's data goes through the journal. */
bool ext4_journals_data(const struct ext4_inode *inode);
/* After the size shrank to `size` inside a page: forgets its blocks beyond. */
void ext4_page_forget_tail(struct inode *inode, u64 size);
/* The same for a hole [start, end). */
void ext4_page_forget_range(struct inode *inode, u64 start, u64 end);

/* Blocks of the volume per page, and pages as blocks. */
static inline u32 ext4_blocks_of(const struct ext4_fs *fs, u64 bytes)
{
	u64 n = (bytes + fs->block_size - 1) >> fs->block_bits;
	return n > U32_MAX ? U32_MAX : (u32)n;
}

/* identify.c: fs_type.identify. */
int __must_check ext4_identify(struct block_device *bdev, struct fs_identity *out);

#endif

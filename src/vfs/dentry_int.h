/*
 * What the files of the dentry cache share; and the hashing of names, which the path walker does
 * while it looks for the next slash.
 */
#ifndef ARAMID_VFS_DENTRY_INT_H
#define ARAMID_VFS_DENTRY_INT_H

#include "lib/atomic.h"
#include "vfs/hash_table.h"
#include "vfs/inode.h"

#define NAME_HASH_SEED 0x811c9dc5u

static inline u32 name_hash_step(u32 hash, unsigned char c)
{
	return (hash ^ c) * 0x01000193u;
}

static inline u32 name_hash_finish(u32 hash, const struct dentry *parent)
{
	hash ^= (u32)((uintptr_t)parent >> 6) * 0x9e3779b1u;
	hash ^= hash >> 15;
	return hash * 0x85ebca6bu;
}

static inline bool dentry_flag_test(const struct dentry *dentry, u32 flag)
{
	return atomic_load(&dentry->flags) & flag;
}

static inline void dentry_flag_set(struct dentry *dentry, u32 flag)
{
	atomic_fetch_or(&dentry->flags, flag);
}

static inline void dentry_flag_clear(struct dentry *dentry, u32 flag)
{
	atomic_fetch_and(&dentry->flags, ~flag);
}

/* A dentry without a place in the hash and with a name of its own (O_TMPFILE). NULL on no memory.
 */
struct dentry *dentry_make_unhashed(struct dentry *parent, const char *name);
/* The parent now, referenced: for ".." and for building path names while renames go on. */
struct dentry *dentry_parent_get(struct dentry *dentry);
void dentry_cache_init(void);

extern struct hash_table dentry_table; /* by name.hash */

#endif

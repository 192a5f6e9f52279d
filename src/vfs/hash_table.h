/*
 * Hash tables for vfs's caches, which grow with what is in them: an idle machine has a page or two
 * of buckets, a busy one a bucket for each entry, so that no search is long.
 *
 * The table grows by one bucket at a time (linear hashing). With n buckets, and p the power of two
 * with p < n <= 2p, an entry belongs in bucket hash % 2p if there is one, otherwise in hash % p.
 * Adding bucket n therefore takes entries from one other bucket only, n - p (or n - n/2 at a power
 * of two), whose lock is held while they move; nobody can find the new one before `size` says that
 * it is there. Buckets lie in segments of a page, which never move.
 *
 * Who looks for an entry locks the bucket it belongs in (hash_table_lock), which looks again once
 * it has the lock, in case the bucket was divided meanwhile. A bucket may be locked while holding
 * others only through hash_table_lock_two() or by trying. Tables never shrink; nor can adding to
 * them fail: without memory they stay as they are.
 */
#ifndef ARAMID_VFS_HASH_TABLE_H
#define ARAMID_VFS_HASH_TABLE_H

#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/lock.h"

#define HASH_SEGMENT_BUCKETS 256

struct hash_bucket {
	struct spinlock lock;
	struct hlist_head chain; /* lock */
};

struct hash_table {
	struct hash_bucket **segments;
	size_t size; /* buckets in use: grows under grow_lock and the divided bucket's lock */
	size_t max;
	size_t entries; /* atomic */
	u64 (*hash_of)(const struct hlist_node *node);
	struct spinlock grow_lock; /* outside the buckets' */
	const char *name;
};

/* At most about a bucket for each two frames of memory. Panics without memory: it is start-up. */
void hash_table_init(struct hash_table *table, const char *name,
		     u64 (*hash_of)(const struct hlist_node *node));

static inline size_t hash_table_index(u64 hash, size_t size)
{
	size_t mask = (size_t)-1 >> __builtin_clzl(size - 1);
	size_t at = hash & mask;

	return at < size ? at : at & mask >> 1;
}

static inline struct hash_bucket *hash_table_at(const struct hash_table *table, size_t index)
{
	return &table->segments[index / HASH_SEGMENT_BUCKETS][index % HASH_SEGMENT_BUCKETS];
}

/* Locks the bucket of hash and returns it. */
static inline struct hash_bucket *hash_table_lock(struct hash_table *table,
						  u64 hash) __no_lock_analysis
{
	for (;;) {
		size_t size = atomic_load(&table->size);
		struct hash_bucket *bucket = hash_table_at(table, hash_table_index(hash, size));

		spin_lock(&bucket->lock);
		if (likely(size == atomic_load(&table->size)))
			return bucket;
		if (bucket ==
		    hash_table_at(table, hash_table_index(hash, atomic_load(&table->size))))
			return bucket;
		spin_unlock(&bucket->lock);
	}
}

/* The same for who may not wait: NULL if the lock is taken. */
struct hash_bucket *hash_table_trylock(struct hash_table *table, u64 hash) __must_check;
/* The buckets of two hashes, which may be the same one. */
void hash_table_lock_two(struct hash_table *table, const u64 hash[2], struct hash_bucket *out[2]);

static inline void hash_bucket_unlock(struct hash_bucket *bucket) __no_lock_analysis
{
	spin_unlock(&bucket->lock);
}

void hash_buckets_unlock_two(struct hash_bucket *const buckets[2]);

/* Enters and removes; the node's bucket is locked. */
static inline void hash_table_add(struct hash_table *table, struct hash_bucket *bucket,
				  struct hlist_node *node)
{
	hlist_add_head(node, &bucket->chain);
	atomic_inc(&table->entries);
}

/* Harmless when the node is not in the table. */
static inline void hash_table_del(struct hash_table *table, struct hlist_node *node)
{
	if (!hlist_is_linked(node))
		return;
	hlist_del(node);
	atomic_dec(&table->entries);
}

/* After hash_table_add(), with no bucket locked: makes the table larger if it is full. */
void hash_table_grow(struct hash_table *table);

static inline void hash_table_added(struct hash_table *table)
{
	size_t size = atomic_load_relaxed(&table->size);

	if (unlikely(atomic_load_relaxed(&table->entries) > size) && size < table->max)
		hash_table_grow(table);
}

#endif

/* Hash tables that grow: see vfs/hash_table.h. */
#include "vfs/hash_table.h"

#include "lib/assert.h"
#include "lib/panic.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define SEGMENTS_MAX 4096 /* a million buckets */

static struct hash_bucket *segment_make(const struct hash_table *table, unsigned int mm_flags)
{
	struct hash_bucket *segment =
	    kmalloc(HASH_SEGMENT_BUCKETS * sizeof(*segment), mm_flags | MM_ZERO);

	for (size_t i = 0; segment && i < HASH_SEGMENT_BUCKETS; i++)
		spin_init(&segment[i].lock, table->name);
	return segment;
}

void hash_table_init(struct hash_table *table, const char *name,
		     u64 (*hash_of)(const struct hlist_node *node))
{
	size_t segments =
	    clamp(mm_total_pages() / 2 / HASH_SEGMENT_BUCKETS, (size_t)4, (size_t)SEGMENTS_MAX);

	*table = (struct hash_table){.size = HASH_SEGMENT_BUCKETS,
				     .max = segments * HASH_SEGMENT_BUCKETS,
				     .hash_of = hash_of,
				     .name = name};
	spin_init(&table->grow_lock, name);
	table->segments = kcalloc(segments, sizeof(struct hash_bucket *), MM_NORMAL);
	if (!table->segments || !(table->segments[0] = segment_make(table, MM_NORMAL)))
		panic("no memory for the hash of %s", name);
}

struct hash_bucket *hash_table_trylock(struct hash_table *table, u64 hash) __no_lock_analysis
{
	size_t size = atomic_load(&table->size);
	struct hash_bucket *bucket = hash_table_at(table, hash_table_index(hash, size));

	if (!spin_trylock(&bucket->lock))
		return NULL;
	if (bucket == hash_table_at(table, hash_table_index(hash, atomic_load(&table->size))))
		return bucket;
	spin_unlock(&bucket->lock);
	return NULL;
}

void hash_table_lock_two(struct hash_table *table, const u64 hash[2],
			 struct hash_bucket *out[2]) __no_lock_analysis
{
	for (;;) {
		size_t size = atomic_load(&table->size);

		for (int i = 0; i < 2; i++)
			out[i] = hash_table_at(table, hash_table_index(hash[i], size));
		spin_lock(out[0] < out[1] ? &out[0]->lock : &out[1]->lock);
		if (out[0] != out[1])
			spin_lock(out[0] < out[1] ? &out[1]->lock : &out[0]->lock);
		if (size == atomic_load(&table->size))
			return;
		hash_buckets_unlock_two(out);
	}
}

void hash_buckets_unlock_two(struct hash_bucket *const buckets[2]) __no_lock_analysis
{
	spin_unlock(&buckets[0]->lock);
	if (buckets[0] != buckets[1])
		spin_unlock(&buckets[1]->lock);
}

/* Moves what belongs in the bucket that comes next there, and makes it known. grow_lock held. */
static void divide(struct hash_table *table)
{
	size_t size = table->size;
	size_t from_index = size & ((size_t)-1 >> __builtin_clzl(size)) >> 1;
	struct hash_bucket *from = hash_table_at(table, from_index);
	struct hash_bucket *to = hash_table_at(table, size);
	struct hlist_node *node, *next;

	spin_lock(&from->lock);
	for (node = from->chain.first; node; node = next) {
		next = node->next;
		if (hash_table_index(table->hash_of(node), size + 1) == from_index)
			continue;
		hlist_del(node);
		hlist_add_head(node, &to->chain);
	}
	atomic_store(&table->size, size + 1);
	spin_unlock(&from->lock);
}

void hash_table_grow(struct hash_table *table)
{
	size_t at = READ_ONCE(table->size) / HASH_SEGMENT_BUCKETS;
	struct hash_bucket *segment = NULL;

	/* Only as much as there is to spare: this is no reason to reclaim. */
	if (!READ_ONCE(table->segments[at]) && !(segment = segment_make(table, MM_ATOMIC)))
		return;
	if (spin_trylock(&table->grow_lock)) {
		if (segment && !table->segments[at]) {
			table->segments[at] = segment;
			segment = NULL;
		}
		if (table->size < table->max && table->segments[table->size / HASH_SEGMENT_BUCKETS])
			divide(table);
		spin_unlock(&table->grow_lock);
	}
	kfree(segment);
}

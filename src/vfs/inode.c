/*
 * The inode cache.
 *
 * Inodes are found by (super, number) in a hash whose buckets have a lock each. A reference count
 * goes from 0 to 1 and from 1 to 0 only under the bucket's lock, so that whoever sees 0 there may
 * decide the inode's fate; all other changes are plain atomics. An unreferenced inode that still
 * has links stays hashed and on the LRU list; it is left there when it is found again (the shrinker
 * drops such entries when it meets them), which keeps the common open and close away from the
 * list's lock.
 *
 * Eviction: I_FREEING is set under the bucket's lock, and the inode stays hashed until its evict
 * operation has ended, so that nobody can read it from the disk again while it is being freed
 * there. Finders wait meanwhile, on a wait queue that the number chooses.
 *
 * Locks, outer first: super->inodes_lock, bucket, lru_lock. The shrinker needs the opposite order
 * and only tries.
 */
#include "vfs/inode.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/hash_table.h"
#include "vfs/inode_int.h"
#include "vfs/locks.h"

#include <linux/stat.h>

static struct hash_table inode_table;
static struct wait_queue inode_freeing_waits[16];
static struct spinlock lru_lock = SPINLOCK_INIT("inode lru");
static LIST_HEAD(lru);     /* lru_lock; oldest first */
static size_t lru_count;   /* lru_lock */
static u64 number_counter; /* atomic */
size_t inode_dirty_count;

/* On and off the volume's list of dirty inodes, under its inodes_lock. */
static void dirty_link(struct inode *inode)
{
	list_add_tail(&inode->dirty_node, &inode->super->dirty);
	atomic_inc(&inode_dirty_count);
}

static void dirty_unlink(struct inode *inode)
{
	if (!list_is_linked(&inode->dirty_node))
		return;
	list_del(&inode->dirty_node);
	atomic_dec(&inode_dirty_count);
}

static u64 inode_hash_value(const struct super_block *super, u64 number)
{
	return hash_u64((uintptr_t)super + number * 0x9e3779b97f4a7c15ull);
}

static u64 inode_hash_of(const struct hlist_node *node)
{
	const struct inode *inode = hlist_entry(node, const struct inode, hash_node);

	return inode_hash_value(inode->super, inode->number);
}

static struct hash_bucket *inode_lock_bucket(const struct inode *inode)
{
	return hash_table_lock(&inode_table, inode_hash_value(inode->super, inode->number));
}

static struct wait_queue *inode_freeing_wait(u64 number)
{
	return &inode_freeing_waits[number % ARRAY_SIZE(inode_freeing_waits)];
}

static struct inode *inode_alloc(struct super_block *super)
{
	struct inode *inode = super->ops->inode_alloc ? super->ops->inode_alloc(super)
						      : kmalloc(sizeof(*inode), MM_ZERO);

	if (!inode)
		return NULL;
	inode->super = super;
	inode->refs = 1;
	inode->state = BIT(I_NEW);
	inode->nlink = 1;
	rwsem_init(&inode->rwsem, "inode");
	spin_init(&inode->lock, "inode");
	hlist_node_init(&inode->hash_node);
	list_init(&inode->lru_node);
	list_init(&inode->super_node);
	list_init(&inode->dirty_node);
	wait_queue_init(&inode->state_wait, "inode state");
	page_mapping_init(&inode->mapping, inode, NULL);
	return inode;
}

static void inode_free(struct inode *inode)
{
	if (inode->super->ops->inode_free)
		inode->super->ops->inode_free(inode);
	else
		kfree(inode);
}

static void inode_link_super(struct inode *inode)
{
	struct super_block *super = inode->super;

	spin_lock(&super->inodes_lock);
	list_add_tail(&inode->super_node, &super->inodes);
	spin_unlock(&super->inodes_lock);
}

/* The inode in the locked bucket, or NULL. */
static struct inode *inode_find_locked(struct hash_bucket *bucket, const struct super_block *super,
				       u64 number)
{
	struct inode *inode;

	hlist_for_each_entry(inode, &bucket->chain,
			     hash_node) if (inode->number == number &&
					    inode->super == super) return inode;
	return NULL;
}

/* Whether (super, number) is just being evicted. */
static bool inode_is_freeing(const struct super_block *super, u64 number)
{
	struct hash_bucket *bucket = hash_table_lock(&inode_table, inode_hash_value(super, number));
	struct inode *inode = inode_find_locked(bucket, super, number);
	bool freeing = inode && inode_state_test(inode, I_FREEING);

	hash_bucket_unlock(bucket);
	return freeing;
}

/* A referenced inode of the cache, or NULL and then *fresh was inserted if given. Waits for
 * evictions. */
static struct inode *inode_find_or_insert(struct super_block *super, u64 number,
					  struct inode *fresh)
{
	u64 hash = inode_hash_value(super, number);

	for (;;) {
		struct hash_bucket *bucket = hash_table_lock(&inode_table, hash);
		struct inode *inode = inode_find_locked(bucket, super, number);

		if (!inode) {
			if (fresh)
				hash_table_add(&inode_table, bucket, &fresh->hash_node);
			hash_bucket_unlock(bucket);
			if (fresh)
				hash_table_added(&inode_table);
			return NULL;
		}
		if (!inode_state_test(inode, I_FREEING)) {
			atomic_fetch_add(&inode->refs, 1);
			hash_bucket_unlock(bucket);
			return inode;
		}
		hash_bucket_unlock(bucket);
		wait_event(inode_freeing_wait(number), !inode_is_freeing(super, number));
	}
}

int inode_get(struct super_block *super, u64 number, struct inode **out, bool *is_new)
{
	struct inode *fresh = NULL;

	*is_new = false;
	for (;;) {
		struct inode *inode = inode_find_or_insert(super, number, fresh);

		if (inode) {
			if (inode_state_test(inode, I_NEW))
				wait_event(&inode->state_wait, !inode_state_test(inode, I_NEW));
			if (inode_state_test(inode, I_BAD)) {
				inode_put(inode);
				continue;
			}
			if (fresh)
				inode_free(fresh);
			*out = inode;
			return 0;
		}
		if (fresh) {
			inode_link_super(fresh);
			*out = fresh;
			*is_new = true;
			return 0;
		}
		fresh = inode_alloc(super);
		if (!fresh)
			return -ENOMEM;
		fresh->number = number;
	}
}

int inode_new(struct super_block *super, struct inode **out)
{
	struct inode *inode = inode_alloc(super);

	if (!inode)
		return -ENOMEM;
	inode_link_super(inode);
	*out = inode;
	return 0;
}

int inode_hash(struct inode *inode, u64 number)
{
	struct inode *found;

	ASSERT(!hlist_is_linked(&inode->hash_node));
	inode->number = number;
	found = inode_find_or_insert(inode->super, number, inode);
	if (!found)
		return 0;
	inode_put(found);
	return -EEXIST;
}

void inode_unlock_new(struct inode *inode)
{
	ASSERT(inode_state_test(inode, I_NEW));
	atomic_bit_clear(&inode->state, I_NEW);
	wake_all(&inode->state_wait);
}

void inode_fail_new(struct inode *inode)
{
	struct hash_bucket *bucket = inode_lock_bucket(inode);

	hash_table_del(&inode_table, &inode->hash_node);
	atomic_bit_set(&inode->state, I_BAD);
	hash_bucket_unlock(bucket);
	inode_unlock_new(inode);
	inode_put(inode);
}

void inode_ref(struct inode *inode)
{
	u32 before = atomic_fetch_add(&inode->refs, 1);

	VERIFY_NE(before, 0);
}

static void inode_lru_del(struct inode *inode)
{
	spin_lock(&lru_lock);
	if (list_is_linked(&inode->lru_node)) {
		list_del(&inode->lru_node);
		lru_count--;
	}
	spin_unlock(&lru_lock);
}

/* I_FREEING is set and nobody has a reference. */
static void inode_evict(struct inode *inode)
{
	struct super_block *super = inode->super;
	u64 number = inode->number;
	struct hash_bucket *bucket;

	inode_lru_del(inode);
	if (super->ops->inode_evict && !inode_state_test(inode, I_BAD)) {
		super->ops->inode_evict(inode);
	} else {
		pagecache_truncate(&inode->mapping, 0);
		inode_clear(inode);
	}
	ASSERT_EQ(inode->mapping.page_count, 0);
	spin_lock(&super->inodes_lock);
	list_del(&inode->super_node);
	dirty_unlink(inode);
	spin_unlock(&super->inodes_lock);

	bucket = inode_lock_bucket(inode);
	hash_table_del(&inode_table, &inode->hash_node);
	hash_bucket_unlock(bucket);
	if (wait_queue_active(inode_freeing_wait(number)))
		wake_all(inode_freeing_wait(number));
	inode_free(inode);
}

static bool inode_is_cacheable(const struct inode *inode)
{
	return READ_ONCE(inode->nlink) && hlist_is_linked(&inode->hash_node) &&
	       !(atomic_load(&inode->super->flags) & (SUPER_PSEUDO | SUPER_DEAD));
}

void inode_put(struct inode *inode)
{
	struct hash_bucket *bucket;
	u32 n;

	if (!inode)
		return;
	n = atomic_load(&inode->refs);
	while (n > 1)
		if (atomic_cmpxchg(&inode->refs, &n, n - 1))
			return;
	VERIFY_NE(n, 0);

	bucket = inode_lock_bucket(inode);
	if (atomic_sub_fetch(&inode->refs, 1)) {
		hash_bucket_unlock(bucket);
		return;
	}
	if (!inode_is_cacheable(inode)) {
		atomic_bit_set(&inode->state, I_FREEING);
		hash_bucket_unlock(bucket);
		inode_evict(inode);
		return;
	}
	if (!list_is_linked(&inode->lru_node)) {
		spin_lock(&lru_lock);
		if (!list_is_linked(&inode->lru_node)) {
			list_add_tail(&inode->lru_node, &lru);
			lru_count++;
		}
		spin_unlock(&lru_lock);
	}
	hash_bucket_unlock(bucket);
}

void inode_clear(struct inode *inode)
{
	VERIFY_EQ(inode->mapping.page_count, 0);
	locks_inode_free(inode);
	acl_inode_clear(inode);
	atomic_fetch_and(&inode->state,
			 ~(BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC) | BIT(I_DIRTY_PAGES)));
}

/* ---- dirty inodes ---- */

void inode_dirty_queue(struct inode *inode, enum inode_state bit)
{
	struct super_block *super = inode->super;

	if (inode_state_test(inode, bit) || atomic_bit_set(&inode->state, bit))
		return;
	if (atomic_load(&super->flags) & SUPER_PSEUDO)
		return;
	spin_lock(&super->inodes_lock);
	if (!list_is_linked(&inode->dirty_node) && list_is_linked(&inode->super_node)) {
		inode->dirtied_ns = clock_monotonic_ns();
		dirty_link(inode);
	}
	spin_unlock(&super->inodes_lock);
}

void inode_mark_dirty(struct inode *inode, bool datasync)
{
	if (datasync)
		inode_dirty_queue(inode, I_DIRTY_DATASYNC);
	inode_dirty_queue(inode, I_DIRTY);
}

/* A reference on an inode of super's lists, whose inodes_lock is held; false if it is on its way
 * out or in. */
static bool inode_try_ref(struct inode *inode)
{
	struct hash_bucket *bucket = inode_lock_bucket(inode);
	bool ok;

	ok = !(atomic_load(&inode->state) & (BIT(I_FREEING) | BIT(I_NEW) | BIT(I_BAD)));
	if (ok)
		atomic_fetch_add(&inode->refs, 1);
	hash_bucket_unlock(bucket);
	return ok;
}

struct inode *inode_dirty_take(struct super_block *super, u64 before_ns)
{
	struct inode *inode, *tmp, *found = NULL;

	spin_lock(&super->inodes_lock);
	list_for_each_entry_safe(inode, tmp, &super->dirty, dirty_node) {
		if (inode->dirtied_ns > before_ns)
			break;
		if (!inode_try_ref(inode))
			continue;
		dirty_unlink(inode);
		found = inode;
		break;
	}
	spin_unlock(&super->inodes_lock);
	return found;
}

void inode_dirty_done(struct inode *inode)
{
	struct super_block *super = inode->super;

	spin_lock(&super->inodes_lock);
	if (inode_is_dirty(inode) && !list_is_linked(&inode->dirty_node)) {
		inode->dirtied_ns = clock_monotonic_ns();
		dirty_link(inode);
	}
	spin_unlock(&super->inodes_lock);
	inode_put(inode);
}

int inode_write_fields(struct inode *inode, bool datasync, bool wait)
{
	const struct super_ops *ops = inode->super->ops;
	unsigned long dirty = atomic_load(&inode->state) & (BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC));

	if (!ops->inode_write) {
		atomic_fetch_and(&inode->state, ~(BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC)));
		return 0;
	}
	if (!dirty && !wait)
		return 0;
	if (datasync && !(dirty & BIT(I_DIRTY_DATASYNC)) && !wait)
		return 0;
	atomic_fetch_and(&inode->state, ~(BIT(I_DIRTY) | BIT(I_DIRTY_DATASYNC)));
	return ops->inode_write(inode, wait);
}

int inode_sync(struct inode *inode, bool datasync)
{
	int err = pagecache_write_and_wait(&inode->mapping, 0, S64_MAX);
	int err2 = inode_write_fields(inode, datasync, true);

	return err ? err : err2;
}

struct inode *inode_next(struct super_block *super, struct inode *prev)
{
	struct inode *inode, *found = NULL;
	struct list_head *at;

	spin_lock(&super->inodes_lock);
	at = prev ? prev->super_node.next : super->inodes.next;
	for (; at != &super->inodes; at = at->next) {
		inode = list_entry(at, struct inode, super_node);
		if (inode_try_ref(inode)) {
			found = inode;
			break;
		}
	}
	spin_unlock(&super->inodes_lock);
	inode_put(prev);
	return found;
}

/* ---- giving memory back ---- */

int inode_evict_all(struct super_block *super)
{
	bool busy = false;
	struct inode *inode;

	for (;;) {
		struct inode *victim = NULL;

		busy = false;
		spin_lock(&super->inodes_lock);
		list_for_each_entry(inode, &super->inodes, super_node) {
			struct hash_bucket *bucket = inode_lock_bucket(inode);

			if (!atomic_load(&inode->refs) && !inode_state_test(inode, I_FREEING)) {
				atomic_bit_set(&inode->state, I_FREEING);
				victim = inode;
			} else if (atomic_load(&inode->refs)) {
				busy = true;
			}
			hash_bucket_unlock(bucket);
			if (victim)
				break;
		}
		spin_unlock(&super->inodes_lock);
		if (!victim)
			break;
		inode_evict(victim);
		thread_yield_point();
	}
	return busy ? -EBUSY : 0;
}

/*
 * Takes one unreferenced clean inode without pages from the LRU. Called under lru_lock, so a
 * bucket's lock may only be tried. Referenced inodes leave the list (their last put brings them
 * back), others go to its end.
 */
static struct inode *inode_lru_take(void)
{
	struct inode *inode = list_first_entry(&lru, struct inode, lru_node);
	struct hash_bucket *bucket =
	    hash_table_trylock(&inode_table, inode_hash_of(&inode->hash_node));
	bool take = false, forget = false;

	if (!bucket) {
		list_move_tail(&inode->lru_node, &lru);
		return NULL;
	}
	if (atomic_load(&inode->refs) || inode_state_test(inode, I_FREEING))
		forget = true;
	else
		take = !inode_is_dirty(inode) && !inode->mapping.page_count;
	if (take)
		atomic_bit_set(&inode->state, I_FREEING);
	if (take || forget) {
		list_del(&inode->lru_node);
		lru_count--;
	} else {
		list_move_tail(&inode->lru_node, &lru);
	}
	hash_bucket_unlock(bucket);
	return take ? inode : NULL;
}

static size_t inode_shrink(struct shrinker *shrinker, size_t nr, unsigned int flags)
{
	size_t freed = 0;

	if (flags & (MM_NOFS | MM_ATOMIC))
		return 0;
	while (nr--) {
		struct inode *inode = NULL;

		spin_lock(&lru_lock);
		if (!list_empty(&lru))
			inode = inode_lru_take();
		else
			nr = 0;
		spin_unlock(&lru_lock);
		if (inode) {
			inode_evict(inode);
			freed++;
		}
		if (!nr)
			break;
	}
	return freed;
}

/* Dirty inodes can go once they are written. */
static bool inode_pending(struct shrinker *shrinker)
{
	bool some = atomic_load_relaxed(&inode_dirty_count) > 0;

	if (some)
		writeback_press();
	return some;
}

static struct shrinker inode_shrinker = {
    .name = "inodes", .shrink = inode_shrink, .pending = inode_pending};

u64 inode_number_next(void)
{
	return atomic_add_fetch(&number_counter, 1);
}

void inode_cache_init(void)
{
	hash_table_init(&inode_table, "inodes", inode_hash_of);
	for (size_t i = 0; i < ARRAY_SIZE(inode_freeing_waits); i++)
		wait_queue_init(&inode_freeing_waits[i], "inode freeing");
	shrinker_register(&inode_shrinker);
}

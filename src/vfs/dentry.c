/*
 * The dentry cache: names that were looked up, and what they were found to be.
 *
 * A hash over (parent, name) with a lock per bucket. As with inodes, a dentry's reference count
 * leaves and reaches 0 only under its bucket's lock; a reference is taken and dropped otherwise by
 * plain atomics. Entering a dentry, and turning it negative, happen with the directory's rwsem held
 * for writing, or for reading when a lookup missed: two such lookups of the same name meet in
 * dentry_lookup(), where the second one finds the first one's entry under the bucket's lock.
 *
 * Positive dentries turn negative only if nobody else has a reference; otherwise an unlinked dentry
 * leaves the hash and lives on with its inode until its users are gone. So a reference makes
 * dentry->inode, once it is set, stable.
 *
 * Renaming is in dentry_rename.c.
 *
 * Every dentry holds a reference on its parent and is on the parent's list of children, which
 * umount and rmdir use to drop what is cached below.
 *
 * Locks, outer first: bucket, dentry->lock. lru_lock inside the bucket's; the shrinker has it the
 * other way round and tries.
 */
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/dentry_int.h"
#include "vfs/inode.h"
#include "vfs/pagecache.h"

struct hash_table dentry_table;
static struct slab_cache *dentry_slab;
static struct spinlock lru_lock = SPINLOCK_INIT("dentry lru");
static LIST_HEAD(lru);   /* lru_lock; oldest first */
static size_t lru_count; /* lru_lock */

/* Locks the bucket a dentry is in, which a rename may change as long as we do not have it. */
static struct hash_bucket *dentry_lock_bucket(struct dentry *dentry)
{
	for (;;) {
		u32 hash = READ_ONCE(dentry->name.hash);
		struct hash_bucket *bucket = hash_table_lock(&dentry_table, hash);

		if (likely(hash == READ_ONCE(dentry->name.hash)))
			return bucket;
		hash_bucket_unlock(bucket);
	}
}

/* The same without waiting: NULL if the lock is taken or the name changes. */
static struct hash_bucket *dentry_trylock_bucket(struct dentry *dentry)
{
	u32 hash = READ_ONCE(dentry->name.hash);
	struct hash_bucket *bucket = hash_table_trylock(&dentry_table, hash);

	if (!bucket || hash == READ_ONCE(dentry->name.hash))
		return bucket;
	hash_bucket_unlock(bucket);
	return NULL;
}

u32 qstr_hash(const struct dentry *parent, const char *name, u32 length)
{
	u32 hash = NAME_HASH_SEED;

	for (u32 i = 0; i < length; i++)
		hash = name_hash_step(hash, (unsigned char)name[i]);
	return name_hash_finish(hash, parent);
}

static struct dentry *dentry_alloc(struct super_block *super, struct dentry *parent,
				   const struct qstr *name)
{
	struct dentry *dentry = slab_alloc(dentry_slab, MM_NORMAL);
	char *text;

	if (!dentry)
		return NULL;
	text = dentry->inline_name;
	if (name->length >= sizeof(dentry->inline_name)) {
		text = kmalloc(name->length + 1, MM_NORMAL);
		if (!text) {
			slab_free(dentry_slab, dentry);
			return NULL;
		}
	}
	memcpy(text, name->name, name->length);
	text[name->length] = 0;
	dentry->name = (struct qstr){.name = text, .length = name->length, .hash = name->hash};
	dentry->refs = 1;
	dentry->flags = atomic_load(&super->flags) & SUPER_DONTCACHE ? DENTRY_DONTCACHE : 0;
	spin_init(&dentry->lock, "dentry");
	dentry->inode = NULL;
	dentry->super = super;
	hlist_node_init(&dentry->hash_node);
	list_init(&dentry->lru_node);
	list_init(&dentry->child_node);
	list_init(&dentry->children);
	dentry->parent = parent ? parent : dentry;
	if (parent) {
		dentry_get(parent);
		spin_lock(&parent->lock);
		list_add(&dentry->child_node, &parent->children);
		spin_unlock(&parent->lock);
	}
	return dentry;
}

struct dentry *dentry_make_root(struct inode *inode)
{
	struct qstr name = {.name = "/", .length = 1};
	struct dentry *dentry = dentry_alloc(inode->super, NULL, &name);

	if (dentry)
		dentry->inode = inode;
	return dentry;
}

struct dentry *dentry_make_unhashed(struct dentry *parent, const char *text)
{
	struct qstr name = {.name = text, .length = (u32)strlen(text)};
	struct dentry *dentry = dentry_alloc(parent->super, parent, &name);

	if (dentry)
		dentry_flag_set(dentry, DENTRY_DEAD);
	return dentry;
}

void dentry_get(struct dentry *dentry)
{
	u32 before = atomic_fetch_add(&dentry->refs, 1);

	ASSERT_NE(before, 0);
	(void)before;
}

static void lru_del(struct dentry *dentry)
{
	if (!dentry_flag_test(dentry, DENTRY_ON_LRU))
		return;
	spin_lock(&lru_lock);
	if (list_is_linked(&dentry->lru_node)) {
		list_del(&dentry->lru_node);
		lru_count--;
	}
	dentry_flag_clear(dentry, DENTRY_ON_LRU);
	spin_unlock(&lru_lock);
}

/* Unhashed and without references: frees it. Returns the parent, whose reference is now the
 * caller's to drop. */
static struct dentry *dentry_free(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent;

	ASSERT(list_empty(&dentry->children));
	lru_del(dentry);
	if (parent != dentry) {
		spin_lock(&parent->lock);
		list_del(&dentry->child_node);
		spin_unlock(&parent->lock);
	} else {
		parent = NULL;
	}
	inode_put(dentry->inode);
	if (dentry->name.name != dentry->inline_name)
		kfree((char *)dentry->name.name);
	slab_free(dentry_slab, dentry);
	return parent;
}

static void lru_add(struct dentry *dentry)
{
	if (dentry_flag_test(dentry, DENTRY_ON_LRU)) {
		if (!dentry_flag_test(dentry, DENTRY_REFERENCED))
			dentry_flag_set(dentry, DENTRY_REFERENCED);
		return;
	}
	spin_lock(&lru_lock);
	if (!list_is_linked(&dentry->lru_node)) {
		list_add_tail(&dentry->lru_node, &lru);
		lru_count++;
	}
	dentry_flag_set(dentry, DENTRY_ON_LRU);
	spin_unlock(&lru_lock);
}

/* Nobody may find it any more. Bucket locked. */
static void hash_del(struct dentry *dentry)
{
	hash_table_del(&dentry_table, &dentry->hash_node);
	dentry_flag_clear(dentry, DENTRY_HASHED);
}

void dentry_put(struct dentry *dentry)
{
	while (dentry) {
		struct hash_bucket *bucket;
		u32 n = atomic_load(&dentry->refs);

		while (n > 1)
			if (atomic_cmpxchg(&dentry->refs, &n, n - 1))
				return;
		ASSERT_NE(n, 0);
		bucket = dentry_lock_bucket(dentry);
		if (atomic_sub_fetch(&dentry->refs, 1)) {
			hash_bucket_unlock(bucket);
			return;
		}
		if (dentry_flag_test(dentry, DENTRY_HASHED) &&
		    !dentry_flag_test(dentry, DENTRY_DONTCACHE) &&
		    !(atomic_load(&dentry->super->flags) & SUPER_DEAD)) {
			lru_add(dentry);
			hash_bucket_unlock(bucket);
			return;
		}
		hash_del(dentry);
		hash_bucket_unlock(bucket);
		dentry = dentry_free(dentry);
	}
}

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
	ASSERT(!dentry->inode);
	atomic_store(&dentry->inode, inode);
}

static struct dentry *find_locked(struct hash_bucket *bucket, const struct dentry *parent,
				  const struct qstr *name)
{
	struct dentry *dentry;

	hlist_for_each_entry(
	    dentry, &bucket->chain,
	    hash_node) if (dentry->name.hash == name->hash && dentry->parent == parent &&
			   dentry->name.length == name->length &&
			   !memcmp(dentry->name.name, name->name, name->length)) return dentry;
	return NULL;
}

struct dentry *dentry_lookup_cached(struct dentry *parent, const struct qstr *name)
{
	struct hash_bucket *bucket = hash_table_lock(&dentry_table, name->hash);
	struct dentry *dentry = find_locked(bucket, parent, name);

	if (dentry)
		atomic_fetch_add(&dentry->refs, 1);
	hash_bucket_unlock(bucket);
	return dentry;
}

/* Enters a fresh dentry, or finds that somebody else has done so; the result is referenced. */
static struct dentry *hash_add_or_find(struct dentry *dentry, struct dentry *parent)
{
	struct hash_bucket *bucket = hash_table_lock(&dentry_table, dentry->name.hash);
	struct dentry *other = find_locked(bucket, parent, &dentry->name);

	if (other) {
		atomic_fetch_add(&other->refs, 1);
	} else {
		hash_table_add(&dentry_table, bucket, &dentry->hash_node);
		dentry_flag_set(dentry, DENTRY_HASHED);
	}
	hash_bucket_unlock(bucket);
	if (!other) {
		hash_table_added(&dentry_table);
		return dentry;
	}
	dentry_put(dentry);
	return other;
}

/* Out of the hash although it is in use: what it stood for has gone. */
static void dentry_forget(struct dentry *dentry)
{
	struct hash_bucket *bucket = dentry_lock_bucket(dentry);

	hash_del(dentry);
	dentry_flag_set(dentry, DENTRY_DEAD);
	hash_bucket_unlock(bucket);
}

int dentry_lookup(struct dentry *parent, const struct qstr *name, struct dentry **out)
{
	struct dentry *dentry = dentry_lookup_cached(parent, name);
	struct inode *dir = parent->inode;
	struct inode *inode = NULL;
	int err;

	if (dentry && !dentry_flag_test(dentry, DENTRY_DONTCACHE)) {
		*out = dentry;
		return 0;
	}
	if (name->length > NAME_MAX_LENGTH)
		return -ENAMETOOLONG;
	if (dir->flags & INODE_DEAD) {
		dentry_put(dentry);
		return -ENOENT;
	}
	err = dir->ops->lookup(dir, name, &inode);
	/* What is in use stays the same dentry as long as it means the same. */
	if (!err && dentry && inode == dentry->inode) {
		inode_put(inode);
		*out = dentry;
		return 0;
	}
	if (!err && dentry)
		dentry_forget(dentry);
	dentry_put(dentry);
	if (err)
		return err;
	dentry = dentry_alloc(parent->super, parent, name);
	if (!dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	dentry->inode = inode;
	*out = hash_add_or_find(dentry, parent);
	return 0;
}

void dentry_unhash(struct dentry *dentry)
{
	struct hash_bucket *bucket;
	struct inode *inode = NULL;

	dentry_shrink_tree(dentry);
	bucket = dentry_lock_bucket(dentry);
	if (atomic_load(&dentry->refs) == 1 && dentry_flag_test(dentry, DENTRY_HASHED)) {
		inode = dentry->inode;
		atomic_store(&dentry->inode, (struct inode *)NULL);
	} else {
		hash_del(dentry);
		dentry_flag_set(dentry, DENTRY_DEAD);
	}
	hash_bucket_unlock(bucket);
	inode_put(inode);
}

/* Takes one unreferenced child of the locked parent out of the hash. NULL: none; *again: a lock was
 * busy. */
static struct dentry *child_take_unused(struct dentry *parent, bool *again)
{
	struct dentry *child;

	list_for_each_entry(child, &parent->children, child_node) {
		struct hash_bucket *bucket;

		if (atomic_load(&child->refs) || !dentry_flag_test(child, DENTRY_HASHED))
			continue;
		bucket = dentry_trylock_bucket(child);
		if (!bucket) {
			*again = true;
			continue;
		}
		if (!atomic_load(&child->refs) && dentry_flag_test(child, DENTRY_HASHED)) {
			hash_del(child);
			hash_bucket_unlock(bucket);
			return child;
		}
		hash_bucket_unlock(bucket);
	}
	return NULL;
}

/* The first child that has children itself and so keeps them and us in memory; referenced, or NULL.
 */
static struct dentry *child_with_children(struct dentry *parent, struct dentry *after)
{
	struct list_head *at = after ? after->child_node.next : parent->children.next;

	for (; at != &parent->children; at = at->next) {
		struct dentry *child = list_entry(at, struct dentry, child_node);

		if (!list_empty(&child->children) && atomic_load(&child->refs)) {
			u32 n = atomic_load(&child->refs);

			while (n && !atomic_cmpxchg(&child->refs, &n, n + 1))
				;
			if (n)
				return child;
		}
	}
	return NULL;
}

static void shrink_children(struct dentry *parent)
{
	for (;;) {
		struct dentry *child;
		bool again = false;

		spin_lock(&parent->lock);
		child = child_take_unused(parent, &again);
		spin_unlock(&parent->lock);
		if (child)
			dentry_put(dentry_free(
			    child)); /* the child's reference on parent: never the last */
		else if (!again)
			return;
		thread_yield_point();
	}
}

/*
 * Depth first without recursion: goes down to a child that has children, drops what is unused
 * there, and comes back to its parent, where the child itself may now be unused. The walk ends when
 * a whole level has only children in use.
 */
void dentry_shrink_tree(struct dentry *root)
{
	struct dentry *at = root;

	if (list_empty(&root->children))
		return;
	dentry_get(root);
	for (;;) {
		struct dentry *child, *parent;

		shrink_children(at);
		spin_lock(&at->lock);
		child = child_with_children(at, NULL);
		spin_unlock(&at->lock);
		if (child) {
			dentry_put(at);
			at = child;
			continue;
		}
		if (at == root)
			break;
		/* Up again, past what was found in use: the sibling after it, or else the parent's
		 * own sibling. */
		for (;;) {
			parent = dentry_parent_get(at);
			spin_lock(&parent->lock);
			child = at->parent == parent ? child_with_children(parent, at) : NULL;
			spin_unlock(&parent->lock);
			dentry_put(at);
			shrink_children(parent);
			at = parent;
			if (child || at == root)
				break;
		}
		if (child) {
			dentry_put(at);
			at = child;
			continue;
		}
		break;
	}
	dentry_put(at);
}

struct dentry *dentry_parent_get(struct dentry *dentry)
{
	struct dentry *parent;

	spin_lock(&dentry->lock);
	parent = dentry->parent;
	dentry_get(parent);
	spin_unlock(&dentry->lock);
	return parent;
}

bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *dentry)
{
	for (; dentry != dentry->parent; dentry = dentry->parent)
		if (dentry->parent == ancestor)
			return true;
	return false;
}

/* ---- giving memory back ---- */

static struct dentry *lru_take(void)
{
	struct dentry *dentry = list_first_entry(&lru, struct dentry, lru_node);
	struct hash_bucket *bucket = dentry_trylock_bucket(dentry);
	struct dentry *taken = NULL;

	if (!bucket) {
		list_move_tail(&dentry->lru_node, &lru);
		return NULL;
	}
	if (!atomic_load(&dentry->refs) && dentry_flag_test(dentry, DENTRY_HASHED) &&
	    dentry_flag_test(dentry, DENTRY_REFERENCED)) {
		dentry_flag_clear(dentry, DENTRY_REFERENCED);
		list_move_tail(&dentry->lru_node, &lru);
	} else {
		list_del(&dentry->lru_node);
		lru_count--;
		dentry_flag_clear(dentry, DENTRY_ON_LRU);
		if (!atomic_load(&dentry->refs) && dentry_flag_test(dentry, DENTRY_HASHED)) {
			hash_del(dentry);
			taken = dentry;
		}
	}
	hash_bucket_unlock(bucket);
	return taken;
}

static size_t dentry_shrink(struct shrinker *shrinker, size_t nr, unsigned int flags)
{
	size_t freed = 0;

	if (flags & (MM_NOFS | MM_ATOMIC))
		return 0;
	for (size_t i = 0; i < nr; i++) {
		struct dentry *dentry = NULL;
		bool empty;

		spin_lock(&lru_lock);
		empty = list_empty(&lru);
		if (!empty)
			dentry = lru_take();
		spin_unlock(&lru_lock);
		if (empty)
			break;
		if (dentry) {
			dentry_put(dentry_free(dentry));
			freed++;
		}
	}
	return freed;
}

/* Requests from inside a file system get nothing from us: the write-back thread asks for them. */
static bool dentry_pending(struct shrinker *shrinker)
{
	if (!READ_ONCE(lru_count))
		return false;
	writeback_press();
	return true;
}

static struct shrinker dentry_shrinker = {
    .name = "dentries", .shrink = dentry_shrink, .pending = dentry_pending};

static u64 dentry_hash_of(const struct hlist_node *node)
{
	return hlist_entry(node, const struct dentry, hash_node)->name.hash;
}

void dentry_cache_init(void)
{
	hash_table_init(&dentry_table, "dentries", dentry_hash_of);
	dentry_slab = slab_cache_create("dentry", sizeof(struct dentry), 64);
	shrinker_register(&dentry_shrinker);
}

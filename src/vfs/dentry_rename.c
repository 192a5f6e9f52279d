/* The dentry cache: a name takes the place of another. See dentry.c. */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/dentry_int.h"
#include "vfs/inode.h"

/*
 * Gives a the name of b. b gets that of a in exchange, or keeps its own where that needs no memory
 * (then what a had is returned, to be freed): a name that was replaced should still be shown by
 * those who have it open.
 */
static const char *name_take(struct dentry *a, struct dentry *b, bool exchange)
{
	bool a_inline = a->name.name == a->inline_name, b_inline = b->name.name == b->inline_name;
	const char *old = a_inline ? NULL : a->name.name;
	char buf[sizeof(a->inline_name)];

	memcpy(buf, a->inline_name, sizeof(buf));
	memcpy(a->inline_name, b->inline_name, sizeof(buf));
	if (!exchange && b_inline) {
		a->name = b->name;
		a->name.name = a->inline_name;
		return old;
	}
	memcpy(b->inline_name, buf, sizeof(buf));
	swap(a->name, b->name);
	if (b_inline)
		a->name.name = a->inline_name;
	if (a_inline)
		b->name.name = b->inline_name;
	return NULL;
}

static void child_move(struct dentry *dentry, struct dentry *from, struct dentry *to)
{
	spin_lock(&from->lock);
	list_del(&dentry->child_node);
	spin_unlock(&from->lock);
	spin_lock(&to->lock);
	list_add(&dentry->child_node, &to->children);
	spin_unlock(&to->lock);
}

static void dentry_lock_two(struct dentry *a, struct dentry *b) __no_lock_analysis
{
	if (a > b)
		swap(a, b);
	spin_lock(&a->lock);
	spin_lock(&b->lock);
}

static void dentry_unlock_two(struct dentry *a, struct dentry *b) __no_lock_analysis
{
	spin_unlock(&a->lock);
	spin_unlock(&b->lock);
}

/*
 * Puts dentry where target is. With exchange they swap places; otherwise target leaves the hash, to
 * be freed with its last reference.
 */
void dentry_move(struct dentry *dentry, struct dentry *target, bool exchange)
{
	const u64 hashes[2] = {dentry->name.hash, target->name.hash};
	struct hash_bucket *buckets[2]; /* dentry's and target's */
	struct dentry *old_parent = dentry->parent, *new_parent = target->parent;
	const char *old_name;

	hash_table_lock_two(&dentry_table, hashes, buckets);
	hash_table_del(&dentry_table, &dentry->hash_node);
	hash_table_del(&dentry_table, &target->hash_node);
	dentry_lock_two(dentry, target);
	old_name = name_take(dentry, target, exchange);
	dentry->parent = new_parent;
	if (exchange)
		target->parent = old_parent;
	else
		dentry_get(new_parent);
	dentry_unlock_two(dentry, target);
	hash_table_add(&dentry_table, buckets[1], &dentry->hash_node);
	if (exchange) {
		hash_table_add(&dentry_table, buckets[0], &target->hash_node);
	} else {
		dentry_flag_clear(target, DENTRY_HASHED);
		dentry_flag_set(target, DENTRY_DEAD);
	}
	hash_buckets_unlock_two(buckets);
	kfree((char *)old_name);
	if (old_parent != new_parent) {
		child_move(dentry, old_parent, new_parent);
		if (exchange)
			child_move(target, new_parent, old_parent);
	}
	if (!exchange) {
		dentry_shrink_tree(target);
		dentry_put(old_parent);
	}
}

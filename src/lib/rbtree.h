/*
 * Intrusive red-black trees: ordered sets with insertion, removal and neighbours in O(log n).
 *
 * The tree never compares: callers walk down with their own comparison, or give one to rb_add and
 * rb_find. A tree may keep a value per node that depends on the node's subtree (the largest gap
 * below it, say): its functions take `update`, which recomputes the value of one node from the
 * node itself and its children, and every node whose subtree changed gets it, bottom up. All
 * operations on one tree pass the same update; NULL for a plain tree. No locking: the owner's.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	struct rb_node *parent;
	struct rb_node *left, *right;
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT                                                                                    \
	(struct rb_root)                                                                           \
	{                                                                                          \
		NULL                                                                               \
	}

typedef void rb_update_fn(struct rb_node *node);

static inline bool rb_empty(const struct rb_root *root)
{
	return !root->node;
}

/*
 * Insertion by hand: find the NULL child pointer `link` of `parent` where the node belongs, then
 * rb_insert. An empty tree's place is &root->node, with parent NULL.
 */
void rb_insert(struct rb_node *node, struct rb_node *parent, struct rb_node **link,
	       struct rb_root *root, rb_update_fn *update);
void rb_erase(struct rb_node *node, struct rb_root *root, rb_update_fn *update);
/* Put fresh in old's place; they must sort alike. */
void rb_replace(struct rb_node *old, struct rb_node *fresh, struct rb_root *root,
		rb_update_fn *update);
/* The node's own contribution to its value changed: recompute from here to the root. */
void rb_propagate(struct rb_node *node, rb_update_fn *update);

/* Insertion by comparison; equal nodes go behind the ones that are there. */
void rb_add(struct rb_node *node, struct rb_root *root,
	    bool (*less)(const struct rb_node *a, const struct rb_node *b), rb_update_fn *update);
/* cmp(key, node) is negative, 0 or positive, like memcmp. NULL if there is none. */
struct rb_node *rb_find(const struct rb_root *root, const void *key,
			int (*cmp)(const void *key, const struct rb_node *node));
/* The first node that is not less than the key: cmp(key, node) <= 0. NULL if there is none. */
struct rb_node *rb_find_at_least(const struct rb_root *root, const void *key,
				 int (*cmp)(const void *key, const struct rb_node *node));

/* In order; NULL at the ends. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#define rb_entry(node, type, member) container_of(node, type, member)
#define rb_entry_or_null(node, type, member)                                                       \
	({                                                                                         \
		struct rb_node *rb_node_ = (node);                                                 \
		rb_node_ ? rb_entry(rb_node_, type, member) : NULL;                                \
	})
/* In order; the entry at hand must stay in the tree until the loop moves on. */
#define rb_for_each_entry(pos, root, member)                                                       \
	for (pos = rb_entry_or_null(rb_first(root), __typeof__(*pos), member); pos;                \
	     pos = rb_entry_or_null(rb_next(&pos->member), __typeof__(*pos), member))

#endif

/*
 * Red-black trees after the textbook (Cormen et al., chapter 13), with NULL as the black leaf.
 *
 * The rules: a red node has no red child, and every path from a node down to a leaf passes the
 * same number of black nodes. Insertion may break the first rule at one place, removal the second;
 * the fix-up loops move the break upward until a rotation mends it.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

void rb_propagate(struct rb_node *node, rb_update_fn *update)
{
	if (!update)
		return;
	for (; node; node = node->parent)
		update(node);
}

/* Make what pointed to old (its parent, or the root) point to fresh, which may be NULL. */
static void change_child(struct rb_root *root, struct rb_node *parent, struct rb_node *old,
			 struct rb_node *fresh)
{
	if (!parent)
		root->node = fresh;
	else if (parent->left == old)
		parent->left = fresh;
	else
		parent->right = fresh;
	if (fresh)
		fresh->parent = parent;
}

static void rotate_left(struct rb_node *node, struct rb_root *root, rb_update_fn *update)
{
	struct rb_node *up = node->right;

	node->right = up->left;
	if (node->right)
		node->right->parent = node;
	change_child(root, node->parent, node, up);
	up->left = node;
	node->parent = up;
	if (update) {
		update(node);
		update(up);
	}
}

static void rotate_right(struct rb_node *node, struct rb_root *root, rb_update_fn *update)
{
	struct rb_node *up = node->left;

	node->left = up->right;
	if (node->left)
		node->left->parent = node;
	change_child(root, node->parent, node, up);
	up->right = node;
	node->parent = up;
	if (update) {
		update(node);
		update(up);
	}
}

/* node is red and so may be its parent. */
static void insert_fixup(struct rb_node *node, struct rb_root *root, rb_update_fn *update)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent, *grand = parent->parent;
		bool left = parent == grand->left;
		struct rb_node *uncle = left ? grand->right : grand->left;

		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (left && node == parent->right) {
			rotate_left(parent, root, update);
			parent = node;
		} else if (!left && node == parent->left) {
			rotate_right(parent, root, update);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		if (left)
			rotate_right(grand, root, update);
		else
			rotate_left(grand, root, update);
		break;
	}
	root->node->red = false;
}

void rb_insert(struct rb_node *node, struct rb_node *parent, struct rb_node **link,
	       struct rb_root *root, rb_update_fn *update)
{
	node->parent = parent;
	node->left = node->right = NULL;
	node->red = true;
	*link = node;
	rb_propagate(node, update);
	insert_fixup(node, root, update);
}

/*
 * Paths through node, a child of parent, have one black node too few. node may be NULL. Its
 * sibling never is: the paths through that side have at least one black node.
 */
static void erase_fixup(struct rb_node *node, struct rb_node *parent, struct rb_root *root,
			rb_update_fn *update)
{
	while (node != root->node && !is_red(node)) {
		bool left = node == parent->left;
		struct rb_node *sibling = left ? parent->right : parent->left;

		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			if (left)
				rotate_left(parent, root, update);
			else
				rotate_right(parent, root, update);
			sibling = left ? parent->right : parent->left;
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		if (left && !is_red(sibling->right)) {
			sibling->left->red = false;
			sibling->red = true;
			rotate_right(sibling, root, update);
			sibling = parent->right;
		} else if (!left && !is_red(sibling->left)) {
			sibling->right->red = false;
			sibling->red = true;
			rotate_left(sibling, root, update);
			sibling = parent->left;
		}
		sibling->red = parent->red;
		parent->red = false;
		if (left) {
			sibling->right->red = false;
			rotate_left(parent, root, update);
		} else {
			sibling->left->red = false;
			rotate_right(parent, root, update);
		}
		return;
	}
	if (node)
		node->red = false;
}

void rb_erase(struct rb_node *node, struct rb_root *root, rb_update_fn *update)
{
	struct rb_node *child, *parent;
	bool black_lost;

	if (node->left && node->right) {
		/* The successor, which has no left child, takes node's place and colour. */
		struct rb_node *next = node->right;
		while (next->left)
			next = next->left;
		child = next->right;
		black_lost = !next->red;
		parent = next->parent == node ? next : next->parent;
		if (parent != next) {
			change_child(root, next->parent, next, child);
			next->right = node->right;
			next->right->parent = next;
		}
		next->left = node->left;
		next->left->parent = next;
		next->red = node->red;
		change_child(root, node->parent, node, next);
	} else {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		black_lost = !node->red;
		change_child(root, parent, node, child);
	}
	rb_propagate(parent, update);
	if (black_lost)
		erase_fixup(child, parent, root, update);
}

void rb_replace(struct rb_node *old, struct rb_node *fresh, struct rb_root *root,
		rb_update_fn *update)
{
	*fresh = *old;
	change_child(root, old->parent, old, fresh);
	if (fresh->left)
		fresh->left->parent = fresh;
	if (fresh->right)
		fresh->right->parent = fresh;
	rb_propagate(fresh, update);
}

void rb_add(struct rb_node *node, struct rb_root *root,
	    bool (*less)(const struct rb_node *a, const struct rb_node *b), rb_update_fn *update)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->left : &parent->right;
	}
	rb_insert(node, parent, link, root, update);
}

struct rb_node *rb_find(const struct rb_root *root, const void *key,
			int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->node;

	while (node) {
		int order = cmp(key, node);
		if (order == 0)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return node;
}

struct rb_node *rb_find_at_least(const struct rb_root *root, const void *key,
				 int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->node, *found = NULL;

	while (node) {
		if (cmp(key, node) <= 0) {
			found = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->right) {
		node = node->right;
		while (node->left)
			node = node->left;
		return (struct rb_node *)node;
	}
	while (node->parent && node == node->parent->right)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	if (node->left) {
		node = node->left;
		while (node->right)
			node = node->right;
		return (struct rb_node *)node;
	}
	while (node->parent && node == node->parent->left)
		node = node->parent;
	return node->parent;
}

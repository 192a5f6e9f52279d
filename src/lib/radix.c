#include "lib/radix.h"
#include "lib/assert.h"

#define RADIX_BITS  6
#define RADIX_SLOTS 64

/*
 * A node at shift s covers the indices that agree with it above bit s + 6; its slot number is
 * (index >> s) & 63. At shift 0 the slots are items, above it child nodes.
 */
struct radix_node {
	struct radix_node *parent;
	u8 shift;
	u8 slot;     /* in the parent */
	u64 present; /* which slots are in use */
	u64 tags[RADIX_TAGS];
	void *slots[RADIX_SLOTS];
};

const size_t RADIX_NODE_SIZE = sizeof(struct radix_node);

static unsigned slot_of(const struct radix_node *node, u64 index)
{
	return (index >> node->shift) & (RADIX_SLOTS - 1);
}

/* Whether the tree below this root node is high enough for the index. */
static bool node_covers(const struct radix_node *root, u64 index)
{
	unsigned top = root->shift + RADIX_BITS;

	return top >= 64 || index >> top == 0;
}

/* The leaf node for index, or NULL. */
static struct radix_node *leaf_of(const struct radix *tree, u64 index)
{
	struct radix_node *node = tree->root;

	if (!node || !node_covers(node, index))
		return NULL;
	while (node && node->shift)
		node = node->slots[slot_of(node, index)];
	return node;
}

void *radix_lookup(const struct radix *tree, u64 index)
{
	struct radix_node *leaf = leaf_of(tree, index);

	return leaf ? leaf->slots[slot_of(leaf, index)] : NULL;
}

static struct radix_node *node_make(unsigned shift, unsigned int mm_flags)
{
	struct radix_node *node = radix_node_alloc(mm_flags);

	if (node)
		node->shift = (u8)shift;
	return node;
}

static void node_link(struct radix_node *parent, unsigned slot, struct radix_node *child)
{
	parent->slots[slot] = child;
	parent->present |= 1ull << slot;
	child->parent = parent;
	child->slot = (u8)slot;
}

/* Take empty nodes away from here upward, then roots that have nothing but their first child. */
static void prune(struct radix *tree, struct radix_node *node)
{
	while (node && !node->present) {
		struct radix_node *parent = node->parent;
		if (parent) {
			parent->slots[node->slot] = NULL;
			parent->present &= ~(1ull << node->slot);
		} else {
			tree->root = NULL;
		}
		radix_node_free(node);
		node = parent;
	}
	while (tree->root && tree->root->shift && tree->root->present == 1) {
		struct radix_node *old = tree->root;
		tree->root = old->slots[0];
		tree->root->parent = NULL;
		radix_node_free(old);
	}
}

/* Put roots on top until the tree covers the index. */
static int grow(struct radix *tree, u64 index, unsigned int mm_flags)
{
	if (!tree->root) {
		unsigned shift = index ? ilog2(index) / RADIX_BITS * RADIX_BITS : 0;
		tree->root = node_make(shift, mm_flags);
		return tree->root ? 0 : -ENOMEM;
	}
	while (!node_covers(tree->root, index)) {
		struct radix_node *old = tree->root;
		struct radix_node *root = node_make(old->shift + RADIX_BITS, mm_flags);
		if (!root)
			return -ENOMEM;
		node_link(root, 0, old);
		for (int tag = 0; tag < RADIX_TAGS; tag++)
			root->tags[tag] = old->tags[tag] ? 1 : 0;
		tree->root = root;
	}
	return 0;
}

int radix_insert(struct radix *tree, u64 index, void *item, unsigned int mm_flags)
{
	struct radix_node *node;

	VERIFY(item != NULL);
	int error = grow(tree, index, mm_flags);
	if (error) {
		prune(tree, tree->root);
		return error;
	}
	for (node = tree->root; node->shift;) {
		unsigned slot = slot_of(node, index);
		struct radix_node *child = node->slots[slot];
		if (!child) {
			child = node_make(node->shift - RADIX_BITS, mm_flags);
			if (!child) {
				prune(tree, node);
				return -ENOMEM;
			}
			node_link(node, slot, child);
		}
		node = child;
	}
	unsigned slot = slot_of(node, index);
	if (node->slots[slot])
		return -EEXIST;
	node->slots[slot] = item;
	node->present |= 1ull << slot;
	return 0;
}

void *radix_replace(struct radix *tree, u64 index, void *item)
{
	struct radix_node *leaf = leaf_of(tree, index);

	VERIFY(item != NULL);
	VERIFY(leaf && leaf->slots[slot_of(leaf, index)]);
	void *old = leaf->slots[slot_of(leaf, index)];
	leaf->slots[slot_of(leaf, index)] = item;
	return old;
}

/* The tag is gone from this slot; tell the parents that have no other child with it. */
static void clear_tag_upward(struct radix_node *node, unsigned slot, enum radix_tag tag)
{
	while (node) {
		node->tags[tag] &= ~(1ull << slot);
		if (node->tags[tag])
			return;
		slot = node->slot;
		node = node->parent;
	}
}

static void set_tag_upward(struct radix_node *node, unsigned slot, enum radix_tag tag)
{
	while (node && !(node->tags[tag] >> slot & 1)) {
		node->tags[tag] |= 1ull << slot;
		slot = node->slot;
		node = node->parent;
	}
}

void *radix_delete(struct radix *tree, u64 index)
{
	struct radix_node *leaf = leaf_of(tree, index);

	if (!leaf)
		return NULL;
	unsigned slot = slot_of(leaf, index);
	void *item = leaf->slots[slot];
	if (!item)
		return NULL;
	for (int tag = 0; tag < RADIX_TAGS; tag++)
		if (leaf->tags[tag] >> slot & 1)
			clear_tag_upward(leaf, slot, (enum radix_tag)tag);
	leaf->slots[slot] = NULL;
	leaf->present &= ~(1ull << slot);
	prune(tree, leaf);
	return item;
}

void radix_tag_set(struct radix *tree, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(tree, index);

	if (leaf && leaf->slots[slot_of(leaf, index)])
		set_tag_upward(leaf, slot_of(leaf, index), tag);
}

void radix_tag_clear(struct radix *tree, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(tree, index);

	if (leaf && leaf->tags[tag] >> slot_of(leaf, index) & 1)
		clear_tag_upward(leaf, slot_of(leaf, index), tag);
}

bool radix_tag_test(const struct radix *tree, u64 index, enum radix_tag tag)
{
	struct radix_node *leaf = leaf_of(tree, index);

	return leaf && (leaf->tags[tag] >> slot_of(leaf, index) & 1);
}

bool radix_tagged(const struct radix *tree, enum radix_tag tag)
{
	return tree->root && tree->root->tags[tag];
}

/* The slots of a node that a search may enter: all in use, or those with the tag (-1: no tag). */
static u64 candidates(const struct radix_node *node, int tag)
{
	return tag < 0 ? node->present : node->tags[tag];
}

/*
 * The leaf and slot of the first candidate at or after *index, which moves there. NULL if none.
 * Goes down along the index; where a subtree has nothing left, on to the next candidate to the
 * right, for which the lower index bits start from zero.
 */
static struct radix_node *find_leaf(const struct radix *tree, u64 *index, int tag)
{
	struct radix_node *node = tree->root;
	u64 at = *index;

	if (!node || !node_covers(node, at))
		return NULL;
	for (;;) {
		unsigned slot = slot_of(node, at);
		u64 ahead = candidates(node, tag) & (~0ull << slot);
		if (!ahead) {
			/* Nothing right of here in this node: leave it, one slot further on. */
			do {
				slot = node->slot;
				node = node->parent;
			} while (node && slot == RADIX_SLOTS - 1);
			if (!node)
				return NULL;
			at = ((at >> node->shift) + 1) << node->shift;
			continue;
		}
		unsigned next = (unsigned)__builtin_ctzll(ahead);
		if (next != slot)
			at = ((at >> node->shift) - slot + next) << node->shift;
		if (!node->shift) {
			*index = at;
			return node;
		}
		node = node->slots[next];
	}
}

static void *find(const struct radix *tree, u64 *index, u64 last, int tag)
{
	u64 at = *index;
	struct radix_node *leaf = find_leaf(tree, &at, tag);

	if (!leaf || at > last)
		return NULL;
	*index = at;
	return leaf->slots[slot_of(leaf, at)];
}

void *radix_find(const struct radix *tree, u64 *index, u64 last)
{
	return find(tree, index, last, -1);
}

void *radix_find_tagged(const struct radix *tree, u64 *index, u64 last, enum radix_tag tag)
{
	return find(tree, index, last, (int)tag);
}

static size_t gang(const struct radix *tree, u64 first, u64 last, int tag, void **items,
		   u64 *indices, size_t max)
{
	size_t n = 0;

	while (n < max) {
		void *item = find(tree, &first, last, tag);
		if (!item)
			break;
		items[n] = item;
		if (indices)
			indices[n] = first;
		n++;
		if (first == last)
			break;
		first++;
	}
	return n;
}

size_t radix_gang_lookup(const struct radix *tree, u64 first, u64 last, void **items,
			 u64 *indices, size_t max)
{
	return gang(tree, first, last, -1, items, indices, max);
}

size_t radix_gang_lookup_tagged(const struct radix *tree, u64 first, u64 last,
				enum radix_tag tag, void **items, u64 *indices, size_t max)
{
	return gang(tree, first, last, (int)tag, items, indices, max);
}

size_t radix_tag_copy(struct radix *tree, u64 first, u64 last, enum radix_tag from,
		      enum radix_tag to)
{
	size_t n = 0;

	while (first <= last) {
		struct radix_node *leaf = find_leaf(tree, &first, (int)from);
		if (!leaf || first > last)
			break;
		set_tag_upward(leaf, slot_of(leaf, first), to);
		n++;
		if (first == U64_MAX)
			break;
		first++;
	}
	return n;
}

/*
 * Radix trees: a sparse array from u64 to pointers, for page caches and the like.
 *
 * Nodes have 64 slots, and the tree is as high as its largest index needs. Each item can carry
 * tags; every inner node knows for each tag which of its children hold tagged items, so that
 * "all dirty pages from index 1000 on" costs what it finds. Items are never NULL.
 *
 * The caller locks: changes exclusively, lookups at least shared. Only radix_insert allocates, and
 * its failure leaves the tree as it was. An empty tree holds no memory.
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include "lib/types.h"

enum radix_tag {
	RADIX_DIRTY,
	RADIX_WRITEBACK,
	RADIX_TOWRITE, /* dirty when this write-back began: later dirtying does not extend it */
	RADIX_TAGS,
};

struct radix_node;

struct radix {
	struct radix_node *root; /* NULL: empty */
};

static inline void radix_init(struct radix *tree)
{
	tree->root = NULL;
}

static inline bool radix_empty(const struct radix *tree)
{
	return !tree->root;
}

void *radix_lookup(const struct radix *tree, u64 index);
/* 0, -EEXIST or -ENOMEM. mm_flags (mm/kmalloc.h) say how nodes may be allocated. */
int __must_check radix_insert(struct radix *tree, u64 index, void *item,
			      unsigned int mm_flags);
/* What was there, or NULL; its tags are gone with it. */
void *radix_delete(struct radix *tree, u64 index);
/* Put another item where one is, keeping the tags. Returns the old one. */
void *radix_replace(struct radix *tree, u64 index, void *item);

/* Setting a tag of an index without an item does nothing. */
void radix_tag_set(struct radix *tree, u64 index, enum radix_tag tag);
void radix_tag_clear(struct radix *tree, u64 index, enum radix_tag tag);
bool radix_tag_test(const struct radix *tree, u64 index, enum radix_tag tag);
/* Whether anything in the tree has the tag. */
bool radix_tagged(const struct radix *tree, enum radix_tag tag);
/* Give tag `to` to every item in [first, last] that has tag `from`. Returns how many had it. */
size_t radix_tag_copy(struct radix *tree, u64 first, u64 last, enum radix_tag from,
		      enum radix_tag to);

/*
 * The first item at or after *index and at or before last; *index becomes its index. NULL if there
 * is none (*index is then unchanged). To walk: advance *index by one, mind U64_MAX.
 */
void *radix_find(const struct radix *tree, u64 *index, u64 last);
void *radix_find_tagged(const struct radix *tree, u64 *index, u64 last, enum radix_tag tag);

/*
 * Up to max items in [first, last], in order, into items[] and, unless NULL, their indices into
 * indices[]. Returns how many.
 */
size_t radix_gang_lookup(const struct radix *tree, u64 first, u64 last, void **items,
			 u64 *indices, size_t max);
size_t radix_gang_lookup_tagged(const struct radix *tree, u64 first, u64 last,
				enum radix_tag tag, void **items, u64 *indices, size_t max);

/*
 * Seam: memory for nodes (mm/radix_node.c gives them a slab cache). Zeroed, or NULL; size is
 * always RADIX_NODE_SIZE.
 */
extern const size_t RADIX_NODE_SIZE;
void *radix_node_alloc(unsigned int mm_flags) __must_check;
void radix_node_free(void *node);

#endif

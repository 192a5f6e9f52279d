/*
 * Intrusive doubly linked lists.
 *
 * struct list_head is both head and link: a circular list whose empty head points at itself. An
 * entry must be initialised (list_init) or on a list before list_is_linked may be asked of it. What
 * is moved comes first in the arguments, where it goes to second. struct hlist_head is a
 * one-pointer head for hash buckets, with struct hlist_node links that can remove themselves in
 * O(1). No locking: the owner's.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

/* Whether this entry is on some list; it was initialised, or removed with list_del. */
static inline bool list_is_linked(const struct list_head *entry)
{
	return !list_empty(entry);
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline void list_link_between(struct list_head *entry, struct list_head *prev,
				     struct list_head *next)
{
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}

/* Put entry first, right behind the head (or behind any other entry). */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_link_between(entry, head, head->next);
}

/* Put entry last, right before the head (or before any other entry). */
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_link_between(entry, head->prev, head);
}

/* Take entry off its list; it is initialised again, so that removing it twice is harmless. */
static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	list_init(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add_tail(entry, head);
}

/* Append all of from to the end of to; from is left empty. */
static inline void list_splice_tail(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Prepend all of from to the front of to; from is left empty. */
static inline void list_splice(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	from->next->prev = to;
	to->next = from->next;
	list_init(from);
}

static inline size_t list_length(const struct list_head *head)
{
	size_t n = 0;
	for (const struct list_head *at = head->next; at != head; at = at->next)
		n++;
	return n;
}

#define list_entry(link, type, member) container_of(link, type, member)
/* The first and last entry of a list that is not empty; the _or_null forms ask. */
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)                                               \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/* Walk a list that does not change meanwhile; the _safe form allows removing the entry at hand. */
#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_entry(pos, head, member)                                                     \
	for (pos = list_entry((head)->next, __typeof__(*pos), member); &pos->member != (head);     \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)                                             \
	for (pos = list_entry((head)->prev, __typeof__(*pos), member); &pos->member != (head);     \
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, tmp, head, member)                                           \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),                             \
	    tmp = list_next_entry(pos, member);                                                    \
	     &pos->member != (head); pos = tmp, tmp = list_next_entry(tmp, member))

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev; /* what points at us; NULL while on no list */
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void hlist_init(struct hlist_head *head)
{
	head->first = NULL;
}

static inline void hlist_node_init(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !head->first;
}

static inline bool hlist_is_linked(const struct hlist_node *node)
{
	return node->pprev != NULL;
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (node->next)
		node->next->pprev = &node->next;
	node->pprev = &head->first;
	head->first = node;
}

/* Harmless when the node is on no list. */
static inline void hlist_del(struct hlist_node *node)
{
	if (!node->pprev)
		return;
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	hlist_node_init(node);
}

#define hlist_entry(node, type, member) container_of(node, type, member)
#define hlist_entry_or_null(node, type, member)                                                    \
	({                                                                                         \
		struct hlist_node *hl_node = (node);                                               \
		hl_node ? hlist_entry(hl_node, type, member) : NULL;                               \
	})
#define hlist_for_each_entry(pos, head, member)                                                    \
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*pos), member); pos;              \
	     pos = hlist_entry_or_null(pos->member.next, __typeof__(*pos), member))
#define hlist_for_each_entry_safe(pos, tmp, head, member)                                          \
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*pos), member);                   \
	     pos && ({                                                                             \
		     tmp = pos->member.next;                                                       \
		     1;                                                                            \
	     });                                                                                   \
	     pos = hlist_entry_or_null(tmp, __typeof__(*pos), member))

#endif

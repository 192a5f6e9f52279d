#include "mm/buddy.h"

#include "lib/assert.h"

void buddy_init(struct buddy *buddy)
{
	for (unsigned int order = 0; order <= PAGE_MAX_ORDER; order++)
		list_init(&buddy->free[order]);
	buddy->free_pages = 0;
}

static void block_add(struct buddy *buddy, struct page *page, unsigned int order)
{
	page->flags = BIT(PG_BUDDY);
	page->order = order;
	list_add(&page->lru, &buddy->free[order]);
}

static void block_remove(struct page *page)
{
	page->flags = 0;
	list_del(&page->lru);
}

struct page *buddy_alloc(struct buddy *buddy, unsigned int order)
{
	for (unsigned int from = order; from <= PAGE_MAX_ORDER; from++) {
		if (list_empty(&buddy->free[from]))
			continue;
		struct page *page = list_first_entry(&buddy->free[from], struct page, lru);

		block_remove(page);
		while (from > order) { /* keep the lower half, give the upper one back */
			from--;
			block_add(buddy, page + BIT(from), from);
		}
		buddy->free_pages -= BIT(order);
		return page;
	}
	return NULL;
}

unsigned int buddy_alloc_pages(struct buddy *buddy, struct page **out, unsigned int n)
{
	unsigned int got = 0;

	while (got < n) {
		/* The largest block that is wholly wanted saves splitting; else a single page. */
		unsigned int order = ilog2(n - got);
		struct page *block = NULL;

		while (!(block = buddy_alloc(buddy, order)) && order > 0)
			order--;
		if (!block)
			break;
		for (size_t i = 0; i < BIT(order); i++)
			out[got++] = block + i;
	}
	return got;
}

void buddy_free(struct buddy *buddy, struct page *page, u64 position, unsigned int order)
{
	VERIFY(!(page->flags & BIT(PG_BUDDY)));
	buddy->free_pages += BIT(order);
	while (order < PAGE_MAX_ORDER) {
		bool upper = position & BIT(order);
		struct page *other = upper ? page - BIT(order) : page + BIT(order);

		if (!(other->flags & BIT(PG_BUDDY)) || other->order != order)
			break;
		block_remove(other);
		if (upper) {
			page = other;
			position -= BIT(order);
		}
		order++;
	}
	block_add(buddy, page, order);
}

void buddy_free_range(struct buddy *buddy, struct page *page, u64 position, size_t n)
{
	while (n > 0) {
		unsigned int order = ilog2(n);

		if (position)
			order = min(order, (unsigned int)__builtin_ctzll(position));
		order = min(order, PAGE_MAX_ORDER);
		buddy_free(buddy, page, position, order);
		page += BIT(order);
		position += BIT(order);
		n -= BIT(order);
	}
}

bool buddy_has(const struct buddy *buddy, unsigned int order)
{
	for (; order <= PAGE_MAX_ORDER; order++)
		if (!list_empty(&buddy->free[order]))
			return true;
	return false;
}

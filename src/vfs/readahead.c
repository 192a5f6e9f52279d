/*
 * Read-ahead, and reading single pages.
 *
 * An open file has a window [start, next) of pages that were asked for. A read that misses the
 * cache starts one: as long as it needs if it looks random, longer if it continues where the last
 * one ended. The page in the middle of a window is marked; whoever touches it starts the next
 * window, twice as long up to the limit, so that a sequential reader finds its pages read before it
 * comes to them. Neighbouring pages go to the file system in one call, and all calls of one window
 * share a plug.
 */
#include "lib/assert.h"
#include "vfs/block.h"
#include "vfs/inode.h"
#include "vfs/pagecache_int.h"

#define WINDOW_FIRST 4u
#define WINDOW_MAX   64u /* 256 KiB */
#define BATCH        32u

static u64 pages_of(const struct page_mapping *mapping)
{
	return DIV_ROUND_UP((u64)inode_size(mapping->inode), PAGE_SIZE);
}

/* Starts reading what is absent of [first, first + n); mark: index of the page to mark, or U64_MAX.
 */
static void start_window(struct page_mapping *mapping, u64 first, u64 n, u64 mark)
{
	struct page *batch[BATCH];
	unsigned int count = 0;
	struct block_plug plug;
	u64 end = pages_of(mapping);

	if (first >= end)
		return;
	end = min(first + n, end);
	rwsem_read_lock(&mapping->invalidate);
	block_plug_start(&plug);
	for (u64 index = first; index < end; index++) {
		struct page *page = pagecache_find(mapping, index);
		int err = page ? -EEXIST : 0;

		if (page) /* there, or on its way by somebody else's hand */
			page_put(page);
		else
			err = pagecache_add(mapping, index, MM_NOFS, &page);
		if (err || count == BATCH || (count && batch[count - 1]->index + 1 != index)) {
			/* A gap, or no room: what was collected goes off. Its references are
			 * dropped at once, the pages' locks and the cache keep them. */
			if (count)
				mapping->ops->read(mapping, batch, count);
			while (count)
				page_put(batch[--count]);
		}
		if (err == -ENOMEM)
			break;
		if (err)
			continue;
		if (index == mark)
			page_flag_set(page, PG_READAHEAD);
		batch[count++] = page;
	}
	if (count)
		mapping->ops->read(mapping, batch, count);
	while (count)
		page_put(batch[--count]);
	block_plug_finish(&plug);
	rwsem_read_unlock(&mapping->invalidate);
}

void pagecache_readahead(struct page_mapping *mapping, struct readahead *ra, u64 index, u64 wanted)
{
	u32 limit = ra->max ? ra->max : WINDOW_MAX;
	bool sequential =
	    index == ra->next || index == ra->previous + 1 || (index == 0 && ra->previous == 0);

	wanted = clamp(wanted, (u64)1, (u64)limit);
	if (sequential)
		ra->size =
		    (u32)clamp(max((u64)ra->size * 2, wanted * 2), (u64)WINDOW_FIRST, (u64)limit);
	else
		ra->size = (u32)wanted;
	ra->start = index;
	ra->next = index + ra->size;
	start_window(mapping, index, ra->size, sequential ? index + ra->size / 2 : U64_MAX);
}

/* The marked page was touched: the window after this one. */
static void readahead_next(struct page_mapping *mapping, struct readahead *ra, u64 index)
{
	u32 limit = ra->max ? ra->max : WINDOW_MAX;

	if (index < ra->start || index >= ra->next)
		return; /* another file's window */
	ra->size = min(max(ra->size * 2, WINDOW_FIRST), limit);
	ra->start = ra->next;
	ra->next = ra->start + ra->size;
	start_window(mapping, ra->start, ra->size, ra->start + ra->size / 2);
}

/* Waits for the reader of a page that is not up to date, or reads it once more. The page is up to
 * date on success. */
static int page_make_uptodate(struct page_mapping *mapping, struct page *page)
{
	int err = page_lock_killable(page);

	if (err)
		return err;
	if (page->mapping != mapping) {
		page_unlock(page);
		return -EAGAIN;
	}
	if (page_flag_test(page, PG_UPTODATE)) {
		page_unlock(page);
		return 0;
	}
	page_flag_clear(page, PG_ERROR);
	mapping->ops->read(mapping, &page, 1);
	page_wait_unlocked(page);
	return page_flag_test(page, PG_UPTODATE) ? 0 : -EIO;
}

int pagecache_read_ahead_page(struct page_mapping *mapping, struct readahead *ra, u64 index,
			      u64 wanted, struct page **out)
{
	bool tried = false;

	for (;;) {
		struct page *page = pagecache_find(mapping, index);
		int err;

		if (!page && ra && !tried) {
			tried = true;
			pagecache_readahead(mapping, ra, index, wanted);
			continue;
		}
		if (!page) {
			rwsem_read_lock(&mapping->invalidate);
			err = pagecache_add(mapping, index, MM_NOFS | MM_USER, &page);
			if (!err)
				mapping->ops->read(mapping, &page, 1);
			rwsem_read_unlock(&mapping->invalidate);
			if (err == -EEXIST)
				continue;
			if (err)
				return err;
		}
		if (ra && unlikely(page_flag_test(page, PG_READAHEAD)) &&
		    page_flag_test_clear(page, PG_READAHEAD))
			readahead_next(mapping, ra, index);
		if (likely(page_flag_test(page, PG_UPTODATE))) {
			if (ra)
				ra->previous = index;
			page_mark_used(page);
			*out = page;
			return 0;
		}
		err = page_make_uptodate(mapping, page);
		if (!err) {
			*out = page;
			return 0;
		}
		page_put(page);
		if (err != -EAGAIN)
			return err;
	}
}

int pagecache_read_page(struct page_mapping *mapping, u64 index, struct page **out)
{
	return pagecache_read_ahead_page(mapping, NULL, index, 1, out);
}

/*
 * Write-back: when dirty data goes to the disk.
 *
 * The write-back thread wakes every few seconds, and whenever more than a tenth of memory is dirty:
 * it writes the inodes that have been dirty for long (all of them, if there is too much), oldest
 * first, then old buffers, then lets each file system do what is due. A writer that makes more than
 * a fifth of memory dirty writes some of its own file itself and waits for it, so nobody can fill
 * memory faster than the disk takes it. Inodes are limited in the same way by their number, as many
 * as there are pages in those shares. When memory is short everything is written, and the thread
 * may use the reserve.
 *
 * sync and fsync write what was dirty when they were called and wait; inodes are taken off the
 * dirty list for that, and come back to its end if they became dirty again.
 */
#include "lib/assert.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "mm/mm.h"
#include "sys/thread.h"
#include "vfs/block.h"
#include "vfs/buffer.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/pagecache_int.h"
#include "vfs/vfs.h"

#define PERIOD_NS      (5 * NSEC_PER_SEC)
#define OLD_NS         (30 * NSEC_PER_SEC)
#define BALANCE_PAGES  512 /* what a throttled writer writes at a time */
#define BALANCE_INODES 64
#define INODE_PAGES    1024 /* what the thread writes of one file before it turns to the next */

static struct wait_queue thread_wait;
static u64 period_ns = PERIOD_NS;            /* atomic */
static bool thread_wanted, pressed;          /* atomic */
static size_t background_limit, dirty_limit; /* pages */

static bool too_many_inodes(size_t limit)
{
	return atomic_load_relaxed(&inode_dirty_count) > limit;
}

/* Pages on their way to the disk can be given back to nobody either, until they have arrived. */
static bool too_much(size_t limit)
{
	return atomic_load_relaxed(&pagecache_counters.dirty) +
		   atomic_load_relaxed(&pagecache_counters.writeback) >
	       limit;
}

void writeback_wake(void)
{
	if (atomic_load_relaxed(&thread_wanted))
		return;
	atomic_store(&thread_wanted, true);
	wake_all(&thread_wait);
}

void writeback_press(void)
{
	atomic_store(&pressed, true);
	writeback_wake();
}

void writeback_period_limit(u64 ns)
{
	if (ns < atomic_load(&period_ns))
		atomic_store(&period_ns, ns);
}

/* ---- one file ---- */

static int mapping_write(struct page_mapping *mapping, struct writeback_control *wbc)
{
	struct block_plug plug;
	int err;

	if (!mapping->ops || !mapping->ops->write || !READ_ONCE(mapping->page_count))
		return 0;
	block_plug_start(&plug);
	err = mapping->ops->write(mapping, wbc);
	block_plug_finish(&plug);
	return err;
}

int pagecache_write_start(struct page_mapping *mapping, loff_t start, loff_t end, bool sync)
{
	struct writeback_control wbc = {
	    .first = (u64)start / PAGE_SIZE,
	    .last = (u64)end / PAGE_SIZE,
	    .budget = (size_t)-1,
	    .sync = sync,
	};

	return mapping_write(mapping, &wbc);
}

static struct page *next_in_writeback(struct page_mapping *mapping, u64 *index, u64 last)
{
	irqflags_t flags = irqlock_lock(&mapping->tree_lock);
	struct page *page = radix_find_tagged(&mapping->pages, index, last, RADIX_WRITEBACK);

	if (page)
		page_get(page);
	irqlock_unlock(&mapping->tree_lock, flags);
	return page;
}

static void wait_range(struct page_mapping *mapping, u64 first, u64 last)
{
	u64 index = first;
	struct page *page;

	if (!READ_ONCE(mapping->page_count))
		return;
	while ((page = next_in_writeback(mapping, &index, last))) {
		page_wait_writeback(page);
		page_put(page);
		if (index++ == last)
			break;
	}
}

int pagecache_write_wait(struct page_mapping *mapping, loff_t start, loff_t end)
{
	u64 sample = writeback_error_sample(&mapping->writeback_error);

	wait_range(mapping, (u64)start / PAGE_SIZE, (u64)end / PAGE_SIZE);
	return writeback_error_check(&mapping->writeback_error, &sample);
}

int pagecache_write_and_wait(struct page_mapping *mapping, loff_t start, loff_t end)
{
	u64 sample = writeback_error_sample(&mapping->writeback_error);
	int err = pagecache_write_start(mapping, start, end, true), err2;

	wait_range(mapping, (u64)start / PAGE_SIZE, (u64)end / PAGE_SIZE);
	err2 = writeback_error_check(&mapping->writeback_error, &sample);
	return err ? err : err2;
}

/* ---- one inode, one volume ---- */

/* Still some dirty page? Otherwise forgets that there was one. */
static void update_dirty_pages(struct inode *inode)
{
	struct page_mapping *mapping = &inode->mapping;
	irqflags_t flags;
	bool dirty;

	atomic_bit_clear(&inode->state, I_DIRTY_PAGES);
	flags = irqlock_lock(&mapping->tree_lock);
	dirty = radix_tagged(&mapping->pages, RADIX_DIRTY);
	irqlock_unlock(&mapping->tree_lock, flags);
	if (dirty)
		atomic_bit_set(&inode->state, I_DIRTY_PAGES);
}

/* Writes an inode that was taken off the dirty list; the reference goes. */
static int inode_writeback(struct inode *inode, size_t budget, bool sync)
{
	struct writeback_control wbc = {.last = U64_MAX, .budget = budget, .sync = sync};
	int err = mapping_write(&inode->mapping, &wbc), err2;

	err2 = inode_write_fields(inode, false, false);
	update_dirty_pages(inode);
	inode_dirty_done(inode);
	return err ? err : err2;
}

/* Writes the inodes that became dirty at or before before_ns, in one pass. */
static int super_writeback(struct super_block *super, u64 before_ns, size_t budget, bool sync)
{
	struct inode *inode;
	int err = 0;

	while ((inode = inode_dirty_take(super, before_ns))) {
		int err2 = inode_writeback(inode, budget, sync);

		err = err ? err : err2;
		thread_yield_point();
	}
	return err;
}

int super_sync(struct super_block *super, bool wait)
{
	u64 sample = writeback_error_sample(&super->writeback_error);
	struct inode *inode;
	int err, err2 = 0;

	if ((atomic_load(&super->flags) & SUPER_RDONLY) ||
	    (atomic_load(&super->flags) & SUPER_PSEUDO))
		return 0;
	if (atomic_load(&super->frozen) == SUPER_FROZEN)
		return 0; /* what was to be written is */
	err = super_writeback(super, clock_monotonic_ns(), (size_t)-1, wait);
	if (wait)
		for (inode = inode_next(super, NULL); inode; inode = inode_next(super, inode))
			wait_range(&inode->mapping, 0, U64_MAX);
	if (super->ops->sync)
		err2 = super->ops->sync(super, wait);
	err = err ? err : err2;
	err2 = writeback_error_check(&super->writeback_error, &sample);
	return err ? err : err2;
}

static bool super_is_dead(const struct super_block *super)
{
	return atomic_load(&super->flags) & SUPER_DEAD;
}

int vfs_syncfs(struct super_block *super)
{
	int err;

	rwsem_read_lock(&super->umount);
	err = super_sync(super, true);
	rwsem_read_unlock(&super->umount);
	return err;
}

int super_sync_all(bool wait)
{
	struct super_block *super;
	int err = 0;

	/* First all disks get their work, then each is waited for. */
	for (int pass = 0; pass <= (wait ? 1 : 0); pass++)
		for (super = super_next(NULL); super; super = super_next(super)) {
			int err2;

			rwsem_read_lock(&super->umount);
			err2 = super_is_dead(super) ? 0 : super_sync(super, pass == 1);
			rwsem_read_unlock(&super->umount);
			err = err ? err : err2;
		}
	return err;
}

/* ---- the thread, and those it can't keep up with ---- */

void writeback_balance(struct page_mapping *mapping)
{
	struct writeback_control wbc = {.last = U64_MAX, .budget = BALANCE_PAGES};
	int err;

	if (likely(!too_much(background_limit)))
		return;
	writeback_wake();
	if (!too_much(dirty_limit))
		return;
	err = mapping_write(mapping, &wbc);
	if (!err)
		wait_range(mapping, 0, U64_MAX);
	/* An error is recorded in the mapping, and fsync will say it. */
}

void writeback_balance_inodes(struct super_block *super)
{
	unsigned int left = BALANCE_INODES;
	struct inode *inode;

	if (likely(!too_many_inodes(background_limit)))
		return;
	writeback_wake();
	if (!too_many_inodes(dirty_limit))
		return;
	while (left-- && (inode = inode_dirty_take(super, U64_MAX)))
		if (inode_writeback(inode, BALANCE_PAGES, false))
			break; /* recorded, and reported by sync */
}

static void writeback_pass(void)
{
	u64 now = clock_monotonic_ns(), before = now > OLD_NS ? now - OLD_NS : 0;
	bool press = atomic_xchg(&pressed, false);
	bool all = press || too_much(background_limit) || too_many_inodes(background_limit);
	struct super_block *super;

	for (super = super_next(NULL); super; super = super_next(super)) {
		int err;

		if ((atomic_load(&super->flags) & (SUPER_RDONLY | SUPER_PSEUDO)) ||
		    !rwsem_read_trylock(&super->umount))
			continue;
		if (super_is_dead(super) || atomic_load(&super->frozen) == SUPER_FROZEN) {
			rwsem_read_unlock(&super->umount);
			continue;
		}
		err = super_writeback(super, all ? now : before, all ? INODE_PAGES : (size_t)-1,
				      false);
		if (!err && super->ops->sync && (press || !all))
			err = super->ops->sync(super, false);
		if (err)
			log_warn("vfs: %s: error %d in write-back", super->id, -err);
		rwsem_read_unlock(&super->umount);
	}
	buffer_writeback_old(press ? now : before);
}

static void help_wake(void)
{
	wake_all(&thread_wait);
}

static void writeback_thread(void *arg)
{
	u64 next_pass = clock_monotonic_ns() + atomic_load(&period_ns);

	reclaim_helper_set(help_wake);
	for (;;) {
		int err = wait_event_mode(&thread_wait,
					  atomic_load(&thread_wanted) || reclaim_help_wanted(),
					  PARK_UNINTERRUPTIBLE, next_pass);

		reclaim_help();
		if (!atomic_xchg(&thread_wanted, false) && err != -ETIMEDOUT)
			continue;
		writeback_pass();
		next_pass = clock_monotonic_ns() + atomic_load(&period_ns);
	}
}

void writeback_start_thread(void)
{
	struct thread *thread = kernel_thread_create("writeback", writeback_thread, NULL);

	if (IS_ERR(thread))
		panic("vfs: no memory for the write-back thread");
}

void writeback_init(void)
{
	struct mm_stats stats;

	wait_queue_init(&thread_wait, "writeback");
	mm_stats_get(&stats);
	background_limit = max(stats.total / 10, (size_t)256);
	dirty_limit = max(stats.total / 5, (size_t)512);
}

/*
 * The page cache: the one copy of file data in memory.
 *
 * A page_mapping belongs to an inode and holds its pages by index in a radix tree. read, write,
 * mmap, sendfile and splice all use these pages. A page becomes visible to readers only when it is
 * full and valid (PG_UPTODATE).
 *
 * Life of a page: added locked and not up to date; filled by ops->read or by a whole-page write;
 * unlocked; dirtied by writes or by a shared mapping's first store after being clean; written back
 * (PG_WRITEBACK; the radix tag DIRTY goes when write-back starts); clean again; dropped by
 * truncation or by the shrinker. Removal needs the page's lock, no write-back, and no mapcount.
 *
 * Locking: the page's PG_LOCKED bit is the outer lock (sleeping); tree_lock (irqlock: completion
 * takes it) guards the tree and its tags. Locks of several pages are taken in ascending index
 * order. A page lock nests inside inode->rwsem and outside ext4's extent and transaction locks
 * where a handle was started before (docs/locking.md).
 */
#ifndef ARAMID_VFS_PAGECACHE_H
#define ARAMID_VFS_PAGECACHE_H

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/mutex.h"
#include "lib/radix.h"
#include "lib/types.h"
#include "mm/page.h"

struct file;
struct inode;
struct uio;
struct page_mapping;
struct super_block;

/* What a write-back pass should write. */
struct writeback_control {
	u64 first, last; /* page indexes, inclusive */
	size_t budget;   /* pages left to write; (size_t)-1: all. Decreased by ops */
	bool sync;       /* for data integrity: must write all, and the caller will wait */
	size_t written;
};

struct mapping_ops {
	/* No backing store (tmpfs): absent pages are holes, dirty ones stay, and nothing is ever
	 * written or reclaimed. */
	bool memory;
	/* Starts filling n consecutive locked, not up-to-date pages (ascending, from
	 * pages[0]->index). Each is unlocked when done, with PG_UPTODATE or PG_ERROR; asynchronous.
	 * Pages beyond the end of the file are zeroed. */
	void (*read)(struct page_mapping *mapping, struct page **pages, unsigned int n);
	/* Writes dirty pages in wbc's range: takes pages tagged DIRTY, locks each, clears dirtiness
	 * with pagecache_start_writeback(), submits, and pagecache_end_writeback() on completion.
	 */
	int (*write)(struct page_mapping *mapping, struct writeback_control *wbc);
	/* Before bytes [from, to) of a locked page are overwritten by write(): reserves or
	 * allocates blocks, reads what must be kept unless the page is up to date. inode->rwsem is
	 * held for writing. */
	int (*write_begin)(struct page_mapping *mapping, struct page *page, u32 from, u32 to);
	/* After copying `copied` bytes: marks the page up to date and dirty, extends i_size. The
	 * page is still locked. copied 0: nothing came after all, takes back what begin did. */
	int (*write_end)(struct page_mapping *mapping, struct page *page, u32 from, u32 copied);
	/* A shared mapping is about to store to a clean locked page: reserves blocks. -ENOSPC
	 * becomes SIGBUS. */
	int (*page_mkwrite)(struct page_mapping *mapping, struct page *page);
	/* The page leaves the cache: frees fsdata and reservations. Locked. A clean page may go in
	 * reclaim: no sleeping locks that an allocation may be made under. */
	void (*release)(struct page_mapping *mapping, struct page *page);
};

struct page_mapping {
	struct inode *inode;
	const struct mapping_ops *ops;
	struct irqlock tree_lock;
	struct radix pages; /* tree_lock; struct page *, tags enum radix_tag */
	size_t page_count;  /* tree_lock */
	/* Pages come in with it held for reading. Who moves or frees blocks of the file (punching,
	 * collapsing) holds it for writing, so that what was dropped stays away meanwhile. */
	struct rwsem invalidate;
	struct mutex areas_lock;
	struct list_head
	    areas;           /* struct vm_area.mapping_node: all mappings of the file; areas_lock */
	s32 shared_writers;  /* atomic: areas that may store to the file; negative: none ever may */
	u64 writeback_error; /* errors of write-back; see writeback_error_check() */
	void *private;
};

void page_mapping_init(struct page_mapping *mapping, struct inode *inode,
		       const struct mapping_ops *ops);

/* From now on no mapping may store to the file. -EBUSY while one may. Once for a file. */
int __must_check pagecache_deny_shared_writes(struct page_mapping *mapping);

/* Referenced page or NULL. */
struct page *pagecache_find(struct page_mapping *mapping, u64 index);
/* Referenced and locked: found or newly added (then not up to date). -ENOMEM. */
int __must_check pagecache_grab(struct page_mapping *mapping, u64 index, struct page **out);
/* Referenced, up to date, unlocked; reads it if needed, with read-ahead. -EIO, -ENOMEM, -EINTR if
 * killed. */
int __must_check pagecache_read_page(struct page_mapping *mapping, u64 index, struct page **out);

void page_lock(struct page *page);
bool page_trylock(struct page *page);
int __must_check page_lock_killable(struct page *page);
void page_unlock(struct page *page); /* interrupt context is fine */
void page_wait_unlocked(struct page *page);
void page_wait_writeback(struct page *page);

/* Tags the page dirty and its inode for write-back. Page locked or otherwise pinned in its mapping.
 */
void pagecache_dirty(struct page *page);
/* Under the page's lock: dirty → write-back; write-protects shared mappings. False: page was clean.
 */
bool pagecache_start_writeback(struct page *page);
void pagecache_end_writeback(struct page *page, int error); /* interrupt context is fine */
/* Next page tagged dirty at or after *index and <= last, referenced; NULL: none. */
struct page *pagecache_next_dirty(struct page_mapping *mapping, u64 *index, u64 last);

/*
 * Errors of write-back, reported once to each who asks: the record is a count and the last error,
 * the sample what its owner has seen of it (taken when a file is opened).
 */
void writeback_error_set(u64 *record, int error);
u64 writeback_error_sample(const u64 *record);
int __must_check
writeback_error_check(const u64 *record,
		      u64 *sample); /* the error since, or 0; brings sample up to date */

/* Starts write-back of a byte range [start, end] / waits for it / both; returns the first error
 * since. */
int __must_check pagecache_write_start(struct page_mapping *mapping, loff_t start, loff_t end,
				       bool sync);
int __must_check pagecache_write_wait(struct page_mapping *mapping, loff_t start, loff_t end);
int __must_check pagecache_write_and_wait(struct page_mapping *mapping, loff_t start, loff_t end);

/* Drops everything from byte `size` on, zeroing the rest of a partial last page in memory (the file
 * system makes it dirty if the disk has other bytes there), and unmaps it from processes.
 * inode->rwsem held for writing (or evict). */
void pagecache_truncate(struct page_mapping *mapping, loff_t size);
/* Drops a hole: pages wholly inside are removed, partial ends are zeroed. */
void pagecache_punch(struct page_mapping *mapping, loff_t start, loff_t end);
/* Drops clean unmapped pages in a range (fadvise DONTNEED, drop_caches). Returns how many. */
size_t pagecache_invalidate(struct page_mapping *mapping, u64 first, u64 last);
bool pagecache_is_resident(struct page_mapping *mapping, u64 index); /* mincore */

/* Read-ahead state of an open file. */
struct readahead {
	u64 start, next; /* window in pages */
	u32 size, max;
	u64 previous; /* last page read */
};
void pagecache_readahead(struct page_mapping *mapping, struct readahead *ra, u64 index, u64 wanted);

/* The generic read and write of a file on the page cache: bytes moved or -errno. write:
 * inode->rwsem held for writing, file position and limits already resolved, time stamps and setuid
 * bits done. */
ssize_t __must_check pagecache_file_read(struct file *file, struct uio *uio, loff_t *pos);
ssize_t __must_check pagecache_file_write(struct file *file, struct uio *uio, loff_t *pos);

/* Throttles a writer while too much is dirty; wakes the write-back thread. */
void writeback_balance(struct page_mapping *mapping);
void writeback_wake(void);
/* The thread makes its rounds at least this often, from the next one on. */
void writeback_period_limit(u64 ns);
/* The same when memory is short: everything is written, however young. */
void writeback_press(void);
/* Throttles who makes inodes dirty (creates, unlinks) faster than they are written. No locks held.
 */
void writeback_balance_inodes(struct super_block *super);
void pagecache_init(void);
void writeback_start_thread(void);
struct pagecache_stats {
	size_t pages, memory, dirty,
	    writeback; /* memory: those of pages that have no backing store */
};
void pagecache_stats_get(struct pagecache_stats *stats);

#endif

/*
 * What is known of each block of a page of file data: mapping.c tells the theory.
 */
#ifndef EXT4_MAPPING_INT_H
#define EXT4_MAPPING_INT_H

#include "ext4/ext4_int.h"
#include "vfs/pagecache.h"

#define EXT4_PAGE_BLOCKS         4u /* at most */
#define EXT4_PAGE_DELAYED(block) (1ul << (block))
#define EXT4_PAGE_DIRTY(block)   (1ul << (4 + (block)))
#define EXT4_PAGE_MAPPED(block)  (1ul << (8 + (block)))
#define EXT4_PAGE_FAILED         (1ul << 12)
#define EXT4_PAGE_PENDING_SHIFT  16
#define EXT4_PAGE_PENDING_ONE    (1ul << EXT4_PAGE_PENDING_SHIFT)

static inline unsigned long *ext4_page_state(struct page *page)
{
	return (unsigned long *)&page->fsdata;
}

static inline unsigned long ext4_page_state_get(struct page *page)
{
	return page_flag_test(page, PG_FSDATA) ? atomic_load(ext4_page_state(page)) : 0;
}

static inline void ext4_page_state_change(struct page *page, unsigned long set, unsigned long clear)
{
	if (!page_flag_test(page, PG_FSDATA)) {
		*ext4_page_state(page) = 0;
		page_flag_set(page, PG_FSDATA);
	}
	if (set)
		atomic_fetch_or(ext4_page_state(page), set);
	if (clear)
		atomic_fetch_and(ext4_page_state(page), ~clear);
}

static inline u32 ext4_blocks_per_page(const struct ext4_fs *fs)
{
	return (u32)PAGE_SIZE >> fs->block_bits;
}

static inline u32 ext4_page_first_block(const struct ext4_fs *fs, const struct page *page)
{
	return (u32)(page->index << (PAGE_SHIFT - fs->block_bits));
}

/* Zeroes what lies behind the end of the file. */
void ext4_page_zero_end(struct page *page);

/* ---- mapping_journal.c ---- */

/* Copies the dirty blocks of a locked page into the running transaction, which gives them places.
 * keep: they stay dirty, because the page may be changed through a mapping. No handle is open. */
int __must_check ext4_page_journal(struct ext4_inode *inode, struct page *page, bool keep);
/* If the block's contents are newer in the journal than on the disk they are copied into the page:
 * true. For inodes whose data is journalled. */
bool ext4_page_from_journal(struct ext4_fs *fs, struct page *page, u32 index, u64 block);

#endif

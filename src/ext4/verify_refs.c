/*
 * Counting references for the checker. A block of attributes has one from each inode; the inode of
 * a value one from each inode's body, and from each block, however many share it.
 */
#include "ext4/verify_refs.h"
#include "ext4/xattr_int.h"

/* A tree's items are pointers, whose lowest bits must not be used: the count is shifted. */
static u64 count_get(const struct radix *tree, u64 index)
{
	return (uintptr_t)radix_lookup(tree, index) >> 2;
}

static int count_more(struct radix *tree, u64 index)
{
	u64 n = count_get(tree, index);
	void *item = (void *)(uintptr_t)((n + 1) << 2);

	if (!n)
		return radix_insert(tree, index, item, MM_NORMAL);
	radix_replace(tree, index, item);
	return 0;
}

struct finding {
	struct ext4_refs *refs;
	bool block_known; /* its values were counted for another inode */
	int err;
};

static void found_value(void *arg, u32 inum, bool in_block)
{
	struct finding *finding = arg;

	if (!finding->err && !(in_block && finding->block_known))
		finding->err = count_more(&finding->refs->values, inum);
}

int ext4_refs_count(struct ext4_refs *refs, struct ext4_inode *inode)
{
	struct finding finding = {.refs = refs};

	if (inode->file_acl) {
		finding.block_known = count_get(&refs->blocks, inode->file_acl);
		int err = count_more(&refs->blocks, inode->file_acl);

		if (err)
			return err;
	}
	int err = ext4_xattr_each_value(inode, found_value, &finding);

	return err ? err : finding.err;
}

int ext4_refs_compare(struct ext4_refs *refs, struct ext4_fs *fs,
		      void (*wrong)(void *arg, u64 block, u64 counted, u64 says), void *arg)
{
	for (u64 block = 0; radix_find(&refs->blocks, &block, fs->blocks_count - 1); block++) {
		u64 counted = count_get(&refs->blocks, block);
		struct buffer *buffer;
		int err = buffer_read(fs->bdev, block, &buffer);

		if (err)
			return err;
		u32 says = ext4_xattr_block_refs(buffer);

		buffer_put(buffer);
		if (counted != says)
			wrong(arg, block, counted, says);
		thread_yield_point();
	}
	return 0;
}

u64 ext4_refs_of(const struct ext4_refs *refs, u32 ino)
{
	return count_get(&refs->values, ino);
}

static void free_tree(struct radix *tree)
{
	for (u64 index = 0; radix_find(tree, &index, U64_MAX);)
		radix_delete(tree, index);
}

void ext4_refs_free(struct ext4_refs *refs)
{
	free_tree(&refs->blocks);
	free_tree(&refs->values);
}

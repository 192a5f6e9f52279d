/*
 * Opening a quota file: everything in it is looked at once, so that nobody writes to a volume whose
 * usage is not known. Bits say what each block was seen as.
 */
#include "ext4/quota_tree_int.h"
#include "lib/bitmap.h"
#include "lib/log.h"
#include "lib/string.h"

struct checker {
	struct ext4_quota_file *file;
	u8 *nodes, *leaves; /* bitmaps of blocks: part of the tree; entries */
};

/* The blocks from `root` down; id: the beginning that all below have in common. */
static int check_leaf(struct checker *c, u32 number, u32 id)
{
	struct ext4_quota_block leaf;
	u32 used = 0;

	if (bitmap_test(c->nodes, number))
		return ext4_quota_damaged(c->file, number, "is used twice");
	int err = ext4_quota_block_read(c->file, number, &leaf);

	if (err)
		return err;
	for (u32 i = 0; i < EXT4_QUOTA_ENTRIES; i++)
		used += !ext4_quota_entry_unused(
		    (const void *)(leaf.data + sizeof(struct ext4_quota_leaf) +
				   i * sizeof(struct ext4_quota_entry)));
	if (le16_get(((const struct ext4_quota_leaf *)leaf.data)->entries) != used)
		err = ext4_quota_damaged(c->file, number, "the number of entries is wrong");
	else if (!ext4_quota_leaf_find(&leaf, id))
		err = ext4_quota_damaged(c->file, number, "an entry is missing");
	bitmap_set(c->leaves, number);
	ext4_quota_block_put(&leaf);
	return err;
}

static int check_node(struct checker *c, u32 number, u32 level, u32 id)
{
	u32 shift = 24 - 8 * level;
	struct ext4_quota_block node;

	if (bitmap_test(c->nodes, number) || bitmap_test(c->leaves, number))
		return ext4_quota_damaged(c->file, number, "is used twice");
	bitmap_set(c->nodes, number);
	int err = ext4_quota_block_read(c->file, number, &node);

	for (u32 i = 0; !err && i < 256; i++) {
		u32 child = ext4_quota_ref(&node, i << shift, level);

		if (!child)
			continue;
		if (child <= EXT4_QUOTA_ROOT || child >= c->file->blocks)
			err = ext4_quota_damaged(c->file, number, "a reference is invalid");
		else if (level == EXT4_QUOTA_LEVELS - 1)
			err = check_leaf(c, child, id | i);
		else
			err = check_node(c, child, level + 1, id | i << shift);
	}
	ext4_quota_block_put(&node);
	thread_yield_point();
	return err;
}

/* Blocks that nobody uses, each once. */
static int check_free(struct checker *c)
{
	int err = 0;

	for (u32 at = c->file->free_block; at && !err;) {
		struct ext4_quota_block block;

		if (at <= EXT4_QUOTA_ROOT || at >= c->file->blocks || bitmap_test(c->nodes, at) ||
		    bitmap_test(c->leaves, at))
			return ext4_quota_damaged(c->file, at,
						  "the list of free blocks is damaged");
		bitmap_set(c->nodes, at);
		err = ext4_quota_block_read(c->file, at, &block);
		if (err)
			break;
		at = le32_get(((const struct ext4_quota_leaf *)block.data)->next);
		ext4_quota_block_put(&block);
	}
	return err;
}

/* Blocks of entries with room, each once, linked both ways. */
static int check_room(struct checker *c)
{
	u32 before = 0;
	int err = 0;

	for (u32 at = c->file->free_entry; at && !err;) {
		struct ext4_quota_block block;

		if (at <= EXT4_QUOTA_ROOT || at >= c->file->blocks || bitmap_test(c->nodes, at) ||
		    !bitmap_test(c->leaves, at))
			return ext4_quota_damaged(c->file, at,
						  "the list of free entries is damaged");
		bitmap_clear(c->leaves, at);
		err = ext4_quota_block_read(c->file, at, &block);
		if (err)
			break;
		const struct ext4_quota_leaf *leaf = (const void *)block.data;

		if (le32_get(leaf->prev) != before || le16_get(leaf->entries) >= EXT4_QUOTA_ENTRIES)
			err =
			    ext4_quota_damaged(c->file, at, "the list of free entries is damaged");
		before = at;
		at = le32_get(leaf->next);
		ext4_quota_block_put(&block);
	}
	return err;
}

static int check_header(struct ext4_quota_file *file)
{
	static const u32 magics[] = {0xd9c01f11, 0xd9c01927, 0xd9c03f14};
	struct ext4_quota_block block;

	file->blocks = 1;
	int err = ext4_quota_block_read(file, 0, &block);

	if (err)
		return err;
	const struct ext4_quota_header *header = (const void *)block.data;
	u64 size = (u64)file->inode->vfs.size;

	file->blocks = le32_get(header->blocks);
	file->free_block = le32_get(header->free_block);
	file->free_entry = le32_get(header->free_entry);
	file->block_grace = le32_get(header->block_grace);
	file->inode_grace = le32_get(header->inode_grace);
	if (le32_get(header->magic) != magics[file->type])
		err = ext4_quota_damaged(file, 0, "the magic number is wrong");
	else if (le32_get(header->version) != 1)
		err = ext4_quota_damaged(file, 0, "the version is unknown");
	else if (file->blocks <= EXT4_QUOTA_ROOT || file->blocks > size >> EXT4_QUOTA_BLOCK_BITS)
		err = ext4_quota_damaged(file, 0, "the number of blocks is wrong");
	ext4_quota_block_put(&block);
	return err;
}

int ext4_quota_tree_open(struct ext4_quota_file *file)
{
	int err = check_header(file);

	if (err)
		return err;
	size_t bytes = file->blocks / 8 + 8;
	struct checker c = {.file = file,
			    .nodes = kcalloc(1, bytes, MM_NORMAL),
			    .leaves = kcalloc(1, bytes, MM_NORMAL)};

	err = c.nodes && c.leaves ? check_node(&c, EXT4_QUOTA_ROOT, 0, 0) : -ENOMEM;
	if (!err)
		err = check_free(&c);
	if (!err)
		err = check_room(&c);
	kfree(c.nodes);
	kfree(c.leaves);
	return err;
}

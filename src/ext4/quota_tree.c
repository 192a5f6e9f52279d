/* The blocks of a quota file: finding and making entries. quota_tree.h tells the format. */
#include "ext4/quota_tree_int.h"
#include "lib/string.h"

const char *ext4_quota_name(enum ext4_quota_type type)
{
	static const char *const names[] = {"user", "group", "project"};

	return names[type];
}

int ext4_quota_damaged(struct ext4_quota_file *file, u32 block, const char *what)
{
	return ext4_error(file->fs, file->ino, 0, "%s quota: block %u: %s",
			  ext4_quota_name(file->type), block, what);
}

/* ---- blocks ---- */

static u32 logical_of(const struct ext4_quota_file *file, u32 block)
{
	return block >> (file->fs->block_bits - EXT4_QUOTA_BLOCK_BITS);
}

static u32 offset_of(const struct ext4_quota_file *file, u32 block)
{
	return (block << EXT4_QUOTA_BLOCK_BITS) & (file->fs->block_size - 1);
}

int ext4_quota_block_read(struct ext4_quota_file *file, u32 block, struct ext4_quota_block *out)
{
	*out = (struct ext4_quota_block){.number = block};
	if (block >= file->blocks)
		return ext4_quota_damaged(file, block, "is out of range");
	int err = ext4_file_block_read(file->inode, logical_of(file, block), &out->buffer);

	if (err)
		return err;
	if (!out->buffer)
		return ext4_quota_damaged(file, block, "is a hole");
	out->data = (u8 *)out->buffer->data + offset_of(file, block);
	return 0;
}

void ext4_quota_block_put(struct ext4_quota_block *block)
{
	buffer_put(block->buffer);
	*block = (struct ext4_quota_block){NULL};
}

u32 ext4_quota_ref(const struct ext4_quota_block *node, u32 id, u32 level)
{
	const struct le32 *refs = (const void *)node->data;

	return le32_get(refs[id >> (24 - 8 * level) & 0xff]);
}

bool ext4_quota_entry_unused(const struct ext4_quota_entry *entry)
{
	const u8 *bytes = (const void *)entry;

	for (size_t i = 0; i < sizeof(*entry); i++)
		if (bytes[i])
			return false;
	return true;
}

/* Where the entry lies in its block; 0: nowhere. */
u32 ext4_quota_leaf_find(const struct ext4_quota_block *leaf, u32 id)
{
	for (u32 i = 0; i < EXT4_QUOTA_ENTRIES; i++) {
		u32 offset =
		    (u32)(sizeof(struct ext4_quota_leaf) + i * sizeof(struct ext4_quota_entry));
		const struct ext4_quota_entry *entry = (const void *)(leaf->data + offset);

		if (le32_get(entry->id) == id && !ext4_quota_entry_unused(entry))
			return offset;
	}
	return 0;
}

/* The block that the tree refers to for the id, or *levels < 4 nodes on the way there. nodes gets
 * their numbers. */
static int walk(struct ext4_quota_file *file, u32 id, u32 nodes[EXT4_QUOTA_LEVELS], u32 *levels,
		u32 *leaf)
{
	u32 at = EXT4_QUOTA_ROOT;

	*leaf = 0;
	for (u32 level = 0; level < EXT4_QUOTA_LEVELS; level++) {
		struct ext4_quota_block node;

		nodes[level] = at;
		*levels = level + 1;
		int err = ext4_quota_block_read(file, at, &node);

		if (err)
			return err;
		at = ext4_quota_ref(&node, id, level);
		ext4_quota_block_put(&node);
		if (!at)
			return 0;
		if (at <= EXT4_QUOTA_ROOT || at >= file->blocks)
			return ext4_quota_damaged(file, nodes[level], "a reference is invalid");
	}
	*leaf = at;
	return 0;
}

int ext4_quota_tree_find(struct ext4_quota_file *file, u32 id, struct ext4_quota_place *place)
{
	u32 nodes[EXT4_QUOTA_LEVELS], levels, number;
	struct ext4_quota_block leaf;
	int err = walk(file, id, nodes, &levels, &number);

	if (err)
		return err;
	if (!number)
		return -ENOENT;
	err = ext4_quota_block_read(file, number, &leaf);
	if (err)
		return err;
	u32 offset = ext4_quota_leaf_find(&leaf, id);

	if (!offset) {
		ext4_quota_block_put(&leaf);
		return ext4_quota_damaged(file, number, "an entry is missing");
	}
	place->buffer = leaf.buffer;
	place->offset = offset + offset_of(file, number);
	return 0;
}

int ext4_quota_tree_next(struct ext4_quota_file *file, u32 *id)
{
	u32 nodes[EXT4_QUOTA_LEVELS], levels, leaf;

	for (u64 at = *id; at <= U32_MAX;) {
		int err = walk(file, (u32)at, nodes, &levels, &leaf);

		if (err)
			return err;
		if (leaf) {
			*id = (u32)at;
			return 0;
		}
		u32 shift = 24 - 8 * (levels - 1); /* nothing with the same beginning is there */

		at = ((at >> shift) + 1) << shift;
		thread_yield_point();
	}
	return -ENOENT;
}

/* ---- making an entry ---- */

/* What the handle is going to change; nothing is changed before all of it is accessible. */
struct insertion {
	struct ext4_quota_file *file;
	struct ext4_handle handle;
	u32 id, levels;                     /* levels: nodes that are there */
	u32 nodes[EXT4_QUOTA_LEVELS], leaf; /* leaf 0: none with room is there */
	u32 fresh_count, next_free;         /* next_free: behind those taken from the list */
	u32 from_list;                      /* how many of fresh[] were on the list */
	u32 offset;                         /* of the entry, in its block */
	struct ext4_quota_block header, parent, entries, after; /* after: follows on the list */
	struct ext4_quota_block fresh[EXT4_QUOTA_LEVELS];
};

/* Numbers for new blocks: from the list of free ones first, then behind the last. */
static int choose_fresh(struct insertion *in)
{
	struct ext4_quota_file *file = in->file;
	u32 head = file->free_block, end = file->blocks;

	in->fresh_count = EXT4_QUOTA_LEVELS - in->levels + !in->leaf;
	for (u32 i = 0; i < in->fresh_count; i++) {
		if (!head) {
			in->fresh[i].number = end++;
			continue;
		}
		struct ext4_quota_block block;
		int err = ext4_quota_block_read(file, head, &block);

		if (err)
			return err;
		in->fresh[i].number = head;
		in->from_list = i + 1;
		head = le32_get(((const struct ext4_quota_leaf *)block.data)->next);
		ext4_quota_block_put(&block);
	}
	in->next_free = head;
	return 0;
}

/* Sees to it that the file has blocks for what is new. */
static int extend_file(struct insertion *in)
{
	struct ext4_quota_file *file = in->file;
	struct ext4_inode *inode = file->inode;
	int err = 0;

	for (u32 i = in->from_list; i < in->fresh_count && !err; i++) {
		u32 logical = logical_of(file, in->fresh[i].number);
		u64 end = (u64)(logical + 1) << file->fs->block_bits;
		struct buffer *buffer;

		err = ext4_file_block_read(inode, logical, &buffer);
		if (err || buffer) {
			buffer_put(buffer);
			continue;
		}
		err = ext4_txn_dirty_inode(&in->handle, inode);
		if (!err)
			err = ext4_file_block_create(&in->handle, inode, logical, &buffer);
		if (err)
			break;
		ext4_txn_dirty(&in->handle, buffer, EXT4_CSUM_NONE, NULL);
		buffer_put(buffer);
		if ((u64)inode->vfs.size < end) {
			inode_size_set(&inode->vfs, (loff_t)end);
			inode->disk_size = end;
		}
	}
	return err;
}

static int take(struct insertion *in, u32 number, struct ext4_quota_block *block)
{
	struct ext4_quota_file *file = in->file;

	*block = (struct ext4_quota_block){.number = number};
	int err = ext4_file_block_read(file->inode, logical_of(file, number), &block->buffer);

	if (!err && !block->buffer)
		err = ext4_quota_damaged(file, number, "is a hole");
	if (!err)
		err = ext4_txn_access(&in->handle, block->buffer);
	if (!err)
		block->data = (u8 *)block->buffer->data + offset_of(file, number);
	return err;
}

static int take_all(struct insertion *in)
{
	int err = take(in, 0, &in->header);

	if (!err)
		err = take(in, in->nodes[in->levels - 1], &in->parent);
	for (u32 i = 0; i < in->fresh_count && !err; i++)
		err = take(in, in->fresh[i].number, &in->fresh[i]);
	if (err || !in->leaf)
		return err;
	err = take(in, in->leaf, &in->entries);
	if (err)
		return err;
	u32 next = le32_get(((const struct ext4_quota_leaf *)in->entries.data)->next);

	if (!next)
		return 0;
	if (next <= EXT4_QUOTA_ROOT || next >= in->file->blocks)
		return ext4_quota_damaged(in->file, in->leaf,
					  "the list of free entries is damaged");
	return take(in, next, &in->after);
}

static void put_all(struct insertion *in)
{
	ext4_quota_block_put(&in->header);
	ext4_quota_block_put(&in->parent);
	ext4_quota_block_put(&in->entries);
	ext4_quota_block_put(&in->after);
	for (u32 i = 0; i < EXT4_QUOTA_LEVELS; i++)
		ext4_quota_block_put(&in->fresh[i]);
}

static void changed(struct insertion *in, struct ext4_quota_block *block)
{
	ext4_txn_dirty(&in->handle, block->buffer, EXT4_CSUM_NONE, NULL);
}

void ext4_quota_header_fill(const struct ext4_quota_file *file, struct ext4_quota_header *header)
{
	header->blocks = le32_make(file->blocks);
	header->free_block = le32_make(file->free_block);
	header->free_entry = le32_make(file->free_entry);
	header->block_grace = le32_make(file->block_grace);
	header->inode_grace = le32_make(file->inode_grace);
}

/* Puts an entry of zeroes into the block: it tells its id by being no free one. */
static void fill_entry(struct insertion *in, struct ext4_quota_block *leaf,
		       struct ext4_quota_place *place)
{
	struct ext4_quota_leaf *head = (void *)leaf->data;
	struct ext4_quota_entry *entry = (void *)(leaf->data + in->offset);

	entry->id = le32_make(in->id);
	if (!in->id)
		entry->inode_time = le64_make(1);
	u32 n = le16_get(head->entries) + 1u;

	head->entries = le16_make((u16)n);
	if (n < EXT4_QUOTA_ENTRIES) {
		in->file->free_entry = leaf->number;
	} else { /* it was the first of the list */
		in->file->free_entry = le32_get(head->next);
		if (in->after.data) {
			((struct ext4_quota_leaf *)in->after.data)->prev = le32_make(0);
			changed(in, &in->after);
		}
		head->next = head->prev = le32_make(0);
	}
	changed(in, leaf);
	place->buffer = leaf->buffer;
	place->offset = in->offset + offset_of(in->file, leaf->number);
	buffer_ref(place->buffer);
}

/* Nothing can fail any more. */
static void change_all(struct insertion *in, struct ext4_quota_place *place)
{
	struct ext4_quota_file *file = in->file;
	struct ext4_quota_block *parent = &in->parent, *leaf = &in->entries;
	u32 i = 0;

	for (u32 k = 0; k < in->fresh_count; k++)
		memset(in->fresh[k].data, 0, EXT4_QUOTA_BLOCK);
	file->free_block = in->next_free;
	file->blocks += in->fresh_count - in->from_list;
	if (!in->leaf)
		leaf = &in->fresh[in->fresh_count - 1];
	for (u32 level = in->levels - 1; level < EXT4_QUOTA_LEVELS; level++) {
		struct ext4_quota_block *child =
		    level == EXT4_QUOTA_LEVELS - 1 ? leaf : &in->fresh[i++];
		struct le32 *refs = (void *)parent->data;

		refs[in->id >> (24 - 8 * level) & 0xff] = le32_make(child->number);
		changed(in, parent);
		parent = child;
	}
	fill_entry(in, leaf, place);
	ext4_quota_header_fill(file, (void *)in->header.data);
	changed(in, &in->header);
}

/* The first block with room, as its list says: it must be true. */
static int find_room(struct insertion *in)
{
	struct ext4_quota_block leaf;
	bool room = false;

	in->offset = sizeof(struct ext4_quota_leaf);
	if (!in->leaf)
		return 0;
	int err = ext4_quota_block_read(in->file, in->leaf, &leaf);

	if (err)
		return err;
	for (u32 i = 0; i < EXT4_QUOTA_ENTRIES && !room; i++) {
		in->offset =
		    (u32)(sizeof(struct ext4_quota_leaf) + i * sizeof(struct ext4_quota_entry));
		room = ext4_quota_entry_unused((const void *)(leaf.data + in->offset));
	}
	ext4_quota_block_put(&leaf);
	return room ? 0 : ext4_quota_damaged(in->file, in->leaf, "has no room, as its list says");
}

int ext4_quota_tree_insert(struct ext4_quota_file *file, u32 id, struct ext4_quota_place *place)
{
	struct insertion *in = kcalloc(1, sizeof(*in), MM_NOFS);
	u32 leaf;

	if (!in)
		return -ENOMEM;
	in->file = file;
	in->id = id;
	in->leaf = file->free_entry;
	int err = walk(file, id, in->nodes, &in->levels, &leaf);

	if (!err && leaf)
		err = ext4_quota_damaged(file, leaf, "an entry is missing");
	if (!err)
		err = find_room(in);
	if (!err)
		err = choose_fresh(in);
	if (!err)
		err = ext4_txn_begin(file->fs,
				     ext4_map_append_credits(file->inode, EXT4_QUOTA_LEVELS) +
					 EXT4_QUOTA_LEVELS + 4,
				     &in->handle);
	if (err)
		goto out;
	err = extend_file(in);
	if (!err)
		err = take_all(in);
	if (!err)
		change_all(in, place);
	ext4_txn_end(&in->handle);
	put_all(in);
out:
	kfree(in);
	return err;
}

int ext4_quota_tree_set_grace(struct ext4_handle *handle, struct ext4_quota_file *file,
			      u32 block_grace, u32 inode_grace)
{
	struct ext4_quota_block header;
	int err = ext4_quota_block_read(file, 0, &header);

	if (err)
		return err;
	err = ext4_txn_access(handle, header.buffer);
	if (!err) {
		file->block_grace = block_grace;
		file->inode_grace = inode_grace;
		ext4_quota_header_fill(file, (void *)header.data);
		ext4_txn_dirty(handle, header.buffer, EXT4_CSUM_NONE, NULL);
	}
	ext4_quota_block_put(&header);
	return err;
}

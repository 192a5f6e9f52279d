/* The form of an area of attributes. */
#include "ext4/xattr_int.h"
#include "lib/string.h"

#define ROUND(n) (((n) + 3u) & ~3u)

static u32 entry_size(u32 name_length)
{
	return (u32)sizeof(struct ext4_xattr_entry) + ROUND(name_length);
}

static const struct ext4_xattr_entry *entry_at(const struct ext4_xattr_area *area, u32 at)
{
	return (const void *)(area->base + at);
}

static bool value_valid(const struct ext4_fs *fs, const struct ext4_xattr_area *area,
			const struct ext4_xattr_entry *entry, u32 table_end)
{
	u32 size = le32_get(entry->e_value_size), offset = le16_get(entry->e_value_offs);

	if (le32_get(entry->e_value_inum))
		return fs->incompat & EXT4_INCOMPAT_EA_INODE;
	if (!size)
		return true;
	return offset >= table_end && offset <= area->size && size <= area->size - offset &&
	       ROUND(size) <= area->size - offset;
}

bool ext4_xattr_area_valid(const struct ext4_fs *fs, const struct ext4_xattr_area *area)
{
	u32 at = area->first;

	if (area->empty)
		return true;
	for (;;) {
		if (at + sizeof(u32) > area->size)
			return false;
		if (!le32_load(area->base + at))
			break;
		const struct ext4_xattr_entry *entry = entry_at(area, at);

		if (at + sizeof(*entry) > area->size ||
		    entry_size(entry->e_name_len) > area->size - at ||
		    memchr(entry->e_name, 0, entry->e_name_len))
			return false;
		at += entry_size(entry->e_name_len);
	}
	u32 table_end = at + (u32)sizeof(u32);

	for (at = area->first; le32_load(area->base + at);
	     at += entry_size(entry_at(area, at)->e_name_len))
		if (!value_valid(fs, area, entry_at(area, at), table_end))
			return false;
	return true;
}

struct ext4_xattr_entry *ext4_xattr_next(const struct ext4_xattr_area *area,
					 const struct ext4_xattr_entry *entry)
{
	if (area->empty || !area->base)
		return NULL;
	u8 *at = area->base + area->first;
	if (entry)
		at = (u8 *)entry + entry_size(entry->e_name_len);
	return le32_load(at) ? (void *)at : NULL;
}

static int compare(const struct ext4_xattr_entry *entry, const struct ext4_xattr_key *key)
{
	if (entry->e_name_index != key->index)
		return entry->e_name_index < key->index ? -1 : 1;
	if (entry->e_name_len != key->length)
		return entry->e_name_len < key->length ? -1 : 1;
	return memcmp(entry->e_name, key->name, key->length);
}

struct ext4_xattr_entry *ext4_xattr_find(const struct ext4_xattr_area *area,
					 const struct ext4_xattr_key *key)
{
	struct ext4_xattr_entry *entry = NULL;

	while ((entry = ext4_xattr_next(area, entry)) != NULL && compare(entry, key))
		;
	return entry;
}

/* ---- making a new image ---- */

struct builder {
	struct ext4_xattr_area *area;
	u32 at, tail; /* the next entry, the last value */
};

/* Adds an entry; value: NULL if it lies elsewhere. */
static int add(struct builder *builder, const struct ext4_xattr_entry *like, const char *name,
	       const void *value)
{
	u32 length = entry_size(like->e_name_len), size = le32_get(like->e_value_size);
	u32 room = value ? ROUND(size) : 0;

	if (size > builder->area->size && value)
		return -ENOSPC;
	if (builder->at + length + sizeof(u32) + room > builder->tail)
		return -ENOSPC;
	struct ext4_xattr_entry *entry = (void *)(builder->area->base + builder->at);

	memcpy(entry, like, sizeof(*entry));
	memcpy(entry->e_name, name, like->e_name_len);
	entry->e_value_offs = le16_make(0);
	if (room) {
		builder->tail -= room;
		memcpy(builder->area->base + builder->tail, value, size);
		entry->e_value_offs = le16_make((u16)builder->tail);
	}
	builder->at += length;
	builder->area->empty = false;
	return 0;
}

static int add_new(struct builder *builder, const struct ext4_xattr_change *change)
{
	const struct ext4_xattr_key *key = &change->key;
	struct le32 word = le32_make(change->inum_hash);
	struct ext4_xattr_entry entry = {
	    .e_name_len = key->length,
	    .e_name_index = key->index,
	    .e_value_size = le32_make(change->size),
	    .e_value_inum = le32_make(change->inum),
	};

	if (change->inum)
		entry.e_hash = le32_make(
		    ext4_xattr_entry_hash(key->name, key->length, false, &word, sizeof(word)));
	else if (builder->area->first) /* in a block: its sharing goes by the hashes */
		entry.e_hash = le32_make(ext4_xattr_entry_hash(key->name, key->length, false,
							       change->value, change->size));
	return add(builder, &entry, key->name, change->inum ? NULL : change->value);
}

int ext4_xattr_rebuild(const struct ext4_xattr_area *from, struct ext4_xattr_area *to,
		       const struct ext4_xattr_change *change)
{
	struct builder builder = {.area = to, .at = to->first, .tail = to->size};
	const struct ext4_xattr_entry *entry = NULL;
	bool placed = !change->value;
	int err = 0;

	to->empty = true;
	while (!err && (entry = ext4_xattr_next(from, entry)) != NULL) {
		int order = compare(entry, &change->key);

		if (order >= 0 && !placed) {
			err = add_new(&builder, change);
			placed = true;
		}
		if (!err && order)
			err = add(&builder, entry, entry->e_name,
				  le32_get(entry->e_value_inum)
				      ? NULL
				      : from->base + le16_get(entry->e_value_offs));
	}
	if (!err && !placed)
		err = add_new(&builder, change);
	return err;
}

/* ---- hashes ---- */

/* Of name and value. Kernels differed in whether characters of names are signed; both are found. */
u32 ext4_xattr_entry_hash(const char *name, u32 name_length, bool is_signed, const void *value,
			  u32 size)
{
	u32 hash = 0;

	for (u32 i = 0; i < name_length; i++)
		hash =
		    (hash << 5) ^ (hash >> 27) ^ (is_signed ? (u32)(s8)name[i] : (u32)(u8)name[i]);
	for (u32 at = 0; at < size; at += 4) {
		u8 word[4] = {0};

		memcpy(word, (const u8 *)value + at, min(size - at, 4u));
		hash = (hash << 16) ^ (hash >> 16) ^ le32_load(word);
	}
	return hash;
}

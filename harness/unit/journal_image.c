#include "journal_image.h"

#include "lib/crc.h"
#include "lib/string.h"

static bool has_sums(const struct jimg *j)
{
	return journal_tail_size(j->incompat) != 0;
}

static u32 seed(const struct jimg *j)
{
	return crc32c(~0u, j->raw->s_uuid, 16);
}

u8 *jimg_block(struct jimg *j, u32 index)
{
	return j->data + (size_t)j->blocks[index] * j->block_size;
}

/* ---- checksums ---- */

void jimg_sum_tail(struct jimg *j, u8 *block)
{
	u8 *tail = block + j->block_size - 4;

	memset(tail, 0, 4);
	if (has_sums(j))
		be32_store(tail, crc32c(seed(j), block, j->block_size));
}

void jimg_sum_commit(struct jimg *j, u8 *block)
{
	struct journal_commit *commit = (void *)block;

	commit->h_chksum[0] = be32_make(0);
	if (has_sums(j))
		commit->h_chksum[0] = be32_make(crc32c(seed(j), block, j->block_size));
}

void jimg_sum_super(struct jimg *j)
{
	j->raw->s_checksum = be32_make(0);
	if (has_sums(j))
		j->raw->s_checksum = be32_make(crc32c(~0u, j->raw, sizeof(*j->raw)));
}

/* ---- the log ---- */

static u8 *next_block(struct jimg *j)
{
	u8 *block = jimg_block(j, j->position);

	if (++j->position == j->end)
		j->position = be32_get(j->raw->s_first);
	memset(block, 0, j->block_size);
	return block;
}

static u8 *next_header(struct jimg *j, u32 type)
{
	u8 *block = next_block(j);

	*(struct journal_header *)block = (struct journal_header){
	    .h_magic = be32_make(JOURNAL_MAGIC),
	    .h_blocktype = be32_make(type),
	    .h_sequence = be32_make(j->tid),
	};
	return block;
}

static void put_tag(struct jimg *j, u8 *at, u64 block, u32 flags, u32 sum)
{
	if (j->incompat & JOURNAL_INCOMPAT_CSUM_V3) {
		struct journal_tag3 tag = {be32_make((u32)block), be32_make(flags),
					   be32_make((u32)(block >> 32)), be32_make(sum)};
		memcpy(at, &tag, sizeof(tag));
		return;
	}
	struct journal_tag tag = {be32_make((u32)block), be16_make(has_sums(j) ? (u16)sum : 0),
				  be16_make((u16)flags), be32_make((u32)(block >> 32))};
	memcpy(at, &tag, j->incompat & JOURNAL_INCOMPAT_64BIT ? 12 : 8);
}

bool jimg_descriptor(struct jimg *j, const u64 *blocks, u32 n, const u8 *data)
{
	u32 tag_size = journal_tag_size(j->incompat);
	u32 uuids = j->uuids ? n : 1;
	u32 at = sizeof(struct journal_header);

	if (at + n * tag_size + uuids * 16 + journal_tail_size(j->incompat) > j->block_size)
		return false;
	u8 *descriptor = next_header(j, JOURNAL_DESCRIPTOR);
	u32 first = j->position;
	for (u32 i = 0; i < n; i++) {
		struct be32 number = be32_make(j->tid);
		u8 *block = next_block(j);
		u32 flags = i + 1 == n ? JOURNAL_TAG_LAST : 0;

		memcpy(block, data + (size_t)i * j->block_size, j->block_size);
		if (be32_load(block) == JOURNAL_MAGIC) {
			memset(block, 0, 4);
			flags |= JOURNAL_TAG_ESCAPE;
		}
		if (i && !j->uuids)
			flags |= JOURNAL_TAG_SAME_UUID;
		put_tag(j, descriptor + at, blocks[i], flags,
			crc32c(crc32c(seed(j), &number, 4), block, j->block_size));
		at += tag_size;
		if (!(flags & JOURNAL_TAG_SAME_UUID)) {
			memcpy(descriptor + at, j->raw->s_uuid, 16);
			at += 16;
		}
	}
	if (has_sums(j))
		jimg_sum_tail(j, descriptor);
	u32 end = j->position;
	j->crc = crc32_be(j->crc, descriptor, j->block_size);
	for (j->position = first; n; n--) {
		j->crc = crc32_be(j->crc, jimg_block(j, j->position), j->block_size);
		if (++j->position == j->end)
			j->position = be32_get(j->raw->s_first);
	}
	j->position = end;
	return true;
}

void jimg_revoke(struct jimg *j, const u64 *blocks, u32 n)
{
	u8 *block = next_header(j, JOURNAL_REVOKE);
	u32 size = journal_revoke_size(j->incompat), at = sizeof(struct journal_revoke_header);

	for (u32 i = 0; i < n && at + size <= j->block_size - 4; i++, at += size) {
		if (size == 8)
			be64_store(block + at, blocks[i]);
		else
			be32_store(block + at, (u32)blocks[i]);
	}
	((struct journal_revoke_header *)block)->r_count = be32_make(at);
	if (has_sums(j))
		jimg_sum_tail(j, block);
}

void jimg_commit(struct jimg *j)
{
	u8 *block = next_header(j, JOURNAL_COMMIT);
	struct journal_commit *commit = (void *)block;

	commit->h_commit_sec = be64_make(j->time++);
	if (j->compat & JOURNAL_COMPAT_CHECKSUM) {
		commit->h_chksum_type = JOURNAL_CHECKSUM_CRC32;
		commit->h_chksum_size = 4;
		commit->h_chksum[0] = be32_make(j->crc);
	} else {
		jimg_sum_commit(j, block);
	}
	j->crc = ~0u;
	j->tid++;
}

/* ---- fast commits ---- */

void jimg_fast_open(struct jimg *j, struct jfast *fast)
{
	*fast = (struct jfast){.j = j};
}

static u8 *fast_block(const struct jfast *fast)
{
	return jimg_block(fast->j, fast->j->end + 1 + fast->block);
}

static void put_record(struct jfast *fast, u32 tag, const void *value, u32 length, u32 summed)
{
	u8 *at = fast_block(fast) + fast->at;

	le16_store(at, (u16)tag);
	le16_store(at + 2, (u16)length);
	if (value)
		memcpy(at + 4, value, summed);
	fast->crc = crc32c(fast->crc, at, 4 + summed);
	fast->at += 4 + length;
}

/* Fills the block, if no record of so many bytes and one more tag fit it. */
static void make_room(struct jfast *fast, u32 length)
{
	u32 rest = fast->j->block_size - fast->at - 4;

	if (length + 4 <= rest)
		return;
	put_record(fast, JOURNAL_FC_PAD, NULL, rest, rest);
	fast->block++;
	fast->at = 0;
}

void jimg_fast_record(struct jfast *fast, u32 tag, const void *value, u32 length)
{
	make_room(fast, length);
	put_record(fast, tag, value, length, length);
}

void jimg_fast_head(struct jfast *fast, u32 features, u32 tid)
{
	struct journal_fc_head head = {le32_make(features), le32_make(tid)};

	jimg_fast_record(fast, JOURNAL_FC_HEAD, &head, sizeof(head));
}

void jimg_fast_tail(struct jfast *fast, u32 tid)
{
	struct le32 value = le32_make(tid);

	make_room(fast, sizeof(struct journal_fc_tail));
	u8 *at = fast_block(fast) + fast->at;
	put_record(fast, JOURNAL_FC_TAIL, &value, fast->j->block_size - fast->at - 4, 4);
	le32_store(at + 8, fast->crc);
	fast->block++;
	fast->at = fast->crc = 0;
}

/* ---- open and close ---- */

void jimg_open(struct jimg *j, u32 compat, u32 incompat, u32 start, u32 tid)
{
	j->compat = compat;
	j->incompat = incompat;
	j->tid = tid;
	j->time = 1000;
	j->crc = ~0u;
	j->uuids = false;
	j->super = (void *)(j->data + EXT4_SUPER_OFFSET);
	j->block_size = 1024u << le32_get(j->super->s_log_block_size);
	j->raw = (void *)jimg_block(j, 0);
	j->maxlen = be32_get(j->raw->s_maxlen);
	j->end = j->maxlen;
	if (incompat & JOURNAL_INCOMPAT_FAST_COMMIT) {
		u32 count = be32_get(j->raw->s_num_fc_blks);

		j->end -= count ? count : JOURNAL_FC_BLOCKS_DEFAULT;
	}
	j->position = start ? start : be32_get(j->raw->s_first);
	j->raw->s_start = be32_make(start);
	j->raw->s_sequence = be32_make(tid);
	j->raw->s_feature_compat = be32_make(compat);
	j->raw->s_feature_incompat = be32_make(incompat);
	j->raw->s_checksum_type = has_sums(j) ? JOURNAL_CHECKSUM_CRC32C : 0;
}

void jimg_close(struct jimg *j)
{
	jimg_sum_super(j);
	j->super->s_feature_incompat =
	    le32_make(le32_get(j->super->s_feature_incompat) | EXT4_INCOMPAT_RECOVER);
	if (le32_get(j->super->s_feature_ro_compat) & EXT4_RO_COMPAT_METADATA_CSUM)
		j->super->s_checksum =
		    le32_make(crc32c(~0u, j->super, offsetof(struct ext4_super_raw, s_checksum)));
}

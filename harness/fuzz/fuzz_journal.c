/*
 * Damaged and hostile journals: recovered by a mount, and the volume then used. Nothing that a log
 * says may end in a panic, a sanitizer's report, a hang or a leak.
 *
 * The input is a program. Four bytes choose a volume of seeds_journal, the mount's options, the
 * journal's features and where the log begins; the next says how many of the following six-byte
 * records build the log, out of right blocks (which replay copies of the volume's own metadata with
 * a byte changed) and wrong ones; on the volume with fast commits a byte and as many records make
 * some of these; the rest are operations on the recovered volume.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host_disk.h"
#include "journal_image.h"
#include "lib/assert.h"
#include "log_capture.h"
#include "volume_use.h"

enum {
	BYTES = 4 << 20,
	BLOCK = 1024,
	BLOCKS = BYTES / BLOCK,
	SEEDS = 8,
	TAGS = 8,
};

static struct seed {
	char name[64];
	u8 *data;
	u32 journal;               /* its first block */
	u32 blocks[BLOCKS], count; /* of metadata: neither empty nor the journal's nor files' */
} seeds[SEEDS];
static unsigned seed_count;
static struct host_disk *disk;
static struct jimg image;

/* The journal of so small a volume lies in one piece. */
static void find_journal(struct seed *seed)
{
	for (u32 block = 1; block < BLOCKS; block++) {
		const struct journal_super *raw = (const void *)(seed->data + block * BLOCK);

		if (be32_get(raw->s_header.h_magic) == JOURNAL_MAGIC &&
		    be32_get(raw->s_header.h_blocktype) == JOURNAL_SUPER_V2)
			seed->journal = block;
	}
	VERIFY(seed->journal != 0);
}

static void find_metadata(struct seed *seed)
{
	static const u8 empty[BLOCK];

	for (u32 block = 1; block < BLOCKS; block++) {
		const u8 *data = seed->data + block * BLOCK;

		if (memcmp(data, empty, BLOCK) && data[0] != 'Z' &&
		    (block < seed->journal || block >= seed->journal + JOURNAL_MIN_BLOCKS))
			seed->blocks[seed->count++] = block;
	}
	VERIFY(seed->count != 0);
}

static int compare_seeds(const void *a, const void *b)
{
	return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[4400], directory[4096];
	struct dirent *entry;

	snprintf(directory, sizeof(directory), "%s.seeds", (*argv)[0]);
	DIR *dir = opendir(directory);
	if (!dir) {
		fprintf(stderr, "%s: no such directory: harness/fuzz/seeds_journal makes it\n",
			directory);
		exit(1);
	}
	while ((entry = readdir(dir)) && seed_count < SEEDS) {
		struct seed *seed = &seeds[seed_count];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(seed->name, sizeof(seed->name), "%s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		seed->data = malloc(BYTES);
		FILE *f = fopen(path, "r");
		VERIFY(f != NULL && fread(seed->data, 1, BYTES, f) == BYTES);
		fclose(f);
		find_journal(seed);
		find_metadata(seed);
		seed_count++;
	}
	closedir(dir);
	VERIFY(seed_count > 0);
	qsort(seeds, seed_count, sizeof(seeds[0]), compare_seeds);
	disk = volume_init(BYTES);
	return 0;
}

/* ---- logs ---- */

static u32 number_of(const u8 *record)
{
	return record[0] | (u32)record[1] << 8;
}

static void put_descriptor(const struct seed *seed, const u8 *record)
{
	static u8 data[TAGS * BLOCK];
	u64 blocks[TAGS];
	u32 n = 1 + record[1] % TAGS;

	for (u32 i = 0; i < n; i++) {
		blocks[i] = seed->blocks[(number_of(record + 2) + i) % seed->count];
		memcpy(data + i * BLOCK, image.data + blocks[i] * BLOCK, BLOCK);
	}
	data[(number_of(record + 2) * 7 + record[4]) % (n * BLOCK)] ^= record[5];
	if (record[4] == 0xff) /* anywhere, the log itself too */
		blocks[0] = (u64)record[5] << (record[1] % 40);
	if (record[4] == 0xfe)
		be32_store(data, JOURNAL_MAGIC);
	VERIFY(jimg_descriptor(&image, blocks, n, data));
}

static void put_revoke(const struct seed *seed, const u8 *record)
{
	u64 blocks[TAGS];
	u32 n = record[1] % TAGS;

	for (u32 i = 0; i < n; i++)
		blocks[i] = seed->blocks[(number_of(record + 2) + i) % seed->count];
	jimg_revoke(&image, blocks, n);
}

/* Changes a word of the journal's block `index`; its checksum is made right again, or not. */
static void put_damage(u32 index, const u8 *record)
{
	static const u32 values[] = {0, 1, 2, 3, 0xff, 0x3ff, 0x400, 0x401, 0x7fffffff, 0xffffffff};
	u8 *block = jimg_block(&image, index % image.maxlen);
	u8 *at =
	    block + (record[1] % 64 < 48 ? record[1] % 64 * 4 : number_of(record + 1) % 256 * 4);

	if (record[3] & 1)
		be32_store(at, values[record[4] % ARRAY_SIZE(values)]);
	else
		at[record[4] % 4] ^= record[5];
	if (record[3] & 2)
		jimg_sum_tail(&image, block);
	else if (record[3] & 4)
		jimg_sum_commit(&image, block);
}

static void put_record(const struct seed *seed, const u8 *record)
{
	u32 back = image.position > record[5] % 16 ? image.position - record[5] % 16 : 1;

	switch (record[0] % 8) {
	case 0:
	case 1:
		put_descriptor(seed, record);
		break;
	case 2:
	case 3:
		jimg_commit(&image);
		break;
	case 4:
		put_revoke(seed, record);
		break;
	case 5:
		put_damage(back, record);
		break;
	case 6:
		put_damage(0, record);
		break;
	default:
		image.tid += (u32)(record[1] % 3) - 1;
		image.time += record[2] % 3 ? record[2] : 0u - record[2];
		break;
	}
}

/* ---- fast commits ---- */

static struct jfast fast;

static void put_inode(const u8 *record)
{
	static const u16 modes[] = {S_IFREG, S_IFREG, S_IFREG, S_IFDIR,
				    S_IFLNK, S_IFIFO, S_IFBLK, 0};
	static const u32 flags[] = {EXT4_EXTENTS_FL, EXT4_EXTENTS_FL, EXT4_INLINE_DATA_FL, 0};
	struct {
		struct le32 ino;
		u8 raw[256];
	} value = {.ino = le32_make(record[1] % 80)};
	struct ext4_inode_raw *raw = (void *)value.raw;
	struct ext4_extent_header *header = (void *)raw->i_block;

	raw->i_mode = le16_make(modes[record[2] % ARRAY_SIZE(modes)] | 0644);
	raw->i_links_count = le16_make(record[2] / 8 % 4);
	raw->i_size_lo = le32_make(record[3] * (record[2] & 0x80 ? 1000u : 10u));
	raw->i_flags = le32_make(flags[record[4] % ARRAY_SIZE(flags)]);
	raw->i_generation = le32_make(record[4] / 4 % 4);
	raw->i_extra_isize = le16_make(record[5] & 1 ? 32 : record[5]);
	header->eh_magic = le16_make(EXT4_EXTENT_MAGIC);
	header->eh_max = le16_make(4);
	value.raw[record[5] % 160] ^= record[4] & 0x40 ? record[5] : 0;
	jimg_fast_record(&fast, JOURNAL_FC_INODE, &value, 4 + (record[4] & 0x80 ? 256 : 160));
}

static void put_range(const u8 *record)
{
	struct journal_fc_add_range value = {.fc_ino = le32_make(record[1] % 80)};
	struct ext4_extent extent = {
	    .ee_block = le32_make(record[2] == 0xff ? 0xfffffff0u : record[2]),
	    .ee_len = le16_make((u16)(record[3] / 2 + (record[3] & 1 ? EXT4_EXTENT_LEN_MAX : 0))),
	    .ee_start_lo = le32_make(number_of(record + 4) % (BLOCKS + 64)),
	};

	memcpy(value.fc_ex, &extent, sizeof(extent));
	jimg_fast_record(&fast, JOURNAL_FC_ADD_RANGE, &value, sizeof(value));
}

static void put_name(u32 tag, const u8 *record)
{
	struct {
		struct le32 parent, ino;
		char name[16];
	} value = {le32_make(record[1] % 4 ? record[1] % 80 : 2), le32_make(record[2] % 80), ""};
	static const char *const names[] = {"hard", "a",     "slow", "new", "newer",
					    "file", "short", "b",    ".",   "x/y"};
	const char *name = names[record[3] % ARRAY_SIZE(names)];

	memcpy(value.name, name, strlen(name));
	jimg_fast_record(&fast, tag, &value, 8 + (u32)strlen(name));
}

/* What a record of the area may be. */
static void put_fast(const u8 *record)
{
	struct journal_fc_del_range hole = {le32_make(record[1] % 80), le32_make(record[2]),
					    le32_make(record[3] == 0xff ? U32_MAX : record[3])};

	if (fast.block >= 14) /* the area has 15 blocks */
		return;
	switch (record[0] % 10) {
	case 0:
	case 1:
		put_inode(record);
		break;
	case 2:
	case 3:
		put_range(record);
		break;
	case 4:
		jimg_fast_record(&fast, JOURNAL_FC_DEL_RANGE, &hole, sizeof(hole));
		break;
	case 5:
		put_name(JOURNAL_FC_CREAT, record);
		break;
	case 6:
		put_name(JOURNAL_FC_LINK, record);
		break;
	case 7:
		put_name(JOURNAL_FC_UNLINK, record);
		break;
	case 8:
		jimg_fast_tail(&fast, image.tid + record[1] / 0xff);
		break;
	default:
		jimg_fast_record(&fast, record[1], record, record[2] % VOLUME_RECORD);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u32 incompats[] = {
	    0,
	    JOURNAL_INCOMPAT_REVOKE,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V2,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3 | JOURNAL_INCOMPAT_64BIT,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_ASYNC_COMMIT,
	    JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3 | JOURNAL_INCOMPAT_ASYNC_COMMIT};

	if (size < 5)
		return 0;
	const struct seed *seed = &seeds[data[0] % seed_count];
	u32 incompat = incompats[data[2] % ARRAY_SIZE(incompats)];
	u32 compat =
	    !(data[2] & 0xc0) && !journal_tail_size(incompat) ? JOURNAL_COMPAT_CHECKSUM : 0;
	u32 start = data[3] & 1 ? 1 + data[3] : JOURNAL_MIN_BLOCKS - 1 - data[3] / 2;
	const u8 options = data[1];
	size_t records = data[4] % 32;

	image.data = host_disk_data(disk);
	memcpy(image.data, seed->data, BYTES);
	const struct journal_super *raw = (void *)(image.data + seed->journal * BLOCK);
	image.mapped = be32_get(raw->s_maxlen);
	for (u32 i = 0; i < image.mapped; i++)
		image.blocks[i] = seed->journal + i;
	bool has_fast = be32_get(raw->s_num_fc_blks);
	if (has_fast)
		incompat |= JOURNAL_INCOMPAT_FAST_COMMIT;
	jimg_open(&image, compat, incompat, start, data[3] & 2 ? 0xfffffffe : 5);
	image.uuids = data[2] & 0x20;
	data += 5;
	size -= 5;
	for (; records && size >= VOLUME_RECORD;
	     records--, data += VOLUME_RECORD, size -= VOLUME_RECORD)
		put_record(seed, data);
	if (has_fast && size) {
		size_t fasts = data[0] % 32;

		jimg_fast_open(&image, &fast);
		jimg_fast_head(&fast, 0, image.tid);
		for (data++, size--; fasts && size >= VOLUME_RECORD;
		     fasts--, data += VOLUME_RECORD, size -= VOLUME_RECORD)
			put_fast(data);
		jimg_fast_tail(&fast, image.tid);
	}
	jimg_close(&image);
	log_captured_clear();
	if (volume_mount(options) == 0)
		volume_use(data, size);
	volume_expect_rest();
	return 0;
}

/* Journals on devices of their own: journal_device.h tells the theory. */
#include "ext4/journal_device.h"

#include "ext4/ext4_int.h"
#include "ext4/journal_disk.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define PAGE_SECTORS ((u32)(PAGE_SIZE >> SECTOR_SHIFT))

struct search {
	struct ext4_fs *fs;
	struct ext4_super_raw *raw; /* of the device that is looked at */
	struct block_device *found;
};

static int refuse(const struct ext4_fs *fs, int err, const char *what, const char *name)
{
	log_err("%s: %s: mount refused: the journal's device%s%s %s", fs->type_name, fs->super->id,
		name ? " " : "", name ? name : "", what);
	return err;
}

bool ext4_journal_is_apart(const struct ext4_fs *fs)
{
	return fs->has_journal && !le32_get(fs->raw->s_journal_inum);
}

static int read_super(struct block_device *bdev, struct ext4_super_raw *out)
{
	u8 *page = kmalloc(PAGE_SIZE, MM_NORMAL);

	if (!page)
		return -ENOMEM;
	int err = bdev->sectors < PAGE_SECTORS ? -EINVAL : block_read(bdev, 0, page, PAGE_SECTORS);

	if (!err)
		memcpy(out, page + EXT4_SUPER_OFFSET, sizeof(*out));
	kfree(page);
	return err;
}

static bool is_journal(const struct ext4_super_raw *raw)
{
	return le16_get(raw->s_magic) == EXT4_MAGIC && le32_get(raw->s_rev_level) > 0 &&
	       (le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_JOURNAL_DEV);
}

static bool is_ours(const struct ext4_fs *fs, const struct ext4_super_raw *raw)
{
	return memcmp(fs->raw->s_journal_uuid, raw->s_uuid, sizeof(raw->s_uuid)) == 0;
}

static int look_at(struct block_device *bdev, void *arg)
{
	struct search *search = arg;

	if (bdev == search->fs->bdev || read_super(bdev, search->raw) || !is_journal(search->raw) ||
	    !is_ours(search->fs, search->raw))
		return 0;
	search->found = bdev;
	return 1;
}

/* As dev_t is packed into 32 bits. */
static struct block_device *by_number(u32 number)
{
	return block_find_number((number & 0xfff00) >> 8,
				 (number & 0xff) | ((number >> 12) & 0xfff00));
}

static int find(struct ext4_fs *fs, struct search *search)
{
	static const u8 none[16];
	u32 number = le32_get(fs->raw->s_journal_dev);
	struct block_device *known = number ? by_number(number) : NULL;

	if (fs->options.journal_dev) {
		search->found = by_number(fs->options.journal_dev);
		return search->found ? 0 : refuse(fs, -ENXIO, "does not exist", NULL);
	}
	if (memcmp(fs->raw->s_journal_uuid, none, sizeof(none)) == 0)
		return refuse(fs, -EUCLEAN, "is not known: there is no journal", NULL);
	if (!known || !look_at(known, search))
		(void)block_for_each(look_at, search);
	return search->found ? 0
			     : refuse(fs, -ENXIO,
				      "was not found: name it with journal_path=, or mount with "
				      "ro,norecovery",
				      NULL);
}

/* The device's superblock; the journal's own is checked by whoever opens the log. */
static int check(struct ext4_fs *fs, const struct block_device *bdev,
		 const struct ext4_super_raw *raw)
{
	bool writes = !(fs->super->flags & SUPER_RDONLY) || (fs->incompat & EXT4_INCOMPAT_RECOVER);
	u64 blocks = le32_get(raw->s_blocks_count_lo) | (u64)le32_get(raw->s_blocks_count_hi) << 32;

	if (!is_journal(raw))
		return refuse(fs, -EINVAL, "holds no journal", bdev->name);
	if (!is_ours(fs, raw))
		return refuse(fs, -EINVAL, "holds the journal of another volume", bdev->name);
	if ((le32_get(raw->s_feature_ro_compat) & EXT4_RO_COMPAT_METADATA_CSUM) &&
	    le32_get(raw->s_checksum) != ext4_csum_super(raw))
		return refuse(fs, -EUCLEAN, "has a superblock with a wrong checksum", bdev->name);
	if (le32_get(raw->s_log_block_size) != fs->block_bits - 10)
		return refuse(fs, -EUCLEAN, "has another block size than the volume", bdev->name);
	if (blocks > bdev->sectors >> (fs->block_bits - SECTOR_SHIFT))
		return refuse(fs, -EUCLEAN, "is smaller than its superblock says", bdev->name);
	if (bdev->read_only && writes)
		return refuse(fs, -EROFS, "is read-only: mount with ro,norecovery", bdev->name);
	return 0;
}

/* One volume at a time, and the caches see it in blocks of the volume's size. */
static int take(struct ext4_fs *fs, struct block_device *bdev)
{
	int err = block_claim(bdev, fs->super);

	if (err)
		return refuse(fs, err, "is in use", bdev->name);
	err = buffer_set_block_size(bdev, fs->block_size);
	if (err) {
		block_release(bdev, fs->super);
		return refuse(fs, err, "can't do the volume's blocks", bdev->name);
	}
	fs->journal_bdev = bdev;
	log_info("%s: %s: the journal is on %s", fs->type_name, fs->super->id, bdev->name);
	return 0;
}

int ext4_journal_device_open(struct ext4_fs *fs)
{
	struct search search = {.fs = fs};

	if (fs->journal_bdev)
		return 0;
	search.raw = kmalloc(sizeof(*search.raw), MM_NORMAL);
	int err = search.raw ? find(fs, &search) : -ENOMEM;

	if (!err) {
		err = read_super(search.found, search.raw);
		if (err && err != -ENOMEM)
			err = refuse(fs, err, "can't be read", search.found->name);
	}
	if (!err)
		err = check(fs, search.found, search.raw);
	if (!err)
		err = take(fs, search.found);
	kfree(search.raw);
	return err;
}

void ext4_journal_device_close(struct ext4_fs *fs)
{
	if (!fs->journal_bdev)
		return;
	buffer_invalidate(fs->journal_bdev);
	block_release(fs->journal_bdev, fs->super);
	fs->journal_bdev = NULL;
}

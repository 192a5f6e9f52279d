/* Whether a device holds an ext2, ext3 or ext4 volume, and its names: for root=UUID= and
 * root=LABEL=. */
#include "ext4/ext4_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/block.h"

#define SUPER_OFFSET 1024

int ext4_identify(struct block_device *bdev, struct fs_identity *out)
{
	u32 unit = bdev->logical_block;
	u32 bytes = round_up((u32)(SUPER_OFFSET + sizeof(struct ext4_super_raw)), unit);
	int err;

	if (bdev->sectors < bytes >> SECTOR_SHIFT)
		return -EINVAL;
	u8 *block = kmalloc(bytes, MM_NORMAL);
	if (!block)
		return -ENOMEM;
	err = block_read(bdev, 0, block, bytes >> SECTOR_SHIFT);
	if (!err) {
		const struct ext4_super_raw *disk = (const void *)(block + SUPER_OFFSET);

		memset(out, 0, sizeof(*out));
		memcpy(out->uuid.b, disk->s_uuid, sizeof(out->uuid.b));
		memcpy(out->label, disk->s_volume_name, sizeof(disk->s_volume_name));
		if (le16_get(disk->s_magic) != EXT4_MAGIC)
			err = -EINVAL;
	}
	kfree(block);
	return err;
}

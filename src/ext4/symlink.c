/* Symbolic links: short targets lie in the inode, longer ones in a block. */
#include "ext4/ext4_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

static int copy_target(const void *from, u64 length, char **target)
{
	char *copy = kmalloc(length + 1, MM_NOFS);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, from, length);
	copy[length] = '\0';
	*target = copy;
	return 0;
}

static int ext4_readlink(struct inode *vfs, char **target)
{
	struct ext4_inode *inode = ext4_inode(vfs);
	struct ext4_fs *fs = ext4_inode_fs(inode);
	u64 length = (u64)vfs->size;
	struct buffer *buffer;
	int err;

	if (ext4_is_encrypted(inode))
		return -ENOKEY;
	if (ext4_is_inline(inode)) {
		u8 *contents = kmalloc(fs->block_size, MM_NOFS);

		if (!contents)
			return -ENOMEM;
		err = ext4_inline_read(inode, contents);
		if (!err)
			err = copy_target(contents, length, target);
		kfree(contents);
		return err;
	}
	if (ext4_symlink_is_fast(inode))
		return copy_target(inode->block_bytes, length, target);
	if (length >= fs->block_size)
		return ext4_error(fs, ext4_ino(inode), 0, "symbolic link's size is invalid");
	err = ext4_file_block_read(inode, 0, &buffer);
	if (err)
		return err;
	if (!buffer)
		return ext4_error(fs, ext4_ino(inode), 0, "symbolic link has no block");
	err = copy_target(buffer->data, length, target);
	buffer_put(buffer);
	return err;
}

const struct inode_ops ext4_symlink_inode_ops = {
    .readlink = ext4_readlink,
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};

/* Regular files: fsync and what lies around the page cache's reading and writing. */
#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "lib/log.h"
#include "vfs/file.h"

int ext4_fsync(struct file *file, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = file->inode;
	struct ext4_fs *fs = ext4_fs(inode->super);
	unsigned long dirty = BIT(I_DIRTY_DATASYNC) | (datasync ? 0 : BIT(I_DIRTY));
	int err = 0;

	if (inode->mapping.ops)
		err = pagecache_write_and_wait(&inode->mapping, start, end);
	if (!fs->writable_once)
		return err;
	if (!err && (atomic_load(&inode->state) & dirty)) {
		err = ext4_inode_write(inode, false);
		if (!err)
			atomic_fetch_and(&inode->state, ~dirty);
	}
	u32 tid =
	    atomic_load(datasync ? &ext4_inode(inode)->datasync_tid : &ext4_inode(inode)->sync_tid);
	int sync_err = fs->journal ? ext4_journal_sync(fs->journal, tid) : ext4_txn_sync(fs);

	return err ? err : sync_err;
}

void ext4_flush_start(struct ext4_inode *inode)
{
	/* An error of write-back is kept for who syncs the file. */
	if (pagecache_write_start(&inode->vfs.mapping, 0, S64_MAX, false))
		log_debug("ext4: inode %u: early write-back failed", ext4_ino(inode));
}

/*
 * Promises to delayed pages count metadata at its worst. When they use up the volume, writing the
 * file's pages turns them into what is really needed, and the rest of the write gets another
 * chance.
 */
static ssize_t ext4_file_write(struct file *file, struct uio *uio, loff_t *pos)
{
	struct inode *inode = file->inode;

	if (unlikely(inode->flags & INODE_IMMUTABLE))
		return -EPERM;
	ssize_t n = file_write_pagecache(file, uio, pos);

	if (n != -ENOSPC && (n <= 0 || !uio->resid))
		return n;
	if (!atomic_load(&ext4_fs(inode->super)->delayed_clusters) ||
	    pagecache_write_start(&inode->mapping, 0, S64_MAX, true))
		return n;
	ssize_t more = file_write_pagecache(file, uio, pos);

	return n < 0 ? more : more < 0 ? n : n + more;
}

static int file_open_check(struct inode *inode, struct file *file)
{
	if (ext4_is_encrypted(ext4_inode(inode)))
		return -ENOKEY;
	/* The hashes that a verity file is checked against would no longer be right. */
	if ((ext4_inode(inode)->flags & EXT4_VERITY_FL) && (file->mode & FILE_WRITE))
		return -EPERM;
	return 0;
}

static void file_release(struct file *file)
{
	struct ext4_inode *inode = ext4_inode(file->inode);

	if (atomic_load(&inode->flush_on_close) && (file->mode & FILE_WRITE) &&
	    atomic_xchg(&inode->flush_on_close, false))
		ext4_flush_start(inode);
	if ((file->mode & FILE_WRITE) && atomic_load(&file->inode->write_count) <= 1)
		ext4_window_drop(inode);
}

const struct file_ops ext4_file_ops = {
    .read = pagecache_file_read,
    .write = ext4_file_write,
    .mmap = file_mmap_pagecache,
    .open = file_open_check,
    .ioctl = ext4_ioctl,
    .fsync = ext4_fsync,
    .release = file_release,
    .fallocate = ext4_fallocate,
    .seek = ext4_file_seek,
};

const struct inode_ops ext4_file_inode_ops = {
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};

const struct inode_ops ext4_special_inode_ops = {
    .setattr = ext4_setattr,
    EXT4_XATTR_OPS,
};

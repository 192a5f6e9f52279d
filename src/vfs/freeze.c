/*
 * Freezing a volume (FIFREEZE, FITHAW), for whoever copies the disk below it: what is on the disk
 * is complete, as after an unmount, and stays as it is.
 *
 * Who wants to change something waits in mount_want_write() or file_write(), before any lock is
 * taken. That is a courtesy, and catches nearly everybody; what really keeps the disk still is the
 * file system: its transactions and its write-back wait, or put off what can be. So pages that are
 * mapped may still be written to. They reach the disk after the thaw.
 */
#include "lib/atomic.h"
#include "lib/wait.h"
#include "vfs/inode.h"
#include "vfs/mount_int.h"
#include "vfs/vfs.h"

void super_wait_thawed(struct super_block *super)
{
	wait_event(&super->thaw_wait, atomic_load(&super->frozen) == SUPER_THAWED);
}

static void set_state(struct super_block *super, u32 state)
{
	atomic_store(&super->frozen, state);
	wake_all(&super->thaw_wait);
}

static bool change_state(struct super_block *super, u32 from, u32 to)
{
	return atomic_cmpxchg(&super->frozen, &from, to);
}

int vfs_freeze(struct super_block *super)
{
	if (!super->ops->freeze)
		return -EOPNOTSUPP;
	if (!change_state(super, SUPER_THAWED, SUPER_FREEZING))
		return -EBUSY;
	int err = vfs_syncfs(super);

	rwsem_write_lock(&super->umount);
	if (!err && !(atomic_load(&super->flags) & SUPER_RDONLY))
		err = super->ops->freeze(super);
	set_state(super, err ? SUPER_THAWED : SUPER_FROZEN);
	rwsem_write_unlock(&super->umount);
	return err;
}

int vfs_thaw(struct super_block *super)
{
	int err = 0;

	if (!change_state(super, SUPER_FROZEN, SUPER_FREEZING))
		return -EINVAL;
	rwsem_write_lock(&super->umount);
	if (!(atomic_load(&super->flags) & SUPER_RDONLY))
		err = super->ops->thaw(super);
	set_state(super, SUPER_THAWED);
	rwsem_write_unlock(&super->umount);
	return err;
}

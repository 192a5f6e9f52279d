/* quotactl() on ext4: asking for and setting quotas, limits and times of grace. */
#include "ext4/quota_int.h"
#include "mm/usercopy.h"

#include <linux/quota.h>

static struct if_nextdqblk block_of(struct ext4_quota *quota, const struct ext4_dquot *dquot)
{
	spin_lock(&quota->lock);
	struct if_nextdqblk blk = {
	    .dqb_bhardlimit = dquot->space_hard,
	    .dqb_bsoftlimit = dquot->space_soft,
	    .dqb_curspace = dquot->space + dquot->reserved,
	    .dqb_ihardlimit = dquot->inode_hard,
	    .dqb_isoftlimit = dquot->inode_soft,
	    .dqb_curinodes = dquot->inodes,
	    .dqb_btime = dquot->space_time,
	    .dqb_itime = dquot->inode_time,
	    .dqb_valid = QIF_ALL,
	    .dqb_id = dquot->id,
	};
	spin_unlock(&quota->lock);
	return blk;
}

/* size: of the structure without or with the id at its end. */
static int get_quota(struct ext4_quota *quota, enum ext4_quota_type type, u32 id, void __user *arg,
		     size_t size)
{
	struct if_nextdqblk blk = {.dqb_valid = QIF_ALL, .dqb_id = id};
	struct ext4_dquot *dquot;
	int err = ext4_dquot_get(quota, type, id, false, &dquot);

	if (err && err != -ENOENT)
		return err;
	if (!err) {
		blk = block_of(quota, dquot);
		ext4_dquot_put(quota, dquot);
	}
	return copy_to_user(arg, &blk, size) ? -EFAULT : 0;
}

static int next_quota(struct ext4_quota *quota, enum ext4_quota_type type, u32 id, void __user *arg)
{
	mutex_lock(&quota->mutex);
	int err = ext4_quota_tree_next(&quota->files[type], &id);
	mutex_unlock(&quota->mutex);
	return err ? err : get_quota(quota, type, id, arg, sizeof(struct if_nextdqblk));
}

/* The lock is held. */
static void change(struct ext4_quota *quota, struct ext4_dquot *dquot, const struct if_dqblk *blk)
{
	u32 valid = blk->dqb_valid;

	if (valid & QIF_SPACE) /* what is promised is not used yet */
		dquot->space = blk->dqb_curspace;
	if (valid & QIF_INODES)
		dquot->inodes = blk->dqb_curinodes;
	if (valid & QIF_BLIMITS) {
		dquot->space_hard = blk->dqb_bhardlimit;
		dquot->space_soft = blk->dqb_bsoftlimit;
	}
	if (valid & QIF_ILIMITS) {
		dquot->inode_hard = blk->dqb_ihardlimit;
		dquot->inode_soft = blk->dqb_isoftlimit;
	}
	if (valid & QIF_BTIME)
		dquot->space_time = blk->dqb_btime;
	if (valid & QIF_ITIME)
		dquot->inode_time = blk->dqb_itime;
	ext4_dquot_update_grace(quota, dquot);
}

static int set_quota(struct ext4_quota *quota, enum ext4_quota_type type, u32 id,
		     const void __user *arg)
{
	struct ext4_handle handle;
	struct ext4_dquot *dquot;
	struct if_dqblk blk;

	if (copy_from_user(&blk, arg, sizeof(blk)))
		return -EFAULT;
	int err = ext4_dquot_get(quota, type, id, true, &dquot);

	if (err)
		return err;
	err = ext4_txn_begin(quota->fs, 1, &handle);
	if (!err) {
		err = ext4_dquot_dirty(&handle, dquot);
		if (!err) {
			spin_lock(&quota->lock);
			change(quota, dquot, &blk);
			spin_unlock(&quota->lock);
		}
		ext4_txn_end(&handle);
	}
	ext4_dquot_put(quota, dquot);
	return err;
}

static int get_info(struct ext4_quota *quota, enum ext4_quota_type type, void __user *arg)
{
	const struct ext4_quota_file *file = &quota->files[type];
	struct if_dqinfo info = {.dqi_bgrace = READ_ONCE(file->block_grace),
				 .dqi_igrace = READ_ONCE(file->inode_grace),
				 .dqi_flags = DQF_SYS_FILE,
				 .dqi_valid = IIF_ALL};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int set_info(struct ext4_quota *quota, enum ext4_quota_type type, const void __user *arg)
{
	struct ext4_quota_file *file = &quota->files[type];
	struct ext4_handle handle;
	struct if_dqinfo info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if ((info.dqi_valid & ~(u32)IIF_ALL) ||
	    ((info.dqi_valid & IIF_FLAGS) && (info.dqi_flags & DQF_ROOT_SQUASH)))
		return -EINVAL;
	u64 blocks = info.dqi_valid & IIF_BGRACE ? info.dqi_bgrace : file->block_grace;
	u64 inodes = info.dqi_valid & IIF_IGRACE ? info.dqi_igrace : file->inode_grace;

	if (blocks > U32_MAX || inodes > U32_MAX)
		return -ERANGE;
	mutex_lock(&quota->mutex);
	int err = ext4_txn_begin(quota->fs, EXT4_QUOTA_GRACE_CREDITS, &handle);

	if (!err) {
		err = ext4_quota_tree_set_grace(&handle, file, (u32)blocks, (u32)inodes);
		ext4_txn_end(&handle);
	}
	mutex_unlock(&quota->mutex);
	return err;
}

/* Usage is always kept: only limits are turned on and off. */
static int enforce(struct ext4_quota *quota, enum ext4_quota_type type, bool on)
{
	spin_lock(&quota->lock);
	int err = quota->enforced[type] == on ? on ? -EEXIST : -EINVAL : 0;

	quota->enforced[type] = on;
	spin_unlock(&quota->lock);
	return err;
}

int ext4_quotactl(struct super_block *super, unsigned int cmd, unsigned int type, u32 id,
		  void __user *arg)
{
	struct ext4_fs *fs = ext4_fs(super);
	struct ext4_quota *quota = fs->quota;
	u32 format = QFMT_VFS_V1;

	if (cmd == Q_SYNC)
		return super->flags & SUPER_RDONLY ? 0 : ext4_txn_commit(fs);
	if (type >= EXT4_QUOTA_TYPES)
		return -EINVAL;
	if (!quota || !quota->files[type].inode)
		return -ESRCH;
	switch (cmd) {
	case Q_GETFMT:
		return copy_to_user(arg, &format, sizeof(format)) ? -EFAULT : 0;
	case Q_GETQUOTA:
		return get_quota(quota, type, id, arg, sizeof(struct if_dqblk));
	case Q_GETNEXTQUOTA:
		return next_quota(quota, type, id, arg);
	case Q_SETQUOTA:
		return set_quota(quota, type, id, arg);
	case Q_GETINFO:
		return get_info(quota, type, arg);
	case Q_SETINFO:
		return set_info(quota, type, arg);
	case Q_QUOTAON:
		return enforce(quota, type, true);
	case Q_QUOTAOFF:
		return enforce(quota, type, false);
	default:
		return -EINVAL;
	}
}

/*
 * Limits. A hard limit can't be passed. A soft one can, for a time of grace that begins then; after
 * it, nothing more is given until usage has fallen below.
 */
#include "ext4/quota_int.h"
#include "vfs/cred.h"

#include <linux/capability.h>

static u64 now(void)
{
	return (u64)clock_realtime_coarse().sec;
}

static int check(u64 wanted, u64 hard, u64 soft, u64 time)
{
	if (hard && wanted > hard)
		return -EDQUOT;
	if (soft && wanted > soft && time && now() >= time)
		return -EDQUOT;
	return 0;
}

static u64 to_kib(u64 bytes)
{
	return bytes / 1024 + !!(bytes % 1024);
}

int ext4_dquot_check(const struct ext4_quota *quota, const struct ext4_dquot *dquot, u64 bytes,
		     u64 inodes)
{
	int err = 0;

	if (!quota->enforced[dquot->type] || capable(CAP_SYS_RESOURCE))
		return 0;
	if (bytes)
		err = check(to_kib(dquot->space + dquot->reserved + bytes), dquot->space_hard,
			    dquot->space_soft, dquot->space_time);
	if (!err && inodes)
		err = check(dquot->inodes + inodes, dquot->inode_hard, dquot->inode_soft,
			    dquot->inode_time);
	return err;
}

static void update(u64 used, u64 soft, bool enforced, u32 grace, u64 *time)
{
	if (!soft || used <= soft)
		*time = 0;
	else if (!*time && enforced)
		*time = now() + grace;
}

void ext4_dquot_update_grace(const struct ext4_quota *quota, struct ext4_dquot *dquot)
{
	const struct ext4_quota_file *file = &quota->files[dquot->type];
	bool enforced = quota->enforced[dquot->type];

	update(to_kib(dquot->space), dquot->space_soft, enforced, file->block_grace,
	       &dquot->space_time);
	update(dquot->inodes, dquot->inode_soft, enforced, file->inode_grace, &dquot->inode_time);
}

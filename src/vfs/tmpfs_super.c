/* tmpfs: volumes, their limits and mount options. */
#include "lib/atomic.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "vfs/inode_int.h"
#include "vfs/mount.h"
#include "vfs/tmpfs_int.h"

#include <linux/magic.h>
#include <linux/stat.h>

struct tmpfs_options {
	struct tmpfs_super *super;
	u32 mode, uid, gid; /* of the root */
};

static int tmpfs_statfs(struct super_block *super, struct fs_statistics *out)
{
	struct tmpfs_super *ts = super->private;
	u64 used = atomic_load(&ts->pages), inodes = atomic_load(&ts->inodes);

	out->blocks = ts->max_pages;
	out->free_blocks = out->available_blocks = used < ts->max_pages ? ts->max_pages - used : 0;
	out->files = ts->max_inodes;
	out->free_files = inodes < ts->max_inodes ? ts->max_inodes - inodes : 0;
	return 0;
}

static void tmpfs_kill(struct super_block *super)
{
	struct tmpfs_super *ts = super->private;

	tmpfs_empty(ts->root);
	inode_put(ts->root);
}

static void tmpfs_put(struct super_block *super)
{
	kfree(super->private);
}

static const struct super_ops super_ops = {
    .inode_alloc = tmpfs_inode_alloc,
    .inode_free = tmpfs_inode_free,
    .inode_evict = tmpfs_inode_evict,
    .statfs = tmpfs_statfs,
    .kill = tmpfs_kill,
    .put = tmpfs_put,
};

/* size=BYTES or PERCENT%, nr_blocks=, nr_inodes= (0: no limit), mode=, uid=, gid=. Others' options
 * that mean nothing here are not errors: mount(8) hands its own on. */
static int parse_option(void *arg, const char *name, const char *value)
{
	struct tmpfs_options *options = arg;
	struct tmpfs_super *ts = options->super;
	struct mm_stats stats;
	u64 number;

	if (!strcmp(name, "size") && *value && value[strlen(value) - 1] == '%') {
		if (parse_digits(&value, 10, &number) || strcmp(value, "%") || number > 1000)
			return -EINVAL;
		mm_stats_get(&stats);
		ts->max_pages = number ? stats.total * number / 100 : U64_MAX;
		return 0;
	}
	if (!strcmp(name, "size") || !strcmp(name, "nr_blocks") || !strcmp(name, "nr_inodes")) {
		if (parse_size(value, &number))
			return -EINVAL;
		if (name[0] == 's')
			number = DIV_ROUND_UP(number, PAGE_SIZE);
		*(strcmp(name, "nr_inodes") ? &ts->max_pages : &ts->max_inodes) =
		    number ? number : U64_MAX;
		return 0;
	}
	if (!strcmp(name, "mode"))
		return parse_u32(value, 8, &options->mode);
	if (!strcmp(name, "uid"))
		return parse_u32(value, 10, &options->uid);
	if (!strcmp(name, "gid"))
		return parse_u32(value, 10, &options->gid);
	return 0;
}

int tmpfs_mount(struct super_block *super, const char *options, struct inode **root)
{
	struct tmpfs_options chosen = {.mode = 01777};
	struct tmpfs_super *ts = kmalloc(sizeof(*ts), MM_ZERO);
	struct mm_stats stats;
	int err;

	if (!ts)
		return -ENOMEM;
	mm_stats_get(&stats);
	ts->max_pages = stats.total / 2;
	ts->max_inodes = stats.total / 2;
	chosen.super = ts;
	err = mount_options_for_each(options, parse_option, &chosen);
	if (err) {
		kfree(ts);
		return err;
	}
	super->private = ts;
	super->ops = &super_ops;
	super->magic = TMPFS_MAGIC;
	super->block_size = PAGE_SIZE;
	super->flags |= SUPER_PSEUDO | SUPER_ACL;
	err = tmpfs_inode_new(super, NULL, S_IFDIR | (chosen.mode & 07777), root);
	if (err) {
		super->ops = NULL;
		kfree(ts);
		return err;
	}
	(*root)->uid = chosen.uid;
	(*root)->gid = chosen.gid;
	ts->root = *root;
	inode_ref(ts->root);
	return 0;
}

static struct fs_type tmpfs_type = {.name = "tmpfs", .mount = tmpfs_mount};
static struct fs_type ramfs_type = {.name = "ramfs", .mount = tmpfs_mount};

void tmpfs_init(void)
{
	tmpfs_inodes_init();
	fs_type_register(&tmpfs_type);
	fs_type_register(&ramfs_type);
}

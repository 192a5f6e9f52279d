/* The first mounts, and the last moments. See mount.c. */
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vfs/block.h"
#include "vfs/cred.h"
#include "vfs/mount_int.h"
#include "vfs/root_device.h"

int mount_root(const char *type_name, unsigned long ms_flags, struct path *out)
{
	struct fs_type *type = fs_type_find(type_name);
	struct super_block *super;
	struct mount *mount;
	int err;

	if (!type)
		return -ENODEV;
	err = super_mount(type, NULL, ms_flags, NULL, &super);
	if (err)
		return err;
	mutex_lock(&mount_tree_mutex);
	dentry_get(super->root);
	mount = mount_alloc(super, super->root, mount_flags_of(ms_flags), "rootfs");
	if (mount) {
		list_add_tail(&mount->all_node, &mount_all);
		*out = (struct path){.mount = mount, .dentry = mount->root};
		path_get(out);
	}
	mutex_unlock(&mount_tree_mutex);
	return mount ? 0 : -ENOMEM;
}

struct root_try {
	struct block_device *bdev;
	unsigned long ms_flags;
	const char *options;
	struct super_block *super;
	int err;
};

static int root_try_type(struct fs_type *type, void *arg)
{
	struct root_try *try = arg;

	if (!type->needs_device)
		return 0;
	try->err = super_mount_device(type, try->bdev, try->ms_flags, try->options, &try->super);
	return try->err == 0;
}

int mount_root_device(const char *device, const char *type_name, unsigned long ms_flags,
		      const char *options)
{
	struct root_try try = {.bdev = root_device_find(device),
			       .ms_flags = ms_flags,
			       .options = options,
			       .err = -ENODEV};
	struct fs_context *fs = current_fs();
	struct fs_type *type = type_name ? fs_type_find(type_name) : NULL;
	struct path root, top;
	char source[sizeof(((struct mount *)0)->source)] = "/dev/";
	int err;

	if (!try.bdev) {
		log_err("vfs: root device %s: no such device", device);
		return -ENXIO;
	}
	if (type_name && !type) {
		log_err("vfs: root file system type %s: not known", type_name);
		return -ENODEV;
	}
	if (type)
		root_try_type(type, &try);
	else
		fs_type_for_each(root_try_type, &try);
	if (try.err) {
		log_err("vfs: cannot mount root from %s: error %d", device, -try.err);
		return try.err;
	}
	(void)strscpy(source + 5, try.bdev->name, sizeof(source) - 5);
	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	err = mount_super_at(try.super, &root, ms_flags, source);
	if (!err) {
		top = mount_top(&root);
		path_get(&top);
		fs_context_set_root(fs, &top);
		fs_context_set_cwd(fs, &top);
	}
	path_put(&root);
	return err;
}

/*
 * Processes may still have files open, so nothing is unmounted for good: each volume is written and
 * made read-only, which puts its disk into the state of a clean unmount; then what is idle is taken
 * down as usual.
 */
void mount_shutdown_all(void)
{
	struct super_block *super;
	struct mount *mount;
	bool progress = true;

	while (progress) {
		struct mount *gone = NULL;

		mutex_lock(&mount_tree_mutex);
		list_for_each_entry_reverse(mount, &mount_all, all_node)
		{
			if (mount->parent == mount)
				continue;
			mount_get(mount);
			if (!mount_detach_unused(mount)) {
				gone = mount;
				break;
			}
			mount_put(mount); /* not the last: it is still in the tree */
		}
		mutex_unlock(&mount_tree_mutex);
		if (gone)
			mount_put(gone);
		progress = gone != NULL;
	}
	for (super = super_next(NULL); super; super = super_next(super)) {
		int err;

		if (!super->bdev || (atomic_load(&super->flags) & (SUPER_RDONLY | SUPER_DEAD)))
			continue;
		err = super_remount_forced(super);
		if (err)
			log_err("vfs: %s: error %d at shutdown", super->id, -err);
	}
}

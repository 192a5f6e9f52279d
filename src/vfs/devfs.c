/* devfs. See devfs.h. Devices are announced while the machine starts, before the first mount. */
#include "vfs/devfs.h"

#include "lib/log.h"
#include "lib/mutex.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/inode.h"
#include "vfs/tmpfs.h"
#include "vfs/vfs.h"

#include <linux/stat.h>

struct device_node {
	struct device_node *next;
	u32 mode, major, minor;
	char name[32];
};

static struct spinlock nodes_lock = SPINLOCK_INIT("devfs nodes");
static struct device_node *nodes; /* nodes_lock; only added to */

void devfs_add(const char *name, u32 mode, u32 major, u32 minor)
{
	struct device_node *node = kmalloc(sizeof(*node), MM_NORMAL);
	if (!node || strscpy(node->name, name, sizeof(node->name)) < 0) {
		log_err("devfs: no node for %s", name);
		kfree(node);
		return;
	}
	node->mode = mode;
	node->major = major;
	node->minor = minor;
	spin_lock(&nodes_lock);
	node->next = nodes;
	nodes = node;
	spin_unlock(&nodes_lock);
}

static int devfs_mount(struct super_block *super, const char *options, struct inode **root)
{
	int err = tmpfs_mount(super, options, root);
	if (err)
		return err;
	(*root)->mode = S_IFDIR | 0755;
	spin_lock(&nodes_lock);
	struct device_node *node = nodes;
	spin_unlock(&nodes_lock);
	for (; node; node = node->next) {
		err = tmpfs_add_node(*root, node->name, node->mode, node->major, node->minor);
		if (err) /* a /dev with one device less is better than none */
			log_err("devfs: node for %s: error %d", node->name, -err);
	}
	return 0;
}

void devfs_init(void)
{
	static struct fs_type type = {.name = "devtmpfs", .mount = devfs_mount, .single = true};
	fs_type_register(&type);
}

/*
 * Character devices, and the file operations that device nodes, FIFOs and sockets are born with.
 *
 * A driver registers its operations under a device number; opening any node with that number gives
 * the file those operations.
 */
#include "lib/atomic.h"
#include "lib/lock.h"
#include "vfs/block.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/special.h"
#include "vfs/vfs.h"

#include <linux/stat.h>

static struct spinlock devices_lock = SPINLOCK_INIT("chardevs");
static struct chardev *devices; /* only added to; writers hold the lock */

void chardev_register(struct chardev *device)
{
	spin_lock(&devices_lock);
	device->next = devices;
	atomic_store(&devices, device);
	spin_unlock(&devices_lock);
	if (device->name)
		devfs_add(device->name, S_IFCHR | device->mode, device->major, device->minor);
}

const struct chardev *chardev_find(u32 major, u32 minor)
{
	for (struct chardev *device = atomic_load(&devices); device; device = device->next)
		if (device->major == major && minor - device->minor < max(device->minors, 1u))
			return device;
	return NULL;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	const struct chardev *device = chardev_find(inode->rdev_major, inode->rdev_minor);

	if (!device)
		return -ENXIO;
	file->ops = device->ops;
	file->private = device->private;
	return device->ops->open ? device->ops->open(inode, file) : 0;
}

const struct file_ops chardev_file_ops = {.open = chardev_open};

static int socket_node_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_ops socket_node_file_ops = {.open = socket_node_open};

void inode_init_special(struct inode *inode, u32 mode, u32 major, u32 minor)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
		inode->file_ops = &chardev_file_ops;
		break;
	case S_IFBLK:
		inode->file_ops = &blkdev_file_ops;
		break;
	case S_IFIFO:
		inode->file_ops = &fifo_file_ops;
		break;
	default:
		inode->file_ops = &socket_node_file_ops;
		break;
	}
	if (S_ISCHR(mode) || S_ISBLK(mode)) {
		inode->rdev_major = major;
		inode->rdev_minor = minor;
	}
}

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "volume_use.h"

#include "ext4/ext4.h"
#include "host_files.h"
#include "host_disk.h"
#include "host_memory.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "log_capture.h"
#include "mm/kmalloc.h"
#include "vfs/buffer.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"
#include "vfs/vfs.h"
#include "vfs/xattr.h"

#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

enum {
	NAMES = 96, /* that a walk remembers */
	DEPTH = 6,
	OPERATIONS = 64,
	AT = -100 /* AT_FDCWD */
};

static char names[NAMES][1024];
static unsigned name_count, visits;

struct host_disk *volume_init(size_t bytes)
{
	struct path root;

	buffer_cache_init();
	VERIFY(host_files_start(022, &root));
	path_put(&root);
	ext4_init();
	struct host_disk *disk = host_disk_ram("vda", bytes);
	struct block_device *bdev = host_disk_bdev(disk);
	VERIFY_EQ(block_register(bdev), 0);
	VERIFY_EQ(vfs_mkdir(AT, "/mnt", 0755), 0);
	VERIFY_EQ(vfs_mknod(AT, "/vda", S_IFBLK | 0600, bdev->major, bdev->minor), 0);
	return disk;
}

static void read_file(const char *name)
{
	static u8 buf[20000];
	static const loff_t offsets[] = {0,          15000, 300000, 70000ll * 1024, 0xffffffffll,
					 S64_MAX / 2};
	struct vfs_open_how how = {.flags = O_RDONLY | O_NONBLOCK};
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		loff_t pos = offsets[i];
		ssize_t n = file_read_kernel(file, buf, sizeof(buf), &pos);

		VERIFY_LE(n, (ssize_t)sizeof(buf));
	}
	file_put(file);
}

static void read_attributes(struct inode *inode)
{
	static char list[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t n = vfs_xattr_list(inode, list, sizeof(list));

	for (char *at = list; n > 0 && at < list + n; at += strlen(at) + 1) {
		VERIFY(memchr(at, 0, (size_t)(list + n - at)) != NULL);
		ssize_t size = vfs_xattr_get(inode, at, value, sizeof(value));
		VERIFY_LE(size, (ssize_t)sizeof(value));
	}
	if (inode_permission(inode, MAY_READ | MAY_EXEC))
		log_captured_clear();
}

struct lister {
	struct dir_context ctx;
	char (*found)[256];
	unsigned count;
};

static bool take(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		 unsigned int type)
{
	struct lister *lister = container_of(ctx, struct lister, ctx);

	VERIFY_LE(length, 255);
	if (lister->count == NAMES)
		return false;
	if (memchr(name, '/', length) || memchr(name, 0, length))
		return true;
	snprintf(lister->found[lister->count++], 256, "%.*s", (int)length, name);
	return true;
}

static void walk(const char *name, unsigned depth)
{
	struct vfs_open_how how = {.flags = O_RDONLY | O_DIRECTORY};
	struct lister lister = {.ctx.emit = take};
	struct vfs_stat st;
	struct path path;
	struct file *file;
	char *target;

	if (++visits > 300 || path_lookup(AT, name, 0, &path))
		return;
	int err = vfs_stat_path(&path, &st);
	if (!err && S_ISLNK(st.mode) && !vfs_readlink(&path, &target))
		kfree(target);
	read_attributes(path.dentry->inode);
	path_put(&path);
	if (name_count < NAMES)
		snprintf(names[name_count++], sizeof(names[0]), "%s", name);
	if (!err && S_ISREG(st.mode))
		read_file(name);
	if (err || !S_ISDIR(st.mode) || depth == DEPTH || vfs_open(AT, name, &how, &file))
		return;
	lister.found = malloc(NAMES * 256);
	for (int i = 0; i < 4 && !vfs_readdir(file, &lister.ctx); i++)
		;
	file_put(file);
	for (unsigned i = 0; i < lister.count; i++) {
		char below[1024];

		if (!strcmp(lister.found[i], ".") || !strcmp(lister.found[i], ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", name, lister.found[i]) <
		    (int)sizeof(below))
			walk(below, depth + 1);
	}
	free(lister.found);
}

static void write_file(const char *name, u32 flags, u32 at, u32 length)
{
	static u8 buf[65536];
	struct vfs_open_how how = {.flags = O_RDWR | O_NONBLOCK | flags, .mode = 0644};
	loff_t pos = at;
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	memset(buf, 'W', sizeof(buf));
	ssize_t n = file_write_kernel(file, buf, length, &pos);
	VERIFY_LE(n, (ssize_t)length);
	if (at & 1 && vfs_fsync(file, 0, S64_MAX, false))
		log_captured_clear();
	file_put(file);
}

static void fallocate_file(const char *name, u32 kind, u32 at, u32 length)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    FALLOC_FL_ZERO_RANGE};
	struct vfs_open_how how = {.flags = O_RDWR | O_NONBLOCK};
	struct file *file;

	if (vfs_open(AT, name, &how, &file))
		return;
	int err = vfs_fallocate(file, modes[kind % 4], at, length + 1);
	VERIFY_LE(err, 0);
	file_put(file);
}

/* What comes back does not matter: only that it comes back. */
static void ignore(int err)
{
	VERIFY_LE(err, 0);
}

static void truncate_file(const char *name, u64 size)
{
	struct path path;

	if (path_lookup(AT, name, LOOKUP_FOLLOW, &path))
		return;
	ignore(vfs_truncate(&path, (loff_t)size));
	path_put(&path);
}

static void setattr_file(const char *name, u32 value)
{
	struct attr attr = {.valid = ATTR_MODE | ATTR_UID | ATTR_MTIME,
			    .mode = value & 07777,
			    .uid = value * 1000,
			    .mtime = {.sec = (s64)value << 16, .nsec = value}};
	struct path path;

	if (path_lookup(AT, name, 0, &path))
		return;
	ignore(vfs_setattr(&path, &attr, false));
	path_put(&path);
}

static void set_attribute(const char *name, u32 value, u8 kind)
{
	static const char *const attributes[] = {"user.name", "user.other", "trusted.x",
						 "security.y"};
	static u8 buf[XATTR_SIZE_MAX];
	struct path path;

	if (path_lookup(AT, name, 0, &path))
		return;
	memset(buf, 'A' + kind % 4, sizeof(buf));
	if (kind & 0x80)
		ignore(vfs_xattr_remove(&path, attributes[kind % 4]));
	else
		ignore(vfs_xattr_set(&path, attributes[kind % 4], buf,
				     kind & 0x40 ? value : value % 512, 0));
	path_put(&path);
}

static void set_acl(const char *name, u32 value, bool of_new)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} list = {{POSIX_ACL_XATTR_VERSION},
		  {{ACL_USER_OBJ, value & 7, 0},
		   {ACL_USER, value >> 3 & 7, value},
		   {ACL_GROUP_OBJ, value >> 6 & 7, 0},
		   {ACL_MASK, value >> 9 & 7, 0},
		   {ACL_OTHER, value >> 12 & 7, 0}}};
	struct path path;

	if (path_lookup(AT, name, 0, &path))
		return;
	ignore(vfs_xattr_set(&path,
			     of_new ? XATTR_NAME_POSIX_ACL_DEFAULT : XATTR_NAME_POSIX_ACL_ACCESS,
			     &list, sizeof(list), 0));
	path_put(&path);
}

static void operate(const u8 *record)
{
	const char *name = names[record[1] % name_count], *dir = names[record[2] % name_count];
	u32 value = record[3] | (u32)record[4] << 8;
	char fresh[1200];

	snprintf(fresh, sizeof(fresh), "%s/new-%u%s", dir, record[5] % 32,
		 record[5] & 0x80 ? "-with-a-long-name-so-that-directories-have-to-grow" : "");
	switch (record[0] % 18) {
	case 0:
		write_file(fresh, O_CREAT, value, 1000);
		break;
	case 1:
		write_file(name, 0, value, (u32)record[5] << 8);
		break;
	case 2:
		write_file(name, 0, value << (record[5] & 15), 2000);
		break;
	case 3:
		ignore(vfs_mkdir(AT, fresh, 0755));
		break;
	case 4:
		ignore(vfs_unlink(AT, name));
		break;
	case 5:
		ignore(vfs_rmdir(AT, name));
		break;
	case 6:
		ignore(vfs_rename(AT, name, AT, fresh, 0));
		break;
	case 7:
		ignore(vfs_rename(AT, name, AT, dir, record[5] & 1 ? 2 : 0)); /* EXCHANGE */
		break;
	case 8:
		ignore(vfs_link(AT, name, AT, fresh, 0));
		break;
	case 9:
		ignore(vfs_symlink(record[5] & 64 ? "short" : name, AT, fresh));
		break;
	case 10:
		truncate_file(name, (u64)value << (record[5] & 31));
		break;
	case 11:
		fallocate_file(name, record[5], value << (record[5] >> 4), value);
		break;
	case 12:
		setattr_file(name, value);
		break;
	case 13:
		ignore(super_sync_all(true));
		break;
	case 14:
	case 15:
		set_attribute(name, value, record[5]);
		break;
	case 16:
		set_acl(name, value, record[5] & 1);
		break;
	default:
		host_shrink_all(128, 0);
		break;
	}
}

int volume_mount(u8 options)
{
	static const char *const texts[] = {"errors=continue", "errors=remount-ro",
					    "errors=continue,norecovery",
					    "errors=remount-ro,minixdf,grpid"};
	static const char *const types[] = {"ext4", "ext2", "ext3", "ext4"};
	struct path at;

	VERIFY_EQ(path_lookup(AT, "/mnt", 0, &at), 0);
	int err = mount_new("/vda", &at, types[options >> 2 & 3], options & 0x80 ? MS_RDONLY : 0,
			    texts[options & 3]);
	path_put(&at);
	return err;
}

static void umount_it(void)
{
	struct path at;

	VERIFY_EQ(path_lookup(AT, "/mnt", 0, &at), 0);
	int err = mount_umount(&at, 0);
	VERIFY_EQ(err, 0);
	path_put(&at);
}

void volume_use(const u8 *data, size_t size)
{
	size_t operations = 0;

	name_count = visits = 0;
	walk("/mnt", 0);
	for (; size >= VOLUME_RECORD && operations < OPERATIONS && name_count;
	     operations++, data += VOLUME_RECORD, size -= VOLUME_RECORD)
		operate(data);
	visits = 0;
	walk("/mnt", 0);
	umount_it();
}

void volume_expect_rest(void)
{
	size_t bytes, dirty;

	host_shrink_all(256, 0);
	buffer_usage_get(&bytes, &dirty);
	VERIFY_EQ(dirty, 0);
	VERIFY(!log_captured_has("in use at unmount"));
	VERIFY(!log_captured_has("in use after a failed mount"));
	VERIFY(!log_captured_has("stay in use"));
}

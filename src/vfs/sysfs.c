/*
 * sysfs: block devices, as far as programs ask for them.
 *
 *   /sys/block/DISK/{dev,size,ro,removable,stat,queue/…,PARTITION/…}
 *   /sys/class/block/NAME     links to the above
 *   /sys/dev/block/MAJ:MIN    likewise
 *
 * Keys: id[0] is 1 + the place of a device in the registry's order (devices are never removed).
 */
#include "vfs/sysfs.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/block.h"
#include "vfs/pseudo.h"

#include <linux/magic.h>
#include <linux/stat.h>

/* ---- devices by place ---- */

struct place_request {
	u64 wanted, at;
	struct block_device *found;
};

static int at_place(struct block_device *bdev, void *arg)
{
	struct place_request *request = arg;
	if (++request->at != request->wanted)
		return 0;
	request->found = bdev;
	return 1;
}

static struct block_device *device_of(const struct pseudo_key *key)
{
	struct place_request request = {.wanted = key->id[0]};
	(void)block_for_each(at_place, &request);
	return request.found;
}

/* Which devices a directory lists. */
enum listing { LIST_DISKS, LIST_PARTITIONS, LIST_ALL, LIST_NUMBERS };

struct list_request {
	enum listing what;
	const struct block_device *disk; /* LIST_PARTITIONS */
	const struct qstr *name;         /* NULL: the first at or after place `from` */
	u64 from, at;
	struct block_device *found;
};

static void listed_name(const struct block_device *bdev, enum listing what, char name[32])
{
	if (what == LIST_NUMBERS)
		ksnprintf(name, 32, "%u:%u", bdev->major, bdev->minor);
	else
		ksnprintf(name, 32, "%s", bdev->name);
}

static bool is_listed(const struct block_device *bdev, const struct list_request *request)
{
	switch (request->what) {
	case LIST_DISKS:
		return !bdev->partition;
	case LIST_PARTITIONS:
		return bdev->partition && bdev->disk == request->disk;
	default:
		return true;
	}
}

static int match_listed(struct block_device *bdev, void *arg)
{
	struct list_request *request = arg;
	char name[32];
	request->at++;
	if (!is_listed(bdev, request))
		return 0;
	if (request->name) {
		listed_name(bdev, request->what, name);
		if (strlen(name) != request->name->length ||
		    memcmp(name, request->name->name, request->name->length))
			return 0;
	} else if (request->at < request->from) {
		return 0;
	}
	request->found = bdev;
	return 1;
}

static const struct pseudo_entry disk_entry, partition_entry, device_link, number_link;

static const struct pseudo_entry *entry_for(enum listing what)
{
	static const struct pseudo_entry *const entries[] = {
	    [LIST_DISKS] = &disk_entry,
	    [LIST_PARTITIONS] = &partition_entry,
	    [LIST_ALL] = &device_link,
	    [LIST_NUMBERS] = &number_link,
	};
	return entries[what];
}

static int lookup_listed(enum listing what, const struct pseudo_key *key, const struct qstr *name,
			 const struct pseudo_entry **entry, struct pseudo_key *child)
{
	struct list_request request = {.what = what, .name = name};
	if (what == LIST_PARTITIONS)
		request.disk = device_of(key);
	(void)block_for_each(match_listed, &request);
	if (!request.found)
		return -ENOENT;
	child->id[0] = request.at;
	child->id[1] = 0;
	*entry = entry_for(what);
	return 0;
}

static int iterate_listed(enum listing what, const struct pseudo_key *key, u64 *cursor,
			  char name[32], const struct pseudo_entry **entry,
			  struct pseudo_key *child)
{
	struct list_request request = {.what = what, .from = max(*cursor, 1ull)};
	if (what == LIST_PARTITIONS)
		request.disk = device_of(key);
	(void)block_for_each(match_listed, &request);
	if (!request.found)
		return -ENOENT;
	*cursor = request.at;
	listed_name(request.found, what, name);
	child->id[0] = request.at;
	child->id[1] = 0;
	*entry = entry_for(what);
	return 0;
}

#define LISTING(prefix, what)                                                                      \
	static int prefix##_lookup(const struct pseudo_key *key, const struct qstr *name,          \
				   const struct pseudo_entry **entry, struct pseudo_key *child)    \
	{                                                                                          \
		return lookup_listed(what, key, name, entry, child);                               \
	}                                                                                          \
	static int prefix##_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],      \
				    const struct pseudo_entry **entry, struct pseudo_key *child)   \
	{                                                                                          \
		return iterate_listed(what, key, cursor, name, entry, child);                      \
	}
LISTING(disks, LIST_DISKS)
LISTING(partitions, LIST_PARTITIONS)
LISTING(all, LIST_ALL)
LISTING(numbers, LIST_NUMBERS)

/* ---- attributes ---- */

static int show_dev(struct text_buffer *text, const struct pseudo_key *key)
{
	const struct block_device *bdev = device_of(key);
	text_printf(text, "%u:%u\n", bdev->major, bdev->minor);
	return 0;
}

static int show_size(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%llu\n", device_of(key)->sectors);
	return 0;
}

static int show_start(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%llu\n", device_of(key)->start);
	return 0;
}

static int show_partition(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%u\n", device_of(key)->partition);
	return 0;
}

static int show_ro(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%d\n", device_of(key)->read_only);
	return 0;
}

static int show_removable(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "0\n");
	return 0;
}

static int show_stat(struct text_buffer *text, const struct pseudo_key *key)
{
	const struct block_device *bdev = device_of(key);
	text_printf(text, "%llu 0 %llu 0 %llu 0 %llu 0 %u 0 0 %llu 0 %llu 0 %llu 0\n",
		    bdev->stat_ios[BIO_READ], bdev->stat_sectors[BIO_READ],
		    bdev->stat_ios[BIO_WRITE], bdev->stat_sectors[BIO_WRITE], bdev->stat_in_flight,
		    bdev->stat_ios[BIO_DISCARD], bdev->stat_sectors[BIO_DISCARD],
		    bdev->stat_ios[BIO_FLUSH]);
	return 0;
}

static int show_uevent(struct text_buffer *text, const struct pseudo_key *key)
{
	const struct block_device *bdev = device_of(key);
	text_printf(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", bdev->major, bdev->minor,
		    bdev->name, bdev->partition ? "partition" : "disk");
	if (bdev->partition)
		text_printf(text, "PARTN=%u\n", bdev->partition);
	if (bdev->partition_label[0])
		text_printf(text, "PARTNAME=%s\n", bdev->partition_label);
	return 0;
}

static int show_logical_block(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%u\n", device_of(key)->logical_block);
	return 0;
}

static int show_physical_block(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%u\n", device_of(key)->physical_block);
	return 0;
}

static int show_max_sectors(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%u\n", device_of(key)->max_sectors / 2);
	return 0;
}

static int show_rotational(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "0\n");
	return 0;
}

static int show_write_cache(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%s\n", device_of(key)->flush ? "write back" : "write through");
	return 0;
}

static int link_format(const struct pseudo_key *key, const char *up, char **target)
{
	const struct block_device *bdev = device_of(key);
	char *text = kmalloc(128, MM_NORMAL);
	if (!text)
		return -ENOMEM;
	if (bdev->partition)
		ksnprintf(text, 128, "%sblock/%s/%s", up, bdev->disk->name, bdev->name);
	else
		ksnprintf(text, 128, "%sblock/%s", up, bdev->name);
	*target = text;
	return 0;
}

static int link_two_up(const struct pseudo_key *key, char **target)
{
	return link_format(key, "../../", target);
}

#define ATTRIBUTE(file, show_fn)                                                                   \
	{                                                                                          \
		.name = (file), .mode = S_IFREG | 0444, .show = (show_fn)                          \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const struct pseudo_entry queue_children[] = {
    ATTRIBUTE("logical_block_size", show_logical_block),
    ATTRIBUTE("max_sectors_kb", show_max_sectors),
    ATTRIBUTE("physical_block_size", show_physical_block),
    ATTRIBUTE("rotational", show_rotational),
    ATTRIBUTE("write_cache", show_write_cache),
    END,
};

static const struct pseudo_entry disk_children[] = {
    ATTRIBUTE("dev", show_dev),
    {.name = "queue", .mode = S_IFDIR | 0555, .children = queue_children},
    ATTRIBUTE("removable", show_removable),
    ATTRIBUTE("ro", show_ro),
    ATTRIBUTE("size", show_size),
    ATTRIBUTE("stat", show_stat),
    ATTRIBUTE("uevent", show_uevent),
    END,
};

static const struct pseudo_entry partition_children[] = {
    ATTRIBUTE("dev", show_dev),       ATTRIBUTE("partition", show_partition),
    ATTRIBUTE("ro", show_ro),         ATTRIBUTE("size", show_size),
    ATTRIBUTE("start", show_start),   ATTRIBUTE("stat", show_stat),
    ATTRIBUTE("uevent", show_uevent), END,
};

static const struct pseudo_entry disk_entry = {.name = "disk",
					       .mode = S_IFDIR | 0555,
					       .children = disk_children,
					       .lookup = partitions_lookup,
					       .iterate = partitions_iterate};
static const struct pseudo_entry partition_entry = {
    .name = "partition", .mode = S_IFDIR | 0555, .children = partition_children};
static const struct pseudo_entry device_link = {
    .name = "device", .mode = S_IFLNK | 0777, .link = link_two_up};
static const struct pseudo_entry number_link = {
    .name = "number", .mode = S_IFLNK | 0777, .link = link_two_up};

static const struct pseudo_entry class_children[] = {
    {.name = "block", .mode = S_IFDIR | 0555, .lookup = all_lookup, .iterate = all_iterate},
    END,
};
static const struct pseudo_entry dev_children[] = {
    {.name = "block", .mode = S_IFDIR | 0555, .lookup = numbers_lookup, .iterate = numbers_iterate},
    END,
};
static const struct pseudo_entry root_children[] = {
    {.name = "block", .mode = S_IFDIR | 0555, .lookup = disks_lookup, .iterate = disks_iterate},
    {.name = "class", .mode = S_IFDIR | 0555, .children = class_children},
    {.name = "dev", .mode = S_IFDIR | 0555, .children = dev_children},
    END,
};
static const struct pseudo_entry root_entry = {
    .name = "/", .mode = S_IFDIR | 0555, .children = root_children};

static int sysfs_mount(struct super_block *super, const char *options, struct inode **root)
{
	return pseudo_mount(super, &root_entry, SYSFS_MAGIC, root);
}

void sysfs_init(void)
{
	static struct fs_type type = {.name = "sysfs", .mount = sysfs_mount, .single = true};
	fs_type_register(&type);
}

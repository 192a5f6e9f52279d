/*
 * Pseudo file systems: a made-up tree, and the two real ones that vfs has, sysfs and devfs.
 */
#include "files.h"

#include "host_disk.h"
#include "host_memory.h"
#include "lib/errno.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/pseudo.h"

#include <unistd.h>

/* ---- a tree of numbers ---- */

#define LONG_TEXT 20000

static int shown;
static char stored[64];
static size_t stored_length;
static u32 kept_mode = 0600, kept_uid;
static u64 gone; /* this number does not exist (any more) */

static int show_hello(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "hello %d\n", ++shown);
	return 0;
}

static int show_long(struct text_buffer *text, const struct pseudo_key *key)
{
	for (int i = 0; i < LONG_TEXT; i++)
		text_append(text, &"0123456789"[i % 10], 1);
	return 0;
}

static int store(const char *text, size_t n, const struct pseudo_key *key)
{
	if (text[n] != '\0' || strlen(text) != n)
		return -EINVAL;
	stored_length = n;
	memcpy(stored, text, min(n + 1, sizeof(stored)));
	return 0;
}

static int show_number(struct text_buffer *text, const struct pseudo_key *key)
{
	if (key->id[0] == gone)
		return -ESRCH;
	text_printf(text, "%llu\n", key->id[0]);
	return 0;
}

static int link_hello(const struct pseudo_key *key, char **target)
{
	*target = kmalloc(6, MM_NORMAL);
	if (!*target)
		return -ENOMEM;
	memcpy(*target, "hello", 6);
	return 0;
}

static int attributes(const struct pseudo_key *key, struct pseudo_attributes *out)
{
	out->mode = kept_mode;
	out->uid = kept_uid;
	out->major = 4;
	out->minor = 64;
	return 0;
}

static int keep(const struct pseudo_key *key, const struct attr *attr)
{
	if (attr->valid & ATTR_MODE)
		kept_mode = attr->mode & 07777;
	if (attr->valid & ATTR_UID)
		kept_uid = attr->uid;
	return 0;
}

static const struct pseudo_entry number_children[] = {
    {.name = "value", .mode = S_IFREG | 0444, .show = show_number}, {.name = NULL}};
static const struct pseudo_entry number_entry = {
    .name = "number", .mode = S_IFDIR | 0555, .children = number_children};

static int lookup(const struct pseudo_key *key, const struct qstr *name,
		  const struct pseudo_entry **entry, struct pseudo_key *child)
{
	if (name->length != 1 || name->name[0] < '1' || name->name[0] > '9')
		return -ENOENT;
	child->id[0] = (u64)(name->name[0] - '0');
	*entry = &number_entry;
	return child->id[0] == gone ? -ESRCH : 0;
}

static int iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
		   const struct pseudo_entry **entry, struct pseudo_key *child)
{
	u64 n = max(*cursor, 1ull);

	if (n == gone)
		n++;
	if (n > 9)
		return -ENOENT;
	*cursor = child->id[0] = n;
	name[0] = (char)('0' + n);
	name[1] = '\0';
	*entry = &number_entry;
	return 0;
}

static const struct pseudo_entry root_children[] = {
    {.name = "device", .mode = S_IFCHR, .attributes = attributes, .setattr = keep},
    {.name = "hello", .mode = S_IFREG | 0444, .show = show_hello},
    {.name = "link", .mode = S_IFLNK | 0777, .link = link_hello},
    {.name = "long", .mode = S_IFREG | 0444, .show = show_long},
    {.name = "store", .mode = S_IFREG | 0200, .store = store},
    {.name = NULL},
};
static const struct pseudo_entry root_entry = {.name = "/",
					       .mode = S_IFDIR | 0555,
					       .children = root_children,
					       .lookup = lookup,
					       .iterate = iterate};

static int numbers_mount(struct super_block *super, const char *options, struct inode **root)
{
	return pseudo_mount(super, &root_entry, 0x1234, root);
}

static struct fs_type numbers_type = {.name = "numbers", .mount = numbers_mount};

static void mount_at(const char *type, const char *at)
{
	struct path path;

	ok(dir_make(at));
	ok(path_lookup(FILES_AT_FDCWD, at, LOOKUP_FOLLOW, &path));
	ok(mount_new("none", &path, type, 0, NULL));
	path_put(&path);
}

static void start(void)
{
	files_start();
	fs_type_register(&numbers_type);
	mount_at("numbers", "/p");
}

/* All that one open file gives, in pieces. */
static char content[2 * LONG_TEXT];

static const char *read_all(const char *name, size_t piece)
{
	struct file *file = must_open(name, O_RDONLY);
	size_t used = 0;
	ssize_t n;

	while ((n = file_read_kernel(file, content + used, piece, NULL)) > 0)
		used += (size_t)n;
	ck_assert_int_eq(n, 0);
	content[used] = '\0';
	file_put(file);
	return content;
}

START_TEST(a_directory_has_its_fixed_names_and_those_that_exist_now)
{
	struct dir_names names;

	ok(dir_list("/p", &names));
	ck_assert(names.dots);
	ck_assert_uint_eq(names.count, 14);
	ck_assert_str_eq(names.names[0], "1");
	ck_assert_str_eq(names.names[8], "9");
	ck_assert_str_eq(names.names[9], "device");
	dir_names_free(&names);
	gone = 5;
	ck_assert_uint_eq(must_count("/p"), 13);
	ck_assert(file_exists("/p/4/value"));
	ck_assert(!file_exists("/p/5"));
	ck_assert(!file_exists("/p/10"));
	ck_assert_str_eq(read_all("/p/7/value", 100), "7\n");
}
END_TEST

START_TEST(text_is_made_when_reading_starts_and_stays_until_it_starts_again)
{
	struct file *file = must_open("/p/hello", O_RDONLY);
	char text[32] = "";
	loff_t pos = 0;

	ck_assert_int_eq(shown, 0);
	ck_assert_int_eq(file_read_kernel(file, text, 3, &pos), 3);
	ck_assert_int_eq(file_read_kernel(file, text + 3, 20, &pos), 5);
	ck_assert_str_eq(text, "hello 1\n");
	ck_assert_int_eq(file_read_kernel(file, text, 20, &pos), 0);
	pos = 0;
	ck_assert_int_eq(file_read_kernel(file, text, 20, &pos), 8);
	ck_assert_str_eq(text, "hello 2\n");
	file_put(file);
}
END_TEST

START_TEST(long_text_comes_in_pieces_of_any_size)
{
	static const size_t pieces[] = {1, 7, 4096, 4097, LONG_TEXT - 1, LONG_TEXT, LONG_TEXT + 1};

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		const char *all = read_all("/p/long", pieces[i]);

		ck_assert_uint_eq(strlen(all), LONG_TEXT);
		ck_assert_int_eq(all[LONG_TEXT - 1], '9');
	}
}
END_TEST

START_TEST(what_is_gone_says_so_also_to_those_who_have_it_open)
{
	struct file *file = must_open("/p/3/value", O_RDONLY);
	char text[8];
	loff_t pos = 0;

	gone = 3;
	ck_assert_int_eq(file_read_kernel(file, text, 8, &pos), -ESRCH);
	file_put(file);
	ck_assert(!file_exists("/p/3/value"));
}
END_TEST

START_TEST(each_write_is_one_value)
{
	static char big[5000];
	struct file *file = must_open("/p/store", O_WRONLY);

	ck_assert_int_eq(file_write_kernel(file, "12 monkeys\n", 11, NULL), 11);
	ck_assert_str_eq(stored, "12 monkeys\n");
	ck_assert_int_eq(file_write_kernel(file, "", 0, NULL), 0);
	ck_assert_int_eq(file_write_kernel(file, "a\0b", 3, NULL), -EINVAL);
	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(file_write_kernel(file, big, 4096, NULL), 4096);
	ck_assert_uint_eq(stored_length, 4096);
	ck_assert_int_eq(file_write_kernel(file, big, 4097, NULL), -E2BIG);
	file_put(file);
}
END_TEST

START_TEST(only_what_an_entry_keeps_can_be_changed)
{
	struct vfs_stat stat = must_stat("/p/device");

	ck_assert_uint_eq(stat.mode, S_IFCHR | 0600);
	ck_assert_uint_eq(stat.rdev_major, 4);
	ck_assert_uint_eq(stat.rdev_minor, 64);
	ok(file_chmod("/p/device", 0622));
	ok(file_chown("/p/device", 7, 0));
	stat = must_stat("/p/device");
	ck_assert_uint_eq(stat.mode, S_IFCHR | 0622);
	ck_assert_uint_eq(stat.uid, 7);
	fails(-EPERM, file_chmod("/p/hello", 0666));
	fails(-EPERM, file_chown("/p/hello", 7, 7));
	ck_assert_uint_eq(must_stat("/p/hello").mode, S_IFREG | 0444);
	ck_assert_int_lt(file_make("/p/new"), 0);
	ck_assert_int_lt(dir_make("/p/new"), 0);
	ck_assert_int_lt(file_remove("/p/hello"), 0);
	ck_assert_int_lt(dir_remove("/p/1"), 0);
	ck_assert_int_lt(file_rename("/p/hello", "/p/bye", 0), 0);
	ck_assert_int_lt(file_link("/p/hello", "/p/bye"), 0);
}
END_TEST

START_TEST(links_are_made_up_too)
{
	ck_assert_str_eq(must_readlink("/p/link"), "hello");
	ck_assert_str_eq(read_all("/p/link", 100), "hello 1\n");
}
END_TEST

static void use_everything(int *err)
{
	struct file *file;
	char text[64];
	loff_t pos = 0;

	*err = file_try_open("/p/long", O_RDONLY, 0, &file);
	if (!*err) {
		ssize_t n = file_read_kernel(file, text, sizeof(text), &pos);

		if (n < 0)
			*err = (int)n;
		file_put(file);
	}
}

START_TEST(without_memory_reading_fails_and_nothing_leaks)
{
	for (u64 n = 1;; n++) {
		int err;

		host_alloc_fail_nth(n);
		use_everything(&err);
		bool failed = host_alloc_failed();

		host_alloc_fail_nth(0);
		if (!failed)
			break;
		ck_assert_msg(err == -ENOMEM || err == -ENFILE, "allocation %llu: %d",
			      (unsigned long long)n, err);
	}
	ck_assert_uint_eq(strlen(read_all("/p/long", 5000)), LONG_TEXT);
}
END_TEST

/* ---- sysfs ---- */

START_TEST(sysfs_shows_the_disks_with_their_size_and_number)
{
	struct host_disk *disk = host_disk_ram("vdz", 1 << 20);
	struct block_device *bdev = host_disk_bdev(disk);
	char want[32];

	bdev->read_only = true;
	ok(block_register(bdev));
	mount_at("sysfs", "/sys");
	ck_assert_str_eq(read_all("/sys/block/vdz/size", 100), "2048\n");
	ck_assert_str_eq(read_all("/sys/block/vdz/ro", 100), "1\n");
	ck_assert_str_eq(read_all("/sys/block/vdz/queue/logical_block_size", 100), "512\n");
	snprintf(want, sizeof(want), "%u:%u\n", bdev->major, bdev->minor);
	ck_assert_str_eq(read_all("/sys/block/vdz/dev", 3), want);
	ck_assert_str_eq(read_all("/sys/class/block/vdz/size", 100), "2048\n");
	want[strlen(want) - 1] = '\0';
	ck_assert_str_eq(read_all(name_of("/sys/dev/block/%s/size", want), 100), "2048\n");
	ck_assert(!file_exists("/sys/block/vdy"));
	ck_assert(!file_exists("/sys/block/vd"));
	ck_assert(!file_exists("/sys/block/vdz1"));
	ck_assert_uint_eq(must_count("/sys/block"), 1);
}
END_TEST

/* ---- devfs ---- */

static ssize_t echo_read(struct file *file, struct uio *uio, loff_t *pos)
{
	return (ssize_t)uio_copy_out(uio, file->private, 3);
}

START_TEST(devfs_is_born_with_the_devices_and_may_be_added_to)
{
	static const struct file_ops ops = {.read = echo_read};
	static struct chardev one = {
	    .name = "echo", .major = 200, .minor = 3, .mode = 0640, .ops = &ops, .private = "abc"};
	static struct chardev many = {
	    .major = 201, .minor = 10, .minors = 5, .ops = &ops, .private = "xyz"};
	struct vfs_stat stat;
	struct file *file;

	chardev_register(&one);
	chardev_register(&many);
	mount_at("devtmpfs", "/dev");
	stat = must_stat("/dev/echo");
	ck_assert_uint_eq(stat.mode, S_IFCHR | 0640);
	ck_assert_uint_eq(stat.rdev_major, 200);
	file = must_open("/dev/echo", O_RDONLY);
	ck_assert_int_eq(file_read_kernel(file, content, 3, NULL), 3);
	ck_assert_mem_eq(content, "abc", 3);
	file_put(file);
	/* A device without a name, of several numbers. */
	for (u32 minor = 9; minor <= 15; minor++) {
		const char *name = name_of("/dev/many%u", minor);

		ok(file_mknod(name, S_IFCHR | 0600, 201, minor));
		if (minor == 9 || minor == 15) {
			fails(-ENXIO, file_try_open(name, O_RDONLY, 0, &file));
		} else {
			ok(file_try_open(name, O_RDONLY, 0, &file));
			ck_assert_int_eq(file_read_kernel(file, content, 3, NULL), 3);
			ck_assert_mem_eq(content, "xyz", 3);
			file_put(file);
		}
	}
	ok(file_mknod("/dev/none", S_IFCHR | 0600, 250, 1));
	fails(-ENXIO, file_try_open("/dev/none", O_RDONLY, 0, &file));
	ok(file_make("/dev/plain"));
	ok(file_remove("/dev/echo"));
	ck_assert(!file_exists("/dev/echo"));
	/* All mounts are the same one. */
	mount_at("devtmpfs", "/dev2");
	ck_assert(file_exists("/dev2/plain"));
	ck_assert(!file_exists("/dev2/echo"));
}
END_TEST

Suite *suite_pseudo(void)
{
	return suite_with("pseudo", start, NULL,
			  a_directory_has_its_fixed_names_and_those_that_exist_now,
			  text_is_made_when_reading_starts_and_stays_until_it_starts_again,
			  long_text_comes_in_pieces_of_any_size,
			  what_is_gone_says_so_also_to_those_who_have_it_open,
			  each_write_is_one_value, only_what_an_entry_keeps_can_be_changed,
			  links_are_made_up_too, without_memory_reading_fails_and_nothing_leaks,
			  sysfs_shows_the_disks_with_their_size_and_number,
			  devfs_is_born_with_the_devices_and_may_be_added_to);
}

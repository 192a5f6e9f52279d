#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_files.h"
#include "ext4_test.h"

#include "ext4/ext4.h"
#include "ext4/verify.h"
#include "vfs/block.h"
#include "vfs/buffer.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"
#include "vfs/xattr.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

static char directory[64];
static pid_t owner;
static char output[1 << 20];
static struct host_disk *disk;
static bool started;
static unsigned disks;
static bool mounted;
u64 t_mount_fail_alloc;

/* ---- commands ---- */

static void remove_directory(void)
{
	char command[128];

	if (getpid() != owner)
		return; /* a forked test of a suite whose fixture made the directory */
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (directory[0] && system(command))
		fprintf(stderr, "could not remove %s\n", directory);
}

static void make_directory(void)
{
	const char *tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";

	if (directory[0])
		return;
	snprintf(directory, sizeof(directory), "%s/ext4-test-XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	owner = getpid();
	atexit(remove_directory);
}

static int run(const char *fmt, va_list ap)
{
	char command[8192], whole[9000];

	make_directory();
	vsnprintf(command, sizeof(command), fmt, ap);
	snprintf(whole, sizeof(whole), "cd %s && { %s\n} 2>&1", directory, command);
	FILE *pipe = popen(whole, "r");
	ck_assert_ptr_nonnull(pipe);
	size_t n = fread(output, 1, sizeof(output) - 1, pipe);
	output[n] = '\0';
	int status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int t_run(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int status = run(fmt, ap);
	va_end(ap);
	return status;
}

void t_run_ok(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int status = run(fmt, ap);
	va_end(ap);
	if (status)
		ck_abort_msg("%s: status %d: %s", fmt, status, output);
}

const char *t_output(void)
{
	return output;
}

const char *t_image(void)
{
	static char name[80];

	snprintf(name, sizeof(name), "%s/img", directory);
	return name;
}

void t_mkfs(const char *options, unsigned kib)
{
	t_run_ok("rm -f img; mke2fs -F -q %s img %uk", options, kib);
}

void t_debugfs(const char *commands)
{
	t_run_ok("cat >commands <<'END'\n%s\nEND\ndebugfs -w -f commands img", commands);
}

const char *t_debugfs_read(const char *command)
{
	t_run_ok("debugfs -R '%s' img 2>/dev/null", command);
	return output;
}

/* ---- mounting ---- */

static void start_vfs(void)
{
	if (started)
		return;
	started = true;
	struct path root;

	buffer_cache_init();
	ck_assert(host_files_start(022, &root));
	path_put(&root);
	ext4_init();
	ck_assert_int_eq(vfs_mkdir(AT_FDCWD, "/mnt", 0755), 0);
}

/* Makes the disk known, and a node for it, whose name is left in `node`. */
static void attach(struct host_disk *new, char *node, size_t size)
{
	struct block_device *bdev = host_disk_bdev(new);

	snprintf(node, size, "/dev_%s", bdev->name);
	if (block_find(bdev->name) == bdev)
		return;
	ck_assert_int_eq(block_register(bdev), 0);
	ck_assert_int_eq(vfs_mknod(AT_FDCWD, node, S_IFBLK | 0600, bdev->major, bdev->minor), 0);
}

static int mount_disk(struct host_disk *new, const char *type, unsigned long ms_flags,
		      const char *options)
{
	char node[48];
	struct path at;

	disk = new;
	attach(disk, node, sizeof(node));
	ck_assert_int_eq(path_lookup(AT_FDCWD, "/mnt", LOOKUP_FOLLOW, &at), 0);
	if (t_mount_fail_alloc)
		host_alloc_fail_nth(t_mount_fail_alloc);
	int err = mount_new(node, &at, type ? type : "ext4", ms_flags, options);
	path_put(&at);
	mounted = !err;
	return err;
}

int t_mount_type(const char *type, unsigned long ms_flags, const char *options)
{
	char name[16], path_of_image[96];

	start_vfs();
	ck_assert(!mounted);
	snprintf(name, sizeof(name), "vd%u", disks++);
	snprintf(path_of_image, sizeof(path_of_image), "%s/img", directory);
	struct host_disk *new = host_disk_file(name, path_of_image, true);
	ck_assert_ptr_nonnull(new);
	return mount_disk(new, type, ms_flags, options);
}

int t_mount_disk(struct host_disk *new, unsigned long ms_flags, const char *options)
{
	start_vfs();
	ck_assert(!mounted);
	return mount_disk(new, NULL, ms_flags, options);
}

void t_add_disk(struct host_disk *new)
{
	char node[48];

	start_vfs();
	attach(new, node, sizeof(node));
}

int t_mount(const char *options)
{
	return t_mount_type(NULL, 0, options);
}

void t_mount_ok(const char *options)
{
	int err = t_mount(options);

	if (err)
		ck_abort_msg("mount: error %d: %s", err, log_captured());
}

static struct path root_path(void)
{
	struct path path;

	ck_assert_int_eq(path_lookup(AT_FDCWD, "/mnt", LOOKUP_FOLLOW, &path), 0);
	return path;
}

int t_remount(unsigned long ms_flags, const char *options)
{
	struct path path = root_path();
	int err = mount_remount(&path, ms_flags, options, false);

	path_put(&path);
	return err;
}

struct super_block *t_super(void)
{
	struct path path = root_path();
	struct super_block *super = path.dentry->super;

	path_put(&path);
	return super;
}

void t_umount(void)
{
	struct path path = root_path();
	int err = mount_umount(&path, 0);

	path_put(&path);
	if (err)
		ck_abort_msg("umount: error %d: %s", err, log_captured());
	/* Credits are upper bounds: no operation may need more than it announced. */
	if (strstr(log_captured(), "than it had announced"))
		ck_abort_msg("%s", log_captured());
	mounted = false;
}

void t_mount_again_if_aborted(void)
{
	if (!(t_super()->flags & SUPER_RDONLY))
		return;
	t_umount();
	t_mount_ok("errors=continue");
}

struct host_disk *t_disk(void)
{
	return disk;
}

void t_sync(void)
{
	ck_assert_int_eq(super_sync_all(true), 0);
}

void t_drop_caches(void)
{
	for (int i = 0; i < 3; i++)
		host_shrink_all(20000, 0);
}

int t_fsck_status(void)
{
	return t_run("e2fsck -fn img");
}

void t_fsck(void)
{
	int status = t_fsck_status();

	if (status)
		ck_abort_msg("e2fsck -fn: status %d:\n%s\nlog:\n%s", status, output,
			     log_captured());
}

static char verify_said[2000];

static void verify_note(struct ext4_verify *verify, const char *text)
{
	size_t n = strlen(verify_said);

	(void)verify;
	snprintf(verify_said + n, sizeof(verify_said) - n, "%s\n", text);
}

static bool verify_go_on(struct ext4_verify *verify, u32 group, u32 groups)
{
	(void)verify;
	(void)group;
	(void)groups;
	return true;
}

u64 t_verify_problems(void)
{
	struct ext4_verify verify = {.damage = verify_note, .go_on = verify_go_on};

	verify_said[0] = '\0';
	ck_assert_int_eq(t_mount_type("ext4", MS_RDONLY, NULL), 0);
	ck_assert_int_eq(ext4_verify(t_super(), &verify), 0);
	t_umount();
	return verify.problems;
}

const char *t_verify_said(void)
{
	return verify_said;
}

void t_fsck_repair(void)
{
	int status = t_run("e2fsck -fy img");

	if (status > 1)
		ck_abort_msg("e2fsck -fy: status %d:\n%s", status, output);
	t_fsck();
}

void t_check(void)
{
	t_umount();
	t_fsck();
}

/* ---- calls ---- */

static const char *full(const char *name)
{
	static _Thread_local char paths[4][4200];
	static _Thread_local unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "/mnt/%s", name);
	return path;
}

static int open_file(const char *name, u32 flags, u32 mode, struct file **out)
{
	struct vfs_open_how how = {.flags = flags, .mode = mode};

	return vfs_open(AT_FDCWD, full(name), &how, out);
}

struct file *t_open(const char *name, u32 flags, u32 mode)
{
	struct file *file;
	int err = open_file(name, flags, mode, &file);

	if (err)
		ck_abort_msg("open %s: error %d: %s", name, err, log_captured());
	return file;
}

int t_open_error(const char *name, u32 flags, u32 mode)
{
	struct file *file;
	int err = open_file(name, flags, mode, &file);

	if (!err)
		file_put(file);
	return err;
}

void t_close(struct file *file)
{
	file_put(file);
}

long t_pwrite(struct file *file, const void *data, size_t n, u64 offset)
{
	loff_t pos = (loff_t)offset;

	return file_write_kernel(file, data, n, &pos);
}

long t_pread(struct file *file, void *data, size_t n, u64 offset)
{
	loff_t pos = (loff_t)offset;

	return file_read_kernel(file, data, n, &pos);
}

int t_fsync(struct file *file)
{
	return vfs_fsync(file, 0, S64_MAX, false);
}

int t_mkdir(const char *name)
{
	return vfs_mkdir(AT_FDCWD, full(name), 0755);
}

int t_rmdir(const char *name)
{
	return vfs_rmdir(AT_FDCWD, full(name));
}

int t_unlink(const char *name)
{
	return vfs_unlink(AT_FDCWD, full(name));
}

int t_rename(const char *from, const char *to, unsigned flags)
{
	return vfs_rename(AT_FDCWD, full(from), AT_FDCWD, full(to), flags);
}

int t_link(const char *from, const char *to)
{
	return vfs_link(AT_FDCWD, full(from), AT_FDCWD, full(to), 0);
}

int t_symlink(const char *target, const char *name)
{
	return vfs_symlink(target, AT_FDCWD, full(name));
}

int t_mknod(const char *name, u32 mode, u32 major, u32 minor)
{
	return vfs_mknod(AT_FDCWD, full(name), mode, major, minor);
}

static int lookup(const char *name, struct path *path)
{
	return path_lookup(AT_FDCWD, full(name), 0, path);
}

int t_truncate(const char *name, u64 size)
{
	struct path path;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_truncate(&path, (loff_t)size);
	path_put(&path);
	return err;
}

int t_stat(const char *name, struct vfs_stat *out)
{
	struct path path;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_stat_path(&path, out);
	path_put(&path);
	return err;
}

int t_setattr(const char *name, const struct attr *attr)
{
	struct path path;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_setattr(&path, attr, false);
	path_put(&path);
	return err;
}

int t_setxattr(const char *name, const char *attr, const void *value, size_t size, int flags)
{
	struct path path;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_xattr_set(&path, attr, value, size, flags);
	path_put(&path);
	return err;
}

long t_getxattr(const char *name, const char *attr, void *value, size_t size)
{
	struct path path;
	long n = lookup(name, &path);

	if (n)
		return n;
	n = vfs_xattr_get(path.dentry->inode, attr, value, size);
	path_put(&path);
	return n;
}

long t_listxattr(const char *name, char *buf, size_t size)
{
	struct path path;
	long n = lookup(name, &path);

	if (n)
		return n;
	n = vfs_xattr_list(path.dentry->inode, buf, size);
	path_put(&path);
	return n;
}

int t_removexattr(const char *name, const char *attr)
{
	struct path path;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_xattr_remove(&path, attr);
	path_put(&path);
	return err;
}

int t_readlink(const char *name, char *buf, size_t size)
{
	struct path path;
	char *target;
	int err = lookup(name, &path);

	if (err)
		return err;
	err = vfs_readlink(&path, &target);
	path_put(&path);
	if (err)
		return err;
	snprintf(buf, size, "%s", target);
	kfree(target);
	return 0;
}

int t_statfs(struct fs_statistics *out)
{
	struct path path = root_path();
	int err = vfs_statfs(&path, out);

	path_put(&path);
	return err;
}

bool t_exists(const char *name)
{
	struct vfs_stat st;
	int err = t_stat(name, &st);

	ck_assert_msg(err == 0 || err == -ENOENT, "stat %s: %d: %s", name, err, log_captured());
	return !err;
}

struct lister {
	struct dir_context ctx;
	char **names;
	int count, max;
};

static bool add_name(struct dir_context *ctx, const char *name, u32 length, loff_t offset, u64 ino,
		     unsigned int type)
{
	struct lister *lister = container_of(ctx, struct lister, ctx);

	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return true;
	if (lister->count == lister->max) {
		lister->max = lister->max ? lister->max * 2 : 64;
		lister->names = realloc(lister->names, sizeof(char *) * (size_t)lister->max);
	}
	lister->names[lister->count++] = strndup(name, length);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void t_list_free(char **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int t_list(const char *name, char ***names)
{
	struct lister lister = {.ctx = {.emit = add_name}};
	struct file *file;
	int err = open_file(name, O_RDONLY | O_DIRECTORY, 0, &file);

	if (err)
		return err;
	err = vfs_readdir(file, &lister.ctx);
	file_put(file);
	if (lister.count)
		qsort(lister.names, (size_t)lister.count, sizeof(char *), compare_names);
	if (!err && names)
		*names = lister.names;
	else
		t_list_free(lister.names, lister.count);
	return err ? err : lister.count;
}

/* ---- contents ---- */

void t_pattern(void *buf, size_t n, u64 offset, u32 seed)
{
	u8 *bytes = buf;

	for (size_t i = 0; i < n; i++) {
		u64 at = offset + i;
		u64 x = (at / 8 + seed) * 0x9e3779b97f4a7c15ull;

		bytes[i] = (u8)(x >> (8 * (at % 8)));
	}
}

#define CHUNK (256u << 10)

int t_create_error(const char *name, u64 n, u32 seed)
{
	struct file *file;
	u8 *buf;
	int err = open_file(name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);

	if (err)
		return err;
	buf = malloc(CHUNK);
	for (u64 at = 0; at < n && !err;) {
		size_t part = (size_t)min(n - at, (u64)CHUNK);

		t_pattern(buf, part, at, seed);
		long done = t_pwrite(file, buf, part, at);
		if (done < 0)
			err = (int)done;
		else if (!done)
			err = -ENOSPC;
		else
			at += (u64)done;
	}
	free(buf);
	file_put(file);
	return err;
}

void t_create(const char *name, u64 n, u32 seed)
{
	int err = t_create_error(name, n, seed);

	if (err)
		ck_abort_msg("creating %s: error %d: %s", name, err, log_captured());
}

void t_expect(const char *name, u64 n, u32 seed)
{
	struct file *file = t_open(name, O_RDONLY, 0);
	u8 *buf = malloc(CHUNK), *want = malloc(CHUNK);
	u64 at = 0;

	ck_assert_uint_eq((u64)inode_size(file->inode), n);
	for (;;) {
		long got = t_pread(file, buf, CHUNK, at);

		if (got < 0)
			ck_abort_msg("reading %s at %llu: error %ld: %s", name, at, got,
				     log_captured());
		if (!got)
			break;
		t_pattern(want, (size_t)got, at, seed);
		if (memcmp(buf, want, (size_t)got)) {
			long i = 0;

			while (buf[i] == want[i])
				i++;
			ck_abort_msg("%s: byte %llu is %#x, should be %#x", name, at + (u64)i,
				     buf[i], want[i]);
		}
		at += (u64)got;
	}
	ck_assert_uint_eq(at, n);
	free(buf);
	free(want);
	file_put(file);
}

u32 t_random(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*state >> 33);
}

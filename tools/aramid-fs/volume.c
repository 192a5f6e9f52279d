#include "volume.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "ext4/ext4.h"
#include "ext4/ondisk.h"
#include "host_cred.h"
#include "host_files.h"
#include "lib/log.h"
#include "mm/kmalloc.h"
#include "vfs/buffer.h"
#include "vfs/cred.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"

#include <linux/mount.h>

static struct path first_root; /* the tmpfs that the volume is mounted over */
static const char *journal_path;
static struct image_disk *journal_disk; /* NULL: the volume has its journal in itself, or none */

/* ---- the image ---- */

/* Brings up the rooms of the kernel; there is no way back. */
static void kernel_start(void)
{
	buffer_cache_init();
	if (!host_files_start(0, &first_root)) {
		report("no memory");
		exit(STATUS_INTERNAL);
	}
	ext4_init();
}

/* A file of this very name wins; else what follows the last @ is the number of a partition. */
static void parse_spec(const char *spec, struct volume *volume)
{
	const char *at = strrchr(spec, '@');
	u64 number = 0;

	volume->spec = spec;
	volume->path = need_format("%s", spec);
	volume->partition = 0;
	if (!at || access(spec, F_OK) == 0)
		return;
	if (!parse_number(at + 1, 128, &number) || !number)
		return; /* there is no such file, and opening it will say so */
	volume->path[at - spec] = '\0';
	volume->partition = (u32)number;
}

struct partition_search {
	const struct block_device *disk;
	u32 number, count;
	struct block_device *found;
};

static int partition_look(struct block_device *bdev, void *arg)
{
	struct partition_search *search = arg;

	if (bdev->disk != search->disk || !bdev->partition)
		return 0;
	search->count++;
	if (bdev->partition == search->number)
		search->found = bdev;
	return 0;
}

void volume_set_journal(const char *path)
{
	journal_path = path;
}

/* It is known by its UUID, and so needs only be there. */
static int open_journal(const struct volume_options *options)
{
	if (!journal_path)
		return STATUS_OK;
	int status = image_disk_open(journal_path, options->mode, &journal_disk);

	if (status)
		return status;
	if (!block_register(image_disk_bdev(journal_disk)))
		return STATUS_OK;
	report("%s: too small to be a journal, or its name is that of the image", journal_path);
	return STATUS_IMAGE;
}

int volume_open_disk(const char *spec, const struct volume_options *options, struct volume *out)
{
	struct block_device *disk;
	int status, err;

	out->super = NULL;
	parse_spec(spec, out);
	status = image_disk_open(out->path, options->mode, &out->disk);
	if (status) {
		free(out->path);
		return status;
	}
	kernel_start();
	disk = out->bdev = image_disk_bdev(out->disk);
	err = block_register(disk);
	if (err) {
		report("%s: too small to be an image", out->path);
		return volume_close(out, STATUS_IMAGE);
	}
	status = open_journal(options);
	if (status)
		return volume_close(out, status);
	if (!out->partition)
		return STATUS_OK;
	struct partition_search search = {.disk = disk, .number = out->partition};
	block_for_each(partition_look, &search);
	if (!search.found) {
		report("%s: there is no partition %u%s", out->path, out->partition,
		       search.count ? "" : ", and no partition table");
		return volume_close(out, STATUS_IMAGE);
	}
	out->bdev = search.found;
	return STATUS_OK;
}

/* Why a mount failed, when the file system had nothing to say. */
static void say_why(const struct volume *volume, int err)
{
	struct partition_search search = {.disk = image_disk_bdev(volume->disk)};

	block_for_each(partition_look, &search);
	if (err == -EINVAL && !volume->partition && search.count)
		report("%s: has a partition table: name one of its %u partitions, as in %s@1",
		       volume->spec, search.count, volume->spec);
	else if (err == -EINVAL)
		report("%s: no ext2, ext3 or ext4 that can be used", volume->spec);
	else if (err == -ENXIO)
		report("%s: its journal is in another image: name that with --journal",
		       volume->spec);
	else if (err == -EROFS)
		report("%s: can only be read", volume->spec);
	else
		report_error(err, "%s: can't be mounted", volume->spec);
}

/* Mounts it at /volume, which becomes root and working directory. */
static int mount_volume(struct volume *volume, unsigned long flags, const char *text)
{
	struct path at = {0};
	int err = path_lookup(AT_FDCWD, "/volume", LOOKUP_FOLLOW, &at);

	if (err)
		return err;
	err = mount_new("/image", &at, "ext4", flags | MS_NOATIME, text);
	path_put(&at);
	if (!err)
		err = path_lookup(AT_FDCWD, "/volume", LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	volume->super = at.dentry->super;
	fs_context_set_root(current_fs(), &at);
	path_get(&at);
	fs_context_set_cwd(current_fs(), &at);
	return 0;
}

static int unmount(struct volume *volume)
{
	struct path at;
	bool read_only = volume->super->flags & SUPER_RDONLY;
	int err = read_only ? 0 : vfs_syncfs(volume->super), err2;

	path_get(&first_root);
	fs_context_set_root(current_fs(), &first_root);
	path_get(&first_root);
	fs_context_set_cwd(current_fs(), &first_root);
	err2 = path_lookup(AT_FDCWD, "/volume", LOOKUP_FOLLOW, &at);
	if (!err2) {
		err2 = mount_umount(&at, 0);
		path_put(&at);
	}
	volume->super = NULL;
	return err ? err : err2;
}

/* Whether a crash has left something to finish: a log, or files that were deleted while open. */
static bool is_unfinished(struct block_device *bdev)
{
	const u64 page_sectors = PAGE_SIZE >> SECTOR_SHIFT;
	u8 *page = kmalloc(PAGE_SIZE, MM_NORMAL);
	const struct ext4_super_raw *raw = (const void *)(page + EXT4_SUPER_OFFSET);
	bool unfinished = page && block_read(bdev, 0, page, (u32)page_sectors) == 0 &&
			  le16_get(raw->s_magic) == EXT4_MAGIC &&
			  ((le32_get(raw->s_feature_incompat) & EXT4_INCOMPAT_RECOVER) ||
			   (le32_get(raw->s_feature_ro_compat) & EXT4_RO_COMPAT_ORPHAN_PRESENT) ||
			   le32_get(raw->s_last_orphan));

	kfree(page);
	return unfinished;
}

int volume_mount(struct volume *volume, const struct volume_options *options)
{
	bool write = options->mode != IMAGE_READ;
	/* Damage that is met while reading is told and passed by; writing ends there. A volume that
	 * asks for a panic gets none. */
	char *text = need_format("errors=%s%s%s", write ? "remount-ro" : "continue",
				 options->mount_options ? "," : "",
				 options->mount_options ? options->mount_options : "");
	int err =
	    vfs_mknod(AT_FDCWD, "/image", S_IFBLK | 0600, volume->bdev->major, volume->bdev->minor);

	if (!err)
		err = vfs_mkdir(AT_FDCWD, "/volume", 0700);
	/* What can't be written is looked at as it is. */
	if (!err && !write && options->finish && is_unfinished(volume->bdev) &&
	    !mount_volume(volume, 0, text))
		err = unmount(volume);
	if (!err)
		err = mount_volume(volume, write ? 0 : MS_RDONLY, text);
	free(text);
	if (err)
		say_why(volume, err);
	return err ? STATUS_IMAGE : STATUS_OK;
}

int volume_open(const char *spec, const struct volume_options *options, struct volume *out)
{
	int status = volume_open_disk(spec, options, out);

	if (status)
		return status;
	status = volume_mount(out, options);
	if (status)
		return volume_close(out, status);
	return STATUS_OK;
}

int volume_close(struct volume *volume, int status)
{
	int err = 0, err2;

	if (volume->super)
		err = unmount(volume);
	err2 = image_disk_close(volume->disk);
	err = err ? err : err2;
	if (journal_disk) {
		err2 = image_disk_close(journal_disk);
		journal_disk = NULL;
		err = err ? err : err2;
	}
	if (err)
		report_error(err, "%s: not everything could be written", volume->spec);
	if (status == STATUS_OK && anything_failed())
		status = STATUS_FAILED;
	free(volume->path);
	return interrupted() ? 128 + interrupted() : status;
}

/* ---- names ---- */

int fd_give(struct file *file)
{
	int fd = fd_install(file, 0, false);

	if (fd < 0)
		file_put(file);
	return fd;
}

int at_open(int dir, const char *name, u32 flags, u32 mode)
{
	struct vfs_open_how how = {.flags = flags, .mode = mode};
	struct file *file;
	int err = vfs_open(dir, name, &how, &file);

	return err ? err : fd_give(file);
}

void fd_drop(int fd)
{
	if (fd >= 0 && fd_close(fd))
		report("descriptor %d was not open", fd);
}

static int stat_name(int dir, const char *name, unsigned int flags, struct vfs_stat *out)
{
	struct path path;
	int err = path_lookup(dir, name, flags, &path);

	if (err)
		return err;
	err = vfs_stat_path(&path, out);
	path_put(&path);
	return err;
}

int at_stat(int dir, const char *name, struct vfs_stat *out)
{
	return stat_name(dir, name, 0, out);
}

int at_stat_follow(int dir, const char *name, struct vfs_stat *out)
{
	return stat_name(dir, name, LOOKUP_FOLLOW, out);
}

int at_readlink(int dir, const char *name, char **out)
{
	struct path path;
	int err = path_lookup(dir, name, 0, &path);

	if (err)
		return err;
	err = vfs_readlink(&path, out);
	path_put(&path);
	return err;
}

int at_setattr(int dir, const char *name, const struct attr *attr)
{
	struct path path;
	int err = path_lookup(dir, name, 0, &path);

	if (err)
		return err;
	err = vfs_setattr(&path, attr, false);
	path_put(&path);
	return err;
}

int fd_stat(int fd, struct vfs_stat *out)
{
	struct file *file = fd_get(fd);
	int err = file ? vfs_stat_file(file, out) : -EBADF;

	if (file)
		file_put(file);
	return err;
}

ssize_t fd_read(int fd, void *buf, size_t n, u64 offset)
{
	struct file *file = fd_get(fd);
	loff_t pos = (loff_t)offset;
	ssize_t got = file ? file_read_kernel(file, buf, n, &pos) : -EBADF;

	if (file)
		file_put(file);
	return got;
}

ssize_t fd_write(int fd, const void *buf, size_t n, u64 offset)
{
	struct file *file = fd_get(fd);
	loff_t pos = (loff_t)offset;
	ssize_t got = file ? file_write_kernel(file, buf, n, &pos) : -EBADF;

	if (file)
		file_put(file);
	return got;
}

s64 fd_seek(int fd, s64 offset, int whence)
{
	struct file *file = fd_get(fd);
	s64 at = file ? file_seek(file, offset, whence) : -EBADF;

	if (file)
		file_put(file);
	return at;
}

int fd_truncate(int fd, u64 size)
{
	struct file *file = fd_get(fd);
	int err = file ? vfs_ftruncate(file, (loff_t)size) : -EBADF;

	if (file)
		file_put(file);
	return err;
}

int fd_sync(int fd)
{
	struct file *file = fd_get(fd);
	int err = file ? vfs_fsync(file, 0, S64_MAX, false) : -EBADF;

	if (file)
		file_put(file);
	return err;
}

/* ---- directories ---- */

struct lister {
	struct dir_context ctx;
	struct entries *entries;
	size_t room, taken_now;
};

static bool take_entry(struct dir_context *ctx, const char *name, u32 length, loff_t offset,
		       u64 ino, unsigned int type)
{
	struct lister *lister = container_of(ctx, struct lister, ctx);
	struct entries *entries = lister->entries;

	lister->taken_now++;
	if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return true;
	if (entries->count == lister->room) {
		lister->room = lister->room ? lister->room * 2 : 64;
		void *more = realloc(entries->list, lister->room * sizeof(entries->list[0]));

		if (!more)
			return false;
		entries->list = more;
	}
	/* A damaged directory may say so, but as a name of this machine it would lead astray. */
	if (memchr(name, '/', length) || memchr(name, '\0', length) || !length) {
		report("a directory has an entry with a name that no file can have");
		return true;
	}
	char *copy = need_memory(length + 1ul);
	memcpy(copy, name, length);
	entries->list[entries->count++] = (struct entry){.name = copy, .ino = ino, .type = type};
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

int fd_list(int fd, struct entries *out)
{
	struct lister lister = {.ctx = {.emit = take_entry}, .entries = out};
	struct file *file = fd_get(fd);
	int err;

	*out = (struct entries){0};
	if (!file)
		return -EBADF;
	do {
		lister.taken_now = 0;
		err = vfs_readdir(file, &lister.ctx);
	} while (!err && lister.taken_now);
	file_put(file);
	if (out->count)
		qsort(out->list, out->count, sizeof(out->list[0]), by_name);
	return err;
}

void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->list[i].name);
	free(entries->list);
	*entries = (struct entries){0};
}

char *join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	return need_format("%s%s%s", dir, n && dir[n - 1] != '/' ? "/" : "", name);
}

const char *base_name(const char *path)
{
	static char buffer[4096];
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	snprintf(buffer, sizeof(buffer), "%.*s", (int)(end - start), path + start);
	return buffer;
}

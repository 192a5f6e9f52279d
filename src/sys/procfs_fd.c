/* The links of /proc/PID that lead to files: fd/N, exe, cwd, root; and fdinfo/N. */
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "sys/pidfd.h"
#include "sys/procfs_int.h"
#include "vfs/file.h"
#include "vfs/mount.h"

#include <linux/stat.h>

/* The file behind the descriptor id[1] of process id[0], referenced. */
static int fd_file(const struct pseudo_key *key, struct file **out)
{
	struct thread *thread;
	int err = procfs_inspect(key, &thread);
	if (err)
		return err;
	struct file_table *table = thread_files_get(thread);
	thread_put(thread);
	*out = table ? file_table_get_file(table, (int)key->id[1]) : NULL;
	if (table)
		file_table_put(table);
	return *out ? 0 : -ENOENT;
}

static int jump_fd(const struct pseudo_key *key, struct path *out)
{
	struct file *file;
	int err = fd_file(key, &file);
	if (err)
		return err;
	err = file_path_get(file, out);
	file_put(file);
	return err;
}

int procfs_link_jump(int (*jump)(const struct pseudo_key *key, struct path *out),
		     const struct pseudo_key *key, char **target)
{
	struct path path;
	int err = jump(key, &path);
	if (err)
		return err;
	err = procfs_path_name(&path, target);
	path_put(&path);
	return err;
}

/* Files without names say what they are. */
static int link_fd(const struct pseudo_key *key, char **target)
{
	const char *anonymous;
	struct file *file;
	char text[64];
	int err = fd_file(key, &file);
	if (err)
		return err;
	anonymous = file->anonymous;
	if (anonymous && strchr(anonymous, ':'))
		(void)strscpy(text, anonymous, sizeof(text));
	else if (anonymous)
		kscnprintf(text, sizeof(text), "%s:[%llu]", anonymous, file->inode->number);
	file_put(file);
	if (!anonymous)
		return procfs_link_jump(jump_fd, key, target);
	*target = kstrdup(text, MM_NORMAL);
	return *target ? 0 : -ENOMEM;
}

static int show_fdinfo(struct text_buffer *text, const struct pseudo_key *key)
{
	struct file *file;
	int err = fd_file(key, &file);
	if (err)
		return err;
	text_printf(text, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		    (long long)file->pos, file->flags, file->path.mount ? file->path.mount->id : 0,
		    file->inode ? file->inode->number : 0);
	int pid = pidfd_show_id(file);
	if (pid)
		text_printf(text, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
	file_put(file);
	return 0;
}

static const struct pseudo_entry fd_link = {.name = "fd",
					    .mode = S_IFLNK | 0700,
					    .link = link_fd,
					    .jump = jump_fd,
					    .attributes = procfs_owner};
static const struct pseudo_entry fdinfo_file = {
    .name = "fdinfo", .mode = S_IFREG | 0400, .show = show_fdinfo, .attributes = procfs_owner};

static int lookup_as(const struct pseudo_key *key, const struct qstr *name,
		     const struct pseudo_entry *as, const struct pseudo_entry **entry,
		     struct pseudo_key *child)
{
	struct file *file;
	u64 fd;
	int err = procfs_parse_id(name, &fd);
	if (err)
		return err;
	child->id[0] = key->id[0];
	child->id[1] = fd;
	err = fd_file(child, &file);
	if (err)
		return err;
	file_put(file);
	*entry = as;
	return 0;
}

static int iterate_as(const struct pseudo_key *key, u64 *cursor, char name[32],
		      const struct pseudo_entry *as, const struct pseudo_entry **entry,
		      struct pseudo_key *child)
{
	struct thread *thread;
	int err = procfs_inspect(key, &thread);
	if (err)
		return err;
	struct file_table *table = thread_files_get(thread);
	thread_put(thread);
	int fd = table ? file_table_next(table, (int)min_t(u64, *cursor, S32_MAX)) : -1;
	if (table)
		file_table_put(table);
	if (fd < 0)
		return -ENOENT;
	*cursor = (u64)fd;
	ksnprintf(name, 32, "%d", fd);
	child->id[0] = key->id[0];
	child->id[1] = (u64)fd;
	*entry = as;
	return 0;
}

int procfs_fd_lookup(const struct pseudo_key *key, const struct qstr *name,
		     const struct pseudo_entry **entry, struct pseudo_key *child)
{
	return lookup_as(key, name, &fd_link, entry, child);
}

int procfs_fd_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
		      const struct pseudo_entry **entry, struct pseudo_key *child)
{
	return iterate_as(key, cursor, name, &fd_link, entry, child);
}

int procfs_fdinfo_lookup(const struct pseudo_key *key, const struct qstr *name,
			 const struct pseudo_entry **entry, struct pseudo_key *child)
{
	return lookup_as(key, name, &fdinfo_file, entry, child);
}

int procfs_fdinfo_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
			  const struct pseudo_entry **entry, struct pseudo_key *child)
{
	return iterate_as(key, cursor, name, &fdinfo_file, entry, child);
}

int procfs_jump_exe(const struct pseudo_key *key, struct path *out)
{
	struct mm *mm;
	int err = procfs_inspect_mm(key, &mm);
	if (err)
		return err;
	if (!mm)
		return -ENOENT;
	rwsem_read_lock(&mm->lock);
	if (mm->exe_file) {
		*out = mm->exe_file->path;
		path_get(out);
	} else {
		err = -ENOENT;
	}
	rwsem_read_unlock(&mm->lock);
	mm_put(mm);
	return err;
}

static int jump_fs(const struct pseudo_key *key, bool root, struct path *out)
{
	struct thread *thread;
	int err = procfs_inspect(key, &thread);
	if (err)
		return err;
	struct fs_context *fs = thread_fs_get(thread);
	thread_put(thread);
	if (!fs)
		return -ENOENT;
	spin_lock(&fs->lock);
	*out = root ? fs->root : fs->cwd;
	path_get(out);
	spin_unlock(&fs->lock);
	fs_context_put(fs);
	return 0;
}

int procfs_jump_cwd(const struct pseudo_key *key, struct path *out)
{
	return jump_fs(key, false, out);
}

int procfs_jump_root(const struct pseudo_key *key, struct path *out)
{
	return jump_fs(key, true, out);
}

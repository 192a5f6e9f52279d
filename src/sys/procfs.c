/* The root of /proc, and what the files of process directories share. See procfs_int.h; proc(5). */
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "sys/procfs.h"
#include "sys/procfs_int.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/stat.h>

int procfs_parse_id(const struct qstr *name, u64 *out)
{
	u64 value = 0;
	if (!name->length || name->length > 10 || (name->name[0] == '0' && name->length > 1))
		return -ENOENT;
	for (u32 i = 0; i < name->length; i++) {
		if (!char_is_digit(name->name[i]))
			return -ENOENT;
		value = value * 10 + (u64)(name->name[i] - '0');
	}
	if (value > S32_MAX)
		return -ENOENT;
	*out = value;
	return 0;
}

struct thread *procfs_thread(const struct pseudo_key *key)
{
	struct process *process = process_find((int)key->id[0]);
	if (!process)
		return thread_find((int)key->id[0]); /* below task: any thread */
	struct thread *thread = process->leader;
	thread_get(thread);
	process_put(process);
	return thread;
}

bool procfs_may_inspect(struct thread *thread)
{
	const struct cred *theirs = thread_cred_get(thread), *ours = current_cred();
	bool same = theirs && ours->fsuid == theirs->uid && ours->fsuid == theirs->euid &&
		    ours->fsuid == theirs->suid && ours->fsgid == theirs->gid &&
		    ours->fsgid == theirs->egid;
	bool allowed = thread->process == process_current() || same || capable(CAP_SYS_PTRACE);
	if (theirs)
		cred_put(theirs);
	return allowed;
}

int procfs_inspect(const struct pseudo_key *key, struct thread **out)
{
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	if (!procfs_may_inspect(thread)) {
		thread_put(thread);
		return -EACCES;
	}
	*out = thread;
	return 0;
}

int procfs_inspect_mm(const struct pseudo_key *key, struct mm **out)
{
	struct thread *thread;
	int err = procfs_inspect(key, &thread);
	if (err)
		return err;
	*out = thread_mm_get(thread);
	thread_put(thread);
	return 0;
}

int procfs_owner(const struct pseudo_key *key, struct pseudo_attributes *out)
{
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	const struct cred *cred = thread_cred_get(thread);
	if (cred) {
		out->uid = cred->euid;
		out->gid = cred->egid;
		cred_put(cred);
	}
	thread_put(thread);
	return 0;
}

int procfs_path_name(const struct path *path, char **out)
{
	char *buf = kmalloc(PATH_MAX_SIZE, MM_NORMAL);
	struct fs_context *fs = current_fs();
	if (!buf)
		return -ENOMEM;
	spin_lock(&fs->lock);
	struct path root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	char *name = path_to_string(path, &root, buf, PATH_MAX_SIZE);
	path_put(&root);
	if (IS_ERR(name)) {
		kfree(buf);
		return (int)PTR_ERR(name);
	}
	memmove(buf, name, strlen(name) + 1);
	*out = buf;
	return 0;
}

/* ---- the root directory ---- */

static int link_format(char **target, const char *fmt, int a, int b)
{
	char *text = kmalloc(48, MM_NORMAL);
	if (!text)
		return -ENOMEM;
	ksnprintf(text, 48, fmt, a, b);
	*target = text;
	return 0;
}

static int link_self(const struct pseudo_key *key, char **target)
{
	return link_format(target, "%d", process_current()->pid, 0);
}

static int link_thread_self(const struct pseudo_key *key, char **target)
{
	return link_format(target, "%d/task/%d", process_current()->pid, thread_current()->tid);
}

static int link_mounts(const struct pseudo_key *key, char **target)
{
	*target = kstrdup("self/mounts", MM_NORMAL);
	return *target ? 0 : -ENOMEM;
}

static int root_lookup(const struct pseudo_key *key, const struct qstr *name,
		       const struct pseudo_entry **entry, struct pseudo_key *child)
{
	u64 pid;
	int err = procfs_parse_id(name, &pid);
	if (err)
		return err;
	/* As on Linux a thread's id works too, though it is not listed. */
	struct thread *thread = thread_find((int)pid);
	if (!thread)
		return -ENOENT;
	child->id[0] = (u64)thread->process->pid;
	child->id[1] = 0;
	thread_put(thread);
	*entry = &procfs_process_entry;
	return 0;
}

static int root_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
			const struct pseudo_entry **entry, struct pseudo_key *child)
{
	struct process *process = process_next((int)min_t(u64, *cursor, S32_MAX));
	if (!process)
		return -ENOENT;
	*cursor = (u64)process->pid;
	ksnprintf(name, 32, "%d", process->pid);
	child->id[0] = (u64)process->pid;
	child->id[1] = 0;
	*entry = &procfs_process_entry;
	process_put(process);
	return 0;
}

#define FILE_ENTRY(file, show_fn)                                                                  \
	{                                                                                          \
		.name = (file), .mode = S_IFREG | 0444, .show = (show_fn)                          \
	}
#define LINK_ENTRY(file, link_fn)                                                                  \
	{                                                                                          \
		.name = (file), .mode = S_IFLNK | 0777, .link = (link_fn)                          \
	}

static const struct pseudo_entry root_children[] = {
    FILE_ENTRY("cmdline", procfs_show_cmdline),
    FILE_ENTRY("cpuinfo", procfs_show_cpuinfo),
    FILE_ENTRY("devices", procfs_show_devices),
    FILE_ENTRY("diskstats", procfs_show_diskstats),
    FILE_ENTRY("filesystems", procfs_show_filesystems),
    FILE_ENTRY("loadavg", procfs_show_loadavg),
    FILE_ENTRY("meminfo", procfs_show_meminfo),
    LINK_ENTRY("mounts", link_mounts),
    FILE_ENTRY("partitions", procfs_show_partitions),
    LINK_ENTRY("self", link_self),
    {.name = "slabinfo", .mode = S_IFREG | 0400, .show = procfs_show_slabinfo},
    FILE_ENTRY("stat", procfs_show_stat),
    FILE_ENTRY("swaps", procfs_show_swaps),
    {.name = "sys", .mode = S_IFDIR | 0555, .children = procfs_sys_children},
    LINK_ENTRY("thread-self", link_thread_self),
    FILE_ENTRY("uptime", procfs_show_uptime),
    FILE_ENTRY("version", procfs_show_version),
    FILE_ENTRY("vmstat", procfs_show_vmstat),
    {.name = NULL},
};

static const struct pseudo_entry root_entry = {.name = "/",
					       .mode = S_IFDIR | 0555,
					       .children = root_children,
					       .lookup = root_lookup,
					       .iterate = root_iterate};

static int procfs_mount(struct super_block *super, const char *options, struct inode **root)
{
	return pseudo_mount(super, &root_entry, PROC_SUPER_MAGIC, root);
}

void procfs_init(void)
{
	static struct fs_type type = {.name = "proc", .mount = procfs_mount, .single = true};
	fs_type_register(&type);
}

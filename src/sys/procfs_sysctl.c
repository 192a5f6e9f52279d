/* /proc/sys: the few settings that programs look at. proc(5). */
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/uuid.h"
#include "mm/page.h"
#include "sys/dmesg.h"
#include "sys/procfs_int.h"
#include "sys/uts.h"
#include "vfs/pagecache.h"

#include <linux/stat.h>

static int show_ostype(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "Linux\n");
	return 0;
}

static int show_osrelease(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%s\n", uts_release());
	return 0;
}

static int show_version(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%s\n", uts_version());
	return 0;
}

static int show_hostname(struct text_buffer *text, const struct pseudo_key *key)
{
	char name[UTS_NAME_SIZE];
	uts_nodename_get(name);
	text_printf(text, "%s\n", name);
	return 0;
}

static int store_hostname(const char *value, size_t n, const struct pseudo_key *key)
{
	while (n && char_is_space(value[n - 1]))
		n--;
	return uts_nodename_set(value, n);
}

static int show_pid_max(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%d\n", PID_MAX);
	return 0;
}

static int show_printk(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%d\t4\t1\t7\n", dmesg_console_level());
	return 0;
}

static int store_printk(const char *value, size_t n, const struct pseudo_key *key)
{
	u64 level;
	if (parse_digits(&value, 10, &level) || level > 15)
		return -EINVAL;
	dmesg_console_level_set((int)level);
	return 0;
}

static int show_random_uuid(struct text_buffer *text, struct uuid *uuid)
{
	char name[UUID_TEXT];
	uuid->b[6] = (u8)((uuid->b[6] & 0x0f) | 0x40);
	uuid->b[8] = (u8)((uuid->b[8] & 0x3f) | 0x80);
	uuid_format(uuid, name);
	text_printf(text, "%s\n", name);
	return 0;
}

static int show_uuid(struct text_buffer *text, const struct pseudo_key *key)
{
	struct uuid uuid;
	random_bytes(&uuid, sizeof(uuid));
	return show_random_uuid(text, &uuid);
}

static int show_boot_id(struct text_buffer *text, const struct pseudo_key *key)
{
	static struct uuid boot_id;
	static struct spinlock lock = SPINLOCK_INIT("boot id");
	struct uuid fresh;
	random_bytes(&fresh, sizeof(fresh));
	spin_lock(&lock);
	if (uuid_is_null(&boot_id))
		boot_id = fresh;
	fresh = boot_id;
	spin_unlock(&lock);
	return show_random_uuid(text, &fresh);
}

static int show_overcommit(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "0\n"); /* heuristic, as Linux calls it: the only policy there is */
	return 0;
}

static int store_drop_caches(const char *value, size_t n, const struct pseudo_key *key)
{
	u64 what;
	if (parse_digits(&value, 10, &what) || !what || what > 3)
		return -EINVAL;
	reclaim_caches(); /* pages, dentries and inodes alike: a cache that is clean is cheap to
			     refill */
	return 0;
}

static int show_file_max(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%lld\n", S64_MAX);
	return 0;
}

static int show_nr_open(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "1048576\n");
	return 0;
}

static int show_pipe_max(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "1048576\n");
	return 0;
}

#define SETTING(file, show_fn, store_fn)                                                           \
	{                                                                                          \
		.name = (file), .mode = S_IFREG | 0644, .show = (show_fn), .store = (store_fn)     \
	}
#define CONSTANT(file, show_fn)                                                                    \
	{                                                                                          \
		.name = (file), .mode = S_IFREG | 0444, .show = (show_fn)                          \
	}
#define DIRECTORY(file, entries)                                                                   \
	{                                                                                          \
		.name = (file), .mode = S_IFDIR | 0555, .children = (entries)                      \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

static const struct pseudo_entry random_children[] = {
    CONSTANT("boot_id", show_boot_id),
    CONSTANT("uuid", show_uuid),
    END,
};

static const struct pseudo_entry kernel_children[] = {
    SETTING("hostname", show_hostname, store_hostname),
    CONSTANT("osrelease", show_osrelease),
    CONSTANT("ostype", show_ostype),
    CONSTANT("pid_max", show_pid_max),
    SETTING("printk", show_printk, store_printk),
    DIRECTORY("random", random_children),
    CONSTANT("version", show_version),
    END,
};

static const struct pseudo_entry vm_children[] = {
    {.name = "drop_caches", .mode = S_IFREG | 0200, .store = store_drop_caches},
    CONSTANT("overcommit_memory", show_overcommit),
    END,
};

static const struct pseudo_entry fs_children[] = {
    CONSTANT("file-max", show_file_max),
    CONSTANT("nr_open", show_nr_open),
    CONSTANT("pipe-max-size", show_pipe_max),
    END,
};

const struct pseudo_entry procfs_sys_children[] = {
    DIRECTORY("fs", fs_children),
    DIRECTORY("kernel", kernel_children),
    DIRECTORY("vm", vm_children),
    END,
};

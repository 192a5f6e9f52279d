/* devpts: the directory of pseudo terminals, usually mounted on /dev/pts. See pty.h. */
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "sys/procfs_int.h"
#include "sys/pty.h"
#include "vfs/mount.h"
#include "vfs/pseudo.h"

#include <linux/magic.h>
#include <linux/major.h>
#include <linux/stat.h>

#define PTMX_MINOR 2 /* of TTYAUX_MAJOR */

static u32 ptmx_mode; /* the last mount's ptmxmode= */

static int slave_attributes(const struct pseudo_key *key, struct pseudo_attributes *out)
{
	struct pty_name name;
	int number = pty_name_get((u32)key->id[0], false, &name);
	if (number < 0)
		return number;
	out->mode = name.mode;
	out->uid = name.uid;
	out->gid = name.gid;
	out->major = UNIX98_PTY_SLAVE_MAJOR;
	out->minor = (u32)number;
	return 0;
}

static int slave_setattr(const struct pseudo_key *key, const struct attr *attr)
{
	return pty_name_set((u32)key->id[0], attr);
}

static int ptmx_attributes(const struct pseudo_key *key, struct pseudo_attributes *out)
{
	out->mode = ptmx_mode;
	out->major = TTYAUX_MAJOR;
	out->minor = PTMX_MINOR;
	return 0;
}

static const struct pseudo_entry slave_entry = {
    .name = "pts", .mode = S_IFCHR, .attributes = slave_attributes, .setattr = slave_setattr};

static int root_lookup(const struct pseudo_key *key, const struct qstr *name,
		       const struct pseudo_entry **entry, struct pseudo_key *child)
{
	struct pty_name found;
	u64 number;
	int err = procfs_parse_id(name, &number);
	if (err)
		return err;
	if (number > U32_MAX || pty_name_get((u32)number, false, &found) < 0)
		return -ENOENT;
	child->id[0] = number;
	*entry = &slave_entry;
	return 0;
}

static int root_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
			const struct pseudo_entry **entry, struct pseudo_key *child)
{
	struct pty_name found;
	int number = pty_name_get((u32)min_t(u64, *cursor, U32_MAX), true, &found);
	if (number < 0)
		return number;
	*cursor = (u64)number;
	ksnprintf(name, 32, "%d", number);
	child->id[0] = (u64)number;
	*entry = &slave_entry;
	return 0;
}

static const struct pseudo_entry root_children[] = {
    {.name = "ptmx", .mode = S_IFCHR, .attributes = ptmx_attributes},
    {.name = NULL},
};
static const struct pseudo_entry root_entry = {.name = "/",
					       .mode = S_IFDIR | 0755,
					       .children = root_children,
					       .lookup = root_lookup,
					       .iterate = root_iterate};

struct devpts_options {
	u32 mode, gid, ptmx_mode;
};

/* max= is checked only: the table has its own limit. */
static int parse_option(void *arg, const char *name, const char *value)
{
	struct devpts_options *options = arg;
	u32 number;
	if (!strcmp(name, "mode"))
		return parse_u32(value, 8, &options->mode);
	if (!strcmp(name, "ptmxmode"))
		return parse_u32(value, 8, &options->ptmx_mode);
	if (!strcmp(name, "gid"))
		return parse_u32(value, 10, &options->gid);
	if (!strcmp(name, "max"))
		return parse_u32(value, 10, &number);
	return strcmp(name, "newinstance") != 0 ? -EINVAL : 0;
}

static int devpts_mount(struct super_block *super, const char *text, struct inode **root)
{
	struct devpts_options options = {.mode = 0600, .gid = U32_MAX};
	int err = mount_options_for_each(text, parse_option, &options);
	if (err)
		return err;
	pty_defaults_set(options.mode, options.gid);
	ptmx_mode = options.ptmx_mode & 07777;
	return pseudo_mount(super, &root_entry, DEVPTS_SUPER_MAGIC, root);
}

void devpts_init(void)
{
	static struct fs_type type = {.name = "devpts", .mount = devpts_mount, .single = true};
	fs_type_register(&type);
}

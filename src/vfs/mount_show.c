/*
 * Mounts as text: the lines of /proc/mounts and /proc/PID/mountinfo.
 */
#include "lib/atomic.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/mount_int.h"

struct line {
	char *buf;
	size_t size, length;
};

static void line_text(struct line *line, const char *text)
{
	line->length += kscnprintf(line->buf + line->length, line->size - line->length, "%s", text);
}

/* White space and backslashes would end a column: they become octal. */
static void line_escaped(struct line *line, const char *text)
{
	for (; *text && line->length + 5 < line->size; text++) {
		if (strchr(" \t\n\\#", *text))
			line->length +=
			    kscnprintf(line->buf + line->length, line->size - line->length,
				       "\\%03o", (unsigned char)*text);
		else
			line->buf[line->length++] = *text;
	}
	line->buf[line->length] = 0;
}

/* The path of (mount, dentry) as seen from root. False: it can't be seen from there. */
static int line_path(struct line *line, struct mount *mount, struct dentry *dentry,
		     const struct path *root)
{
	struct path path = {.mount = mount, .dentry = dentry};
	char *buf = kmalloc(PATH_MAX_SIZE, MM_NORMAL), *text;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	text = path_to_string(&path, root, buf, PATH_MAX_SIZE);
	if (IS_ERR(text))
		err = (int)PTR_ERR(text);
	else if (*text != '/')
		err = -ENOENT;
	else
		line_escaped(line, text);
	kfree(buf);
	return err;
}

static void line_mount_flags(struct line *line, const struct mount *mount)
{
	static const struct {
		unsigned int flag;
		const char *text;
	} flags[] = {
	    {MOUNT_NOSUID, ",nosuid"},           {MOUNT_NODEV, ",nodev"},
	    {MOUNT_NOEXEC, ",noexec"},           {MOUNT_NOATIME, ",noatime"},
	    {MOUNT_NODIRATIME, ",nodiratime"},   {MOUNT_RELATIME, ",relatime"},
	    {MOUNT_NOSYMFOLLOW, ",nosymfollow"},
	};
	unsigned int have = atomic_load(&mount->flags);

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (have & flags[i].flag)
			line_text(line, flags[i].text);
}

static void line_super_options(struct line *line, struct super_block *super)
{
	if (atomic_load(&super->flags) & SUPER_SYNC)
		line_text(line, ",sync");
	if (super->ops->show_options)
		line->length += super->ops->show_options(super, line->buf + line->length,
							 line->size - line->length);
}

ssize_t mount_describe(struct mount *mount, const struct path *root, char *buf, size_t size)
{
	struct line line = {.buf = buf, .size = size};
	int err;

	if (size < 16)
		return -EINVAL;
	line_escaped(&line, mount->source);
	line_text(&line, " ");
	err = line_path(&line, mount, mount->root, root);
	if (err)
		return err;
	line_text(&line, " ");
	line_escaped(&line, mount->super->type->name);
	line_text(&line, mount_is_read_only(mount) ? " ro" : " rw");
	if (atomic_load(&mount->super->flags) & SUPER_SYNC)
		line_text(&line, ",sync");
	line_mount_flags(&line, mount);
	if (mount->super->ops->show_options)
		line.length += mount->super->ops->show_options(mount->super, buf + line.length,
							       size - line.length);
	line_text(&line, " 0 0\n");
	return (ssize_t)line.length;
}

ssize_t mount_describe_info(struct mount *mount, const struct path *root, char *buf, size_t size)
{
	struct super_block *super = mount->super;
	struct path super_root = {.mount = mount, .dentry = super->root};
	struct line line = {.buf = buf, .size = size};
	int err;

	if (size < 16)
		return -EINVAL;
	line.length = kscnprintf(buf, size, "%u %u %u:%u ", mount->id, mount->parent->id,
				 super->dev_major, super->dev_minor);
	/* Which part of the volume the mount shows. */
	err = line_path(&line, mount, mount->root, &super_root);
	if (err == -ENOENT) {
		line_text(&line, "/");
		err = 0;
	}
	if (err)
		return err;
	line_text(&line, " ");
	err = line_path(&line, mount, mount->root, root);
	if (err)
		return err;
	line_text(&line, atomic_load(&mount->flags) & MOUNT_RDONLY ? " ro" : " rw");
	line_mount_flags(&line, mount);
	line_text(&line, " - ");
	line_escaped(&line, super->type->name);
	line_text(&line, " ");
	line_escaped(&line, mount->source);
	line_text(&line, atomic_load(&super->flags) & SUPER_RDONLY ? " ro" : " rw");
	line_super_options(&line, super);
	line_text(&line, "\n");
	return (ssize_t)line.length;
}

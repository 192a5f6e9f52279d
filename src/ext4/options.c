/* Mount options: those of Linux that mean something here. */
#include "ext4/ext4_int.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vfs/block.h"
#include "vfs/path.h"

#include <linux/fcntl.h>

/*
 * Accepted and without effect, because what they ask for is how it works anyway: the mount's own
 * flags, which come in another way, and Linux's defaults. An option that asks for anything else
 * that does not exist here (nodelalloc, stripe, ...) is refused, so that nobody relies on it. The
 * whole list is in docs/architecture.md.
 */
static const char *const harmless[] = {
    "defaults",
    "rw",
    "ro",
    "relatime",
    "noatime",
    "atime",
    "strictatime",
    "nodiratime",
    "lazytime",
    "nolazytime",
    "delalloc",
    "block_validity",
    "noinit_itable",
    "dioread_nolock",
    "i_version",
    "oldalloc",
    "orlov",
    "prefetch_block_bitmaps",
    "check=none",
    "nocheck",
    "data_err=ignore",
};
/* These tune what has no such knob: a hint may be left. */
static const char *const harmless_valued[] = {
    "journal_ioprio",
    "max_batch_time",
    "min_batch_time",
};

#define COMMIT_MAX 900u /* seconds; the limit of Linux is of the same order */

static bool option_is(const char *option, size_t n, const char *name)
{
	return strlen(name) == n && memcmp(option, name, n) == 0;
}

/* NAME=0 sets the flag that turns something off, any other number clears it. */
static int parse_off_switch(const char *value, unsigned int flag, struct ext4_options *options)
{
	u32 number;

	if (parse_u32(value, 10, &number))
		return -EINVAL;
	options->flags = number ? options->flags & ~flag : options->flags | flag;
	return 0;
}

/* A device node; or, when there are no nodes yet, what it would be called. */
static int parse_journal_path(const char *name, struct ext4_options *options)
{
	struct block_device *bdev = NULL;
	struct path path;
	int err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (!err) {
		if (block_find_node(path.dentry->inode, &bdev))
			bdev = NULL;
		path_put(&path);
	} else if (strncmp(name, "/dev/", 5) == 0) {
		bdev = block_find(name + 5);
	}
	if (!bdev)
		return -EINVAL;
	options->journal_dev =
	    (bdev->minor & 0xff) | bdev->major << 8 | (bdev->minor & ~0xffu) << 12;
	return 0;
}

static int parse_journal_dev(const char *value, struct ext4_options *options)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');

	return parse_u32(value + (hex ? 2 : 0), hex ? 16 : 10, &options->journal_dev) ? -EINVAL : 0;
}

static int parse_data(const char *value, struct ext4_options *options)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} modes[] = {
	    {"ordered", 0},
	    {"writeback", EXT4_OPT_WRITEBACK},
	    {"journal", EXT4_OPT_DATA_JOURNAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(value, modes[i].name) == 0) {
			options->flags = (options->flags & ~EXT4_OPTS_DATA) | modes[i].flag;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_value(const struct ext4_fs *fs, const char *name, size_t name_length,
		       const char *value, struct ext4_options *options)
{
	u32 number = 0;

	if (option_is(name, name_length, "errors")) {
		if (strcmp(value, "continue") == 0)
			options->errors = EXT4_ERRORS_CONTINUE;
		else if (strcmp(value, "remount-ro") == 0)
			options->errors = EXT4_ERRORS_RO;
		else if (strcmp(value, "panic") == 0)
			options->errors = EXT4_ERRORS_PANIC;
		else
			return -EINVAL;
		return 0;
	}
	if (option_is(name, name_length, "sb") || option_is(name, name_length, "resuid") ||
	    option_is(name, name_length, "resgid")) {
		if (parse_u32(value, 10, &number))
			return -EINVAL;
		if (name[0] == 's')
			options->sb_block = number;
		else if (name[3] == 'u')
			options->resuid = number;
		else
			options->resgid = number;
		return 0;
	}
	if (option_is(name, name_length, "barrier"))
		return parse_off_switch(value, EXT4_OPT_NOBARRIER, options);
	if (option_is(name, name_length, "commit")) {
		if (parse_u32(value, 10, &number) || number > COMMIT_MAX)
			return -EINVAL;
		options->commit_seconds = number ? number : EXT4_COMMIT_SECONDS;
		return 0;
	}
	if (option_is(name, name_length, "auto_da_alloc"))
		return parse_off_switch(value, EXT4_OPT_NO_AUTO_DA_ALLOC, options);
	if (option_is(name, name_length, "inode_readahead_blks")) {
		if (parse_u32(value, 10, &number) || (number && !is_pow2(number)) ||
		    number > 1u << 30)
			return -EINVAL;
		options->inode_readahead = number;
		return 0;
	}
	if (option_is(name, name_length, "max_dir_size_kb"))
		return parse_u32(value, 10, &options->max_dir_kib) ? -EINVAL : 0;
	if (option_is(name, name_length, "journal_path"))
		return parse_journal_path(value, options);
	if (option_is(name, name_length, "journal_dev"))
		return parse_journal_dev(value, options);
	if (option_is(name, name_length, "data")) {
		return parse_data(value, options);
	}
	for (size_t i = 0; i < ARRAY_SIZE(harmless_valued); i++)
		if (option_is(name, name_length, harmless_valued[i]))
			return 0;
	return -EINVAL;
}

static int parse_one(const struct ext4_fs *fs, const char *option, struct ext4_options *options)
{
	static const struct {
		const char *name;
		unsigned int set, clear;
	} flags[] = {
	    {"noload", EXT4_OPT_NOLOAD, 0},
	    {"norecovery", EXT4_OPT_NOLOAD, 0},
	    {"minixdf", EXT4_OPT_MINIXDF, 0},
	    {"bsddf", 0, EXT4_OPT_MINIXDF},
	    {"grpid", EXT4_OPT_GRPID, 0},
	    {"bsdgroups", EXT4_OPT_GRPID, 0},
	    {"nogrpid", 0, EXT4_OPT_GRPID},
	    {"sysvgroups", 0, EXT4_OPT_GRPID},
	    {"debug", EXT4_OPT_DEBUG, 0},
	    {"barrier", 0, EXT4_OPT_NOBARRIER},
	    {"nobarrier", EXT4_OPT_NOBARRIER, 0},
	    {"discard", EXT4_OPT_DISCARD, 0},
	    {"nodiscard", 0, EXT4_OPT_DISCARD},
	    {"journal_checksum", EXT4_OPT_JOURNAL_CHECKSUM, 0},
	    {"nojournal_checksum", 0, EXT4_OPT_JOURNAL_CHECKSUM},
	    {"auto_da_alloc", 0, EXT4_OPT_NO_AUTO_DA_ALLOC},
	    {"noauto_da_alloc", EXT4_OPT_NO_AUTO_DA_ALLOC, 0},
	    {"quota", EXT4_OPT_USRQUOTA, 0},
	    {"usrquota", EXT4_OPT_USRQUOTA, 0},
	    {"grpquota", EXT4_OPT_GRPQUOTA, 0},
	    {"prjquota", EXT4_OPT_PRJQUOTA, 0},
	    {"noquota", 0, EXT4_OPT_QUOTAS},
	    {"acl", 0, EXT4_OPT_NO_ACL},
	    {"noacl", EXT4_OPT_NO_ACL, 0},
	    {"user_xattr", 0, EXT4_OPT_NO_USER_XATTR},
	    {"nouser_xattr", EXT4_OPT_NO_USER_XATTR, 0},
	};
	const char *value = strchr(option, '=');

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strcmp(option, harmless[i]) == 0)
			return 0;
	if (value)
		return parse_value(fs, option, (size_t)(value - option), value + 1, options);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(option, flags[i].name) == 0) {
			options->flags |= flags[i].set;
			options->flags &= ~flags[i].clear;
			return 0;
		}
	}
	return -EINVAL;
}

int ext4_options_parse(struct ext4_fs *fs, const char *text, struct ext4_options *options)
{
	if (!text || !*text)
		return 0;
	char *copy = kstrdup(text, MM_NORMAL);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *at = copy; at && !err;) {
		char *next = strchr(at, ',');

		if (next)
			*next++ = '\0';
		if (*at)
			err = parse_one(fs, at, options);
		if (err)
			log_err("%s: %s: mount option \"%s\" is not supported", fs->type_name,
				fs->super->id, at);
		at = next;
	}
	kfree(copy);
	return err;
}

size_t ext4_show_options(struct super_block *super, char *buf, size_t size)
{
	struct ext4_fs *fs = ext4_fs(super);
	static const char *const errors[] = {"", ",errors=continue", ",errors=remount-ro",
					     ",errors=panic"};
	size_t n = 0;

	if (!size)
		return 0;
	buf[0] = '\0';
	if (fs->options.flags & EXT4_OPT_MINIXDF)
		n += kscnprintf(buf + n, size - n, ",minixdf");
	if (fs->options.flags & EXT4_OPT_GRPID)
		n += kscnprintf(buf + n, size - n, ",grpid");
	if (fs->options.flags & EXT4_OPT_NO_ACL)
		n += kscnprintf(buf + n, size - n, ",noacl");
	if (fs->options.flags & EXT4_OPT_NO_USER_XATTR)
		n += kscnprintf(buf + n, size - n, ",nouser_xattr");
	if (fs->options.flags & EXT4_OPT_USRQUOTA)
		n += kscnprintf(buf + n, size - n, ",usrquota");
	if (fs->options.flags & EXT4_OPT_GRPQUOTA)
		n += kscnprintf(buf + n, size - n, ",grpquota");
	if (fs->options.flags & EXT4_OPT_PRJQUOTA)
		n += kscnprintf(buf + n, size - n, ",prjquota");
	if (fs->options.flags & EXT4_OPT_DEBUG)
		n += kscnprintf(buf + n, size - n, ",debug");
	if (fs->options.flags & EXT4_OPT_NO_AUTO_DA_ALLOC)
		n += kscnprintf(buf + n, size - n, ",noauto_da_alloc");
	if (fs->options.inode_readahead != EXT4_INODE_READAHEAD)
		n += kscnprintf(buf + n, size - n, ",inode_readahead_blks=%u",
				fs->options.inode_readahead);
	if (fs->options.max_dir_kib)
		n += kscnprintf(buf + n, size - n, ",max_dir_size_kb=%u", fs->options.max_dir_kib);
	if (fs->options.flags & EXT4_OPT_WRITEBACK)
		n += kscnprintf(buf + n, size - n, ",data=writeback");
	if (fs->options.flags & EXT4_OPT_DATA_JOURNAL)
		n += kscnprintf(buf + n, size - n, ",data=journal");
	if (fs->options.flags & EXT4_OPT_NOBARRIER)
		n += kscnprintf(buf + n, size - n, ",nobarrier");
	if (fs->options.flags & EXT4_OPT_DISCARD)
		n += kscnprintf(buf + n, size - n, ",discard");
	if (fs->options.flags & EXT4_OPT_JOURNAL_CHECKSUM)
		n += kscnprintf(buf + n, size - n, ",journal_checksum");
	if (fs->options.commit_seconds != EXT4_COMMIT_SECONDS)
		n += kscnprintf(buf + n, size - n, ",commit=%u", fs->options.commit_seconds);
	if (fs->options.resuid != le16_get(fs->raw->s_def_resuid))
		n += kscnprintf(buf + n, size - n, ",resuid=%u", fs->options.resuid);
	if (fs->options.resgid != le16_get(fs->raw->s_def_resgid))
		n += kscnprintf(buf + n, size - n, ",resgid=%u", fs->options.resgid);
	if (fs->options.sb_block != 1)
		n += kscnprintf(buf + n, size - n, ",sb=%llu", fs->options.sb_block);
	if (fs->options.flags & EXT4_OPT_NOLOAD)
		n += kscnprintf(buf + n, size - n, ",norecovery");
	if (fs->options.errors != le16_get(fs->raw->s_errors))
		n += kscnprintf(buf + n, size - n, "%s", errors[fs->options.errors & 3]);
	return n;
}

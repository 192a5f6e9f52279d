/* Feature bits: what this code understands, and the names of all, for messages. */
#include "ext4/ext4.h"
#include "ext4/ext4_int.h"
#include "lib/log.h"

struct feature {
	u32 bit;
	const char *name;
};

static const struct feature compat_names[] = {
    {EXT4_COMPAT_DIR_PREALLOC, "dir_prealloc"}, {EXT4_COMPAT_HAS_JOURNAL, "has_journal"},
    {EXT4_COMPAT_EXT_ATTR, "ext_attr"},         {EXT4_COMPAT_RESIZE_INODE, "resize_inode"},
    {EXT4_COMPAT_DIR_INDEX, "dir_index"},       {EXT4_COMPAT_SPARSE_SUPER2, "sparse_super2"},
    {EXT4_COMPAT_FAST_COMMIT, "fast_commit"},   {EXT4_COMPAT_ORPHAN_FILE, "orphan_file"},
};

static const struct feature incompat_names[] = {
    {EXT4_INCOMPAT_COMPRESSION, "compression"},
    {EXT4_INCOMPAT_FILETYPE, "filetype"},
    {EXT4_INCOMPAT_RECOVER, "needs_recovery"},
    {EXT4_INCOMPAT_JOURNAL_DEV, "journal_dev"},
    {EXT4_INCOMPAT_META_BG, "meta_bg"},
    {EXT4_INCOMPAT_EXTENTS, "extent"},
    {EXT4_INCOMPAT_64BIT, "64bit"},
    {EXT4_INCOMPAT_MMP, "mmp"},
    {EXT4_INCOMPAT_FLEX_BG, "flex_bg"},
    {EXT4_INCOMPAT_EA_INODE, "ea_inode"},
    {EXT4_INCOMPAT_DIRDATA, "dirdata"},
    {EXT4_INCOMPAT_CSUM_SEED, "metadata_csum_seed"},
    {EXT4_INCOMPAT_LARGEDIR, "large_dir"},
    {EXT4_INCOMPAT_INLINE_DATA, "inline_data"},
    {EXT4_INCOMPAT_ENCRYPT, "encrypt"},
    {EXT4_INCOMPAT_CASEFOLD, "casefold"},
};

static const struct feature ro_compat_names[] = {
    {EXT4_RO_COMPAT_SPARSE_SUPER, "sparse_super"},
    {EXT4_RO_COMPAT_LARGE_FILE, "large_file"},
    {EXT4_RO_COMPAT_BTREE_DIR, "btree_dir"},
    {EXT4_RO_COMPAT_HUGE_FILE, "huge_file"},
    {EXT4_RO_COMPAT_GDT_CSUM, "uninit_bg"},
    {EXT4_RO_COMPAT_DIR_NLINK, "dir_nlink"},
    {EXT4_RO_COMPAT_EXTRA_ISIZE, "extra_isize"},
    {EXT4_RO_COMPAT_QUOTA, "quota"},
    {EXT4_RO_COMPAT_BIGALLOC, "bigalloc"},
    {EXT4_RO_COMPAT_METADATA_CSUM, "metadata_csum"},
    {EXT4_RO_COMPAT_REPLICA, "replica"},
    {EXT4_RO_COMPAT_READONLY, "read-only"},
    {EXT4_RO_COMPAT_PROJECT, "project"},
    {EXT4_RO_COMPAT_SHARED_BLOCKS, "shared_blocks"},
    {EXT4_RO_COMPAT_VERITY, "verity"},
    {EXT4_RO_COMPAT_ORPHAN_PRESENT, "orphan_present"},
};

#define INCOMPAT_KNOWN                                                                             \
	(EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_RECOVER | EXT4_INCOMPAT_META_BG |                  \
	 EXT4_INCOMPAT_EXTENTS | EXT4_INCOMPAT_64BIT | EXT4_INCOMPAT_MMP | EXT4_INCOMPAT_FLEX_BG | \
	 EXT4_INCOMPAT_EA_INODE | EXT4_INCOMPAT_INLINE_DATA | EXT4_INCOMPAT_CSUM_SEED |            \
	 EXT4_INCOMPAT_LARGEDIR | EXT4_INCOMPAT_ENCRYPT | EXT4_INCOMPAT_CASEFOLD)
#define RO_COMPAT_KNOWN                                                                            \
	(EXT4_RO_COMPAT_SPARSE_SUPER | EXT4_RO_COMPAT_LARGE_FILE | EXT4_RO_COMPAT_HUGE_FILE |      \
	 EXT4_RO_COMPAT_GDT_CSUM | EXT4_RO_COMPAT_DIR_NLINK | EXT4_RO_COMPAT_EXTRA_ISIZE |         \
	 EXT4_RO_COMPAT_BIGALLOC | EXT4_RO_COMPAT_METADATA_CSUM | EXT4_RO_COMPAT_VERITY |          \
	 EXT4_RO_COMPAT_ORPHAN_PRESENT | EXT4_RO_COMPAT_QUOTA | EXT4_RO_COMPAT_PROJECT)

static const char *name_in(const struct feature *names, size_t n, u32 bit)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].bit == bit)
			return names[i].name;
	return NULL;
}

const char *ext4_feature_name(enum ext4_feature_set set, u32 bit)
{
	switch (set) {
	case EXT4_FEATURES_COMPAT:
		return name_in(compat_names, ARRAY_SIZE(compat_names), bit);
	case EXT4_FEATURES_INCOMPAT:
		return name_in(incompat_names, ARRAY_SIZE(incompat_names), bit);
	default:
		return name_in(ro_compat_names, ARRAY_SIZE(ro_compat_names), bit);
	}
}

static void say(const struct ext4_fs *fs, u32 bits, const struct feature *names, size_t n,
		const char *set, const char *what)
{
	for (u32 bit = 1; bit; bit <<= 1) {
		const char *name = name_in(names, n, bit);

		if (!(bits & bit))
			continue;
		if (name)
			log_err("%s: %s: %s: feature %s is not supported", fs->type_name,
				fs->super->id, what, name);
		else
			log_err("%s: %s: %s: unknown %s feature bit %#x", fs->type_name,
				fs->super->id, what, set, bit);
	}
}

static int check_recovery(const struct ext4_fs *fs, bool read_only)
{
	if (!(fs->incompat & EXT4_INCOMPAT_RECOVER))
		return 0;
	if (!(fs->compat & EXT4_COMPAT_HAS_JOURNAL)) {
		log_err("%s: %s: mount refused: needs_recovery is set, but there is no journal; "
			"run e2fsck",
			fs->type_name, fs->super->id);
		return -EUCLEAN;
	}
	if (fs->options.flags & EXT4_OPT_NOLOAD) {
		if (!read_only) {
			log_err("%s: %s: mounting read-write refused: the journal must be replayed "
				"first, which norecovery forbids",
				fs->type_name, fs->super->id);
			return -EROFS;
		}
		log_warn("%s: %s: mounted without replaying its journal: contents may be stale",
			 fs->type_name, fs->super->id);
		return 0;
	}
	if (fs->bdev->read_only) {
		log_err("%s: %s: mount refused: the journal must be replayed first, but the device "
			"is read-only; mount with ro,norecovery",
			fs->type_name, fs->super->id);
		return -EROFS;
	}
	if (read_only)
		log_info(
		    "%s: %s: recovery is needed: writing to a volume that is mounted read-only",
		    fs->type_name, fs->super->id);
	return 0;
}

int ext4_features_check(struct ext4_fs *fs, bool read_only)
{
	u32 bad = fs->incompat & ~INCOMPAT_KNOWN;

	if (bad) {
		say(fs, bad, incompat_names, ARRAY_SIZE(incompat_names), "incompat",
		    "mount refused");
		return -EINVAL;
	}
	bad = fs->ro_compat & ~RO_COMPAT_KNOWN;
	if (bad && !read_only) {
		say(fs, bad, ro_compat_names, ARRAY_SIZE(ro_compat_names), "ro_compat",
		    "mounting read-write refused");
		return -EROFS;
	}
	/* A file's map by single blocks could not say what its clusters are. */
	if ((fs->ro_compat & EXT4_RO_COMPAT_BIGALLOC) && !(fs->incompat & EXT4_INCOMPAT_EXTENTS)) {
		log_err("%s: %s: mount refused: feature bigalloc needs extent", fs->type_name,
			fs->super->id);
		return -EINVAL;
	}
	return check_recovery(fs, read_only);
}

/* Dquots: their life, and what of inodes they count. quota.h tells the theory. */
#include "ext4/quota_int.h"
#include "ext4/txn_int.h"
#include "ext4/xattr_int.h"
#include "lib/assert.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vfs/cred.h"

/* ---- finding ---- */

static struct list_head *bucket_of(struct ext4_quota *quota, enum ext4_quota_type type, u32 id)
{
	return &quota->buckets[hash_u64((u64)type << 32 | id) % EXT4_QUOTA_BUCKETS];
}

/* A reference on one that is in memory; NULL: none. */
static struct ext4_dquot *find_cached(struct ext4_quota *quota, enum ext4_quota_type type, u32 id)
{
	struct ext4_dquot *dquot, *found = NULL;

	spin_lock(&quota->lock);
	list_for_each_entry(dquot, bucket_of(quota, type, id), node) {
		if (dquot->id == id && dquot->type == type) {
			dquot->refs++;
			found = dquot;
			break;
		}
	}
	spin_unlock(&quota->lock);
	return found;
}

static const struct ext4_quota_entry *entry_of(const struct ext4_quota_place *place)
{
	return (const void *)((const u8 *)place->buffer->data + place->offset);
}

/* mutex is held, so that nobody else reads the same. */
static struct ext4_dquot *dquot_load(struct ext4_quota *quota, enum ext4_quota_type type, u32 id,
				     const struct ext4_quota_place *place)
{
	const struct ext4_quota_entry *entry = entry_of(place);
	struct ext4_dquot *dquot = kmalloc(sizeof(*dquot), MM_NOFS | MM_ZERO);

	if (!dquot)
		return NULL;
	*dquot = (struct ext4_dquot){
	    .refs = 1,
	    .id = id,
	    .type = type,
	    .place = *place,
	    .space = le64_get(entry->space),
	    .inodes = le64_get(entry->inodes),
	    .space_hard = le64_get(entry->space_hard),
	    .space_soft = le64_get(entry->space_soft),
	    .inode_hard = le64_get(entry->inode_hard),
	    .inode_soft = le64_get(entry->inode_soft),
	    .space_time = le64_get(entry->space_time),
	    .inode_time = le64_get(entry->inode_time),
	};
	if (!dquot->space && !dquot->inodes) /* then it is what keeps the entry from being zeroes */
		dquot->inode_time = 0;
	list_init(&dquot->dirty_node);
	spin_lock(&quota->lock);
	list_add_tail(&dquot->node, bucket_of(quota, type, id));
	spin_unlock(&quota->lock);
	return dquot;
}

static int find_locked(struct ext4_quota *quota, enum ext4_quota_type type, u32 id, bool create,
		       struct ext4_dquot **out)
{
	struct ext4_quota_file *file = &quota->files[type];
	struct ext4_quota_place place;

	*out = find_cached(quota, type, id);
	if (*out)
		return 0;
	int err = ext4_quota_tree_find(file, id, &place);

	if (err == -ENOENT && create)
		err = ext4_quota_tree_insert(file, id, &place);
	if (err)
		return err;
	*out = dquot_load(quota, type, id, &place);
	if (*out)
		return 0;
	buffer_put(place.buffer);
	return -ENOMEM;
}

int ext4_dquot_get(struct ext4_quota *quota, enum ext4_quota_type type, u32 id, bool create,
		   struct ext4_dquot **out)
{
	*out = find_cached(quota, type, id);
	if (*out)
		return 0;
	mutex_lock(&quota->mutex);
	int err = find_locked(quota, type, id, create, out);
	mutex_unlock(&quota->mutex);
	return err;
}

void ext4_dquot_put(struct ext4_quota *quota, struct ext4_dquot *dquot)
{
	bool gone = false;

	if (!dquot)
		return;
	spin_lock(&quota->lock);
	VERIFY_NE(dquot->refs, 0u);
	if (!--dquot->refs) {
		list_del(&dquot->node);
		gone = true;
	}
	spin_unlock(&quota->lock);
	if (gone) {
		buffer_put(dquot->place.buffer);
		kfree(dquot);
	}
}

/* ---- transactions ---- */

int ext4_dquot_dirty(struct ext4_handle *handle, struct ext4_dquot *dquot)
{
	struct ext4_quota *quota = handle->fs->quota;

	if (list_is_linked(&dquot->dirty_node)) /* closing can't take it off now */
		return 0;
	int err = ext4_txn_access_buffer(handle, dquot->place.buffer, false);

	if (err)
		return err;
	ext4_txn_dirty(handle, dquot->place.buffer, EXT4_CSUM_NONE, NULL);
	spin_lock(&quota->lock);
	if (!list_is_linked(&dquot->dirty_node)) {
		list_add_tail(&dquot->dirty_node, &quota->dirty);
		dquot->refs++;
	}
	spin_unlock(&quota->lock);
	return 0;
}

int ext4_quota_dirty(struct ext4_handle *handle, struct ext4_inode *inode)
{
	int err = 0;

	if (likely(!handle->fs->quota))
		return 0;
	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++)
		if (inode->dquot[i])
			err = ext4_dquot_dirty(handle, inode->dquot[i]);
	return err;
}

static void fill_entry(const struct ext4_dquot *dquot)
{
	struct ext4_quota_entry *entry =
	    (void *)((u8 *)dquot->place.buffer->data + dquot->place.offset);

	*entry = (struct ext4_quota_entry){
	    .id = le32_make(dquot->id),
	    .inode_hard = le64_make(dquot->inode_hard),
	    .inode_soft = le64_make(dquot->inode_soft),
	    .inodes = le64_make(dquot->inodes),
	    .space_hard = le64_make(dquot->space_hard),
	    .space_soft = le64_make(dquot->space_soft),
	    .space = le64_make(dquot->space),
	    .space_time = le64_make(dquot->space_time),
	    .inode_time = le64_make(dquot->inode_time),
	};
	bool says_nothing = !dquot->id && !dquot->inode_hard && !dquot->inode_soft &&
			    !dquot->inodes && !dquot->space_hard && !dquot->space_soft &&
			    !dquot->space && !dquot->space_time && !dquot->inode_time;

	if (says_nothing)
		entry->inode_time = le64_make(1);
}

static struct ext4_dquot *take_dirty(struct ext4_quota *quota)
{
	struct ext4_dquot *dquot = NULL;

	spin_lock(&quota->lock);
	if (!list_empty(&quota->dirty)) {
		dquot = list_first_entry(&quota->dirty, struct ext4_dquot, dirty_node);
		list_del(&dquot->dirty_node);
	}
	spin_unlock(&quota->lock);
	return dquot;
}

void ext4_quota_copy_out(struct ext4_fs *fs)
{
	struct ext4_dquot *dquot;

	if (!fs->quota)
		return;
	while ((dquot = take_dirty(fs->quota)) != NULL) {
		fill_entry(dquot);
		ext4_dquot_put(fs->quota, dquot);
	}
}

/* ---- inodes ---- */

bool ext4_quota_is_file(const struct ext4_fs *fs, u32 ino)
{
	if (!(fs->ro_compat & EXT4_RO_COMPAT_QUOTA))
		return false;
	return ino == le32_get(fs->raw->s_usr_quota_inum) ||
	       ino == le32_get(fs->raw->s_grp_quota_inum) ||
	       ino == le32_get(fs->raw->s_prj_quota_inum);
}

static bool is_counted(const struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	u32 ino = ext4_ino(inode);

	return (ino == EXT4_INO_ROOT || ino >= fs->first_ino) &&
	       !(inode->flags & EXT4_EA_INODE_FL) && !ext4_quota_is_file(fs, ino) &&
	       !((fs->compat & EXT4_COMPAT_ORPHAN_FILE) &&
		 ino == le32_get(fs->raw->s_orphan_file_inum));
}

static u32 owner_of(const struct ext4_inode *inode, enum ext4_quota_type type)
{
	switch (type) {
	case EXT4_QUOTA_USER:
		return inode->vfs.uid;
	case EXT4_QUOTA_GROUP:
		return inode->vfs.gid;
	default:
		return inode->project;
	}
}

static int attach(struct ext4_inode *inode, bool create)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_quota *quota = fs->quota;

	if (!quota || !is_counted(inode))
		return 0;
	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++) {
		struct ext4_dquot *dquot;

		if (!quota->files[i].inode || atomic_load(&inode->dquot[i]))
			continue;
		int err = ext4_dquot_get(quota, i, owner_of(inode, i), create, &dquot);

		if (err == -ENOMEM)
			return err;
		if (err && create) /* what it uses is not counted: nobody is kept from the file */
			ext4_error(fs, ext4_ino(inode), 0, "%s quota of %u can't be kept: error %d",
				   ext4_quota_name(i), owner_of(inode, i), -err);
		if (err)
			continue;
		spin_lock(&quota->lock);
		if (!inode->dquot[i]) {
			inode->dquot[i] = dquot;
			dquot = NULL;
		}
		spin_unlock(&quota->lock);
		ext4_dquot_put(quota, dquot);
	}
	return 0;
}

int ext4_quota_attach(struct ext4_inode *inode)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);

	return attach(inode, !(atomic_load(&fs->super->flags) & SUPER_RDONLY));
}

void ext4_quota_detach(struct ext4_inode *inode)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_quota *quota = fs ? fs->quota : NULL;

	for (u32 i = 0; quota && i < EXT4_QUOTA_TYPES; i++) {
		ext4_dquot_put(quota, inode->dquot[i]);
		inode->dquot[i] = NULL;
	}
}

void ext4_quota_unpin(struct ext4_fs *fs, struct ext4_quota_pins *pins)
{
	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++) {
		ext4_dquot_put(fs->quota, pins->dquot[i]);
		pins->dquot[i] = NULL;
	}
}

int ext4_quota_pin(struct ext4_fs *fs, unsigned int mask, const u32 ids[EXT4_QUOTA_TYPES],
		   struct ext4_quota_pins *pins)
{
	int err = 0;

	*pins = (struct ext4_quota_pins){{NULL}};
	if (!fs->quota)
		return 0;
	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++)
		if ((mask & 1u << i) && fs->quota->files[i].inode)
			err = ext4_dquot_get(fs->quota, i, ids[i], true, &pins->dquot[i]);
	if (err)
		ext4_quota_unpin(fs, pins);
	return err;
}

int ext4_quota_pin_new(struct inode *dir, struct ext4_quota_pins *pins)
{
	struct ext4_fs *fs = ext4_fs(dir->super);
	u32 ids[EXT4_QUOTA_TYPES];

	*pins = (struct ext4_quota_pins){{NULL}};
	if (likely(!fs->quota))
		return 0;
	ext4_inode_owners(dir, &ids[EXT4_QUOTA_USER], &ids[EXT4_QUOTA_GROUP],
			  &ids[EXT4_QUOTA_PROJECT]);
	return ext4_quota_pin(fs, ~0u, ids, pins);
}

/* ---- usage; the lock is held ---- */

static void add(struct ext4_quota *quota, struct ext4_dquot *dquot, s64 bytes, s64 inodes)
{
	/* Less than nothing: the file was wrong, which e2fsck finds. */
	dquot->space = bytes < 0 && dquot->space < (u64)-bytes ? 0 : dquot->space + (u64)bytes;
	dquot->inodes =
	    inodes < 0 && dquot->inodes < (u64)-inodes ? 0 : dquot->inodes + (u64)inodes;
	ext4_dquot_update_grace(quota, dquot);
}

static int check_all(struct ext4_quota *quota, struct ext4_dquot *const *dquots, u64 bytes,
		     u64 inodes)
{
	int err = 0;

	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++)
		if (dquots[i])
			err = ext4_dquot_check(quota, dquots[i], bytes, inodes);
	return err;
}

static void add_all(struct ext4_quota *quota, struct ext4_inode *inode, s64 bytes, s64 inodes)
{
	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++)
		if (inode->dquot[i])
			add(quota, inode->dquot[i], bytes, inodes);
}

/* ---- usage ---- */

void ext4_quota_add(struct ext4_inode *inode, s64 bytes, s64 inodes)
{
	struct ext4_quota *quota = ext4_inode_fs(inode)->quota;

	if (likely(!quota))
		return;
	spin_lock(&quota->lock);
	add_all(quota, inode, bytes, inodes);
	spin_unlock(&quota->lock);
}

int ext4_quota_charge_new(struct ext4_inode *inode)
{
	struct ext4_quota *quota = ext4_inode_fs(inode)->quota;

	if (likely(!quota) || !is_counted(inode))
		return 0;
	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++)
		if (quota->files[i].inode)
			inode->dquot[i] = find_cached(quota, i, owner_of(inode, i));
	spin_lock(&quota->lock);
	int err = check_all(quota, inode->dquot, 0, 1);

	if (!err)
		add_all(quota, inode, 0, 1);
	spin_unlock(&quota->lock);
	return err;
}

int ext4_quota_transfer(struct ext4_handle *handle, struct ext4_inode *inode,
			struct ext4_quota_pins *pins)
{
	struct ext4_quota *quota = handle->fs->quota;
	struct ext4_dquot *to[EXT4_QUOTA_TYPES];
	int err = 0;

	if (likely(!quota) || !is_counted(inode))
		return 0;
	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++) {
		to[i] = pins->dquot[i] == inode->dquot[i] ? NULL : pins->dquot[i];
		if (to[i])
			err = ext4_dquot_dirty(handle, to[i]);
	}
	if (err)
		return err;
	s64 inodes = 1 + (s64)ext4_xattr_count_values(inode);

	spin_lock(&quota->lock);
	s64 bytes = (s64)(inode->vfs.blocks << SECTOR_SHIFT);
	u64 reserved = (u64)inode->quota_reserved << handle->fs->block_bits;

	err = check_all(quota, to, (u64)bytes + reserved, (u64)inodes);
	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++) {
		struct ext4_dquot *from = inode->dquot[i];

		if (!to[i])
			continue;
		if (from) {
			add(quota, from, -bytes, -inodes);
			from->reserved -= reserved;
		}
		add(quota, to[i], bytes, inodes);
		to[i]->reserved += reserved;
		inode->dquot[i] = to[i];
		pins->dquot[i] = from; /* unpinning drops the inode's old reference */
	}
	spin_unlock(&quota->lock);
	return err;
}

/* ---- limits ---- */

int ext4_quota_check(struct ext4_inode *inode, u64 bytes, u32 inodes)
{
	struct ext4_quota *quota = ext4_inode_fs(inode)->quota;

	if (likely(!quota))
		return 0;
	spin_lock(&quota->lock);
	int err = check_all(quota, inode->dquot, bytes, inodes);
	spin_unlock(&quota->lock);
	return err;
}

int ext4_quota_limit(struct ext4_inode *inode, unsigned int alloc_flags, u32 *blocks)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);

	if (likely(!fs->quota) || (alloc_flags & (EXT4_ALLOC_RESERVED | EXT4_ALLOC_META)))
		return 0;
	u32 fits = 0, too_many = *blocks;

	if (!ext4_quota_check(inode, (u64)*blocks << fs->block_bits, 0))
		return 0;
	while (too_many - fits > 1) {
		u32 n = fits + (too_many - fits) / 2;

		if (ext4_quota_check(inode, (u64)n << fs->block_bits, 0))
			too_many = n;
		else
			fits = n;
	}
	*blocks = fits;
	return fits ? 0 : -EDQUOT;
}

/* The lock is held. */
static void change_reserved(struct ext4_inode *inode, s64 blocks)
{
	s64 bytes = blocks * (s64)ext4_inode_fs(inode)->block_size;

	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++)
		if (inode->dquot[i])
			inode->dquot[i]->reserved += (u64)bytes;
	inode->quota_reserved = (u32)(inode->quota_reserved + blocks);
}

int ext4_quota_reserve(struct ext4_inode *inode, u32 blocks)
{
	struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_quota *quota = fs->quota;

	if (likely(!quota))
		return 0;
	spin_lock(&quota->lock);
	int err = check_all(quota, inode->dquot, (u64)blocks << fs->block_bits, 0);

	if (!err)
		change_reserved(inode, blocks);
	spin_unlock(&quota->lock);
	return err;
}

void ext4_quota_rereserve(struct ext4_inode *inode, u32 blocks)
{
	struct ext4_quota *quota = ext4_inode_fs(inode)->quota;

	if (likely(!quota))
		return;
	spin_lock(&quota->lock);
	change_reserved(inode, blocks);
	spin_unlock(&quota->lock);
}

void ext4_quota_release(struct ext4_inode *inode, u32 blocks)
{
	struct ext4_quota *quota = ext4_inode_fs(inode)->quota;

	if (likely(!quota))
		return;
	spin_lock(&quota->lock);
	u32 claimed = min(blocks, inode->quota_claimed);

	inode->quota_claimed -= claimed;
	change_reserved(inode, -(s64)min(blocks - claimed, inode->quota_reserved));
	spin_unlock(&quota->lock);
}

void ext4_quota_claim(struct ext4_inode *inode, u32 blocks)
{
	const struct ext4_fs *fs = ext4_inode_fs(inode);
	struct ext4_quota *quota = fs->quota;

	if (likely(!quota) || fs->cluster_bits)
		return;
	spin_lock(&quota->lock);
	u32 n = min(blocks, inode->quota_reserved);

	inode->quota_claimed += n;
	change_reserved(inode, -(s64)n);
	spin_unlock(&quota->lock);
}

/* ---- the volume ---- */

static const enum ext4_option limit_options[] = {EXT4_OPT_USRQUOTA, EXT4_OPT_GRPQUOTA,
						 EXT4_OPT_PRJQUOTA};

void ext4_quota_apply_options(struct ext4_fs *fs)
{
	if (!fs->quota)
		return;
	spin_lock(&fs->quota->lock);
	for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++)
		fs->quota->enforced[i] = fs->options.flags & limit_options[i];
	spin_unlock(&fs->quota->lock);
}

static int open_file(struct ext4_fs *fs, struct ext4_quota_file *file)
{
	struct inode *vfs;
	int err = -ESTALE;

	if (file->ino == file->type + 3u ||
	    (file->type == EXT4_QUOTA_PROJECT && file->ino >= fs->first_ino))
		err = ext4_inode_read(fs, file->ino, &vfs);
	if (err == -ESTALE)
		return ext4_error(fs, file->ino, 0, "the number of the %s quota file is invalid",
				  ext4_quota_name(file->type));
	if (err)
		return err;
	file->inode = ext4_inode(vfs);
	if (!S_ISREG(vfs->mode) ||
	    (file->inode->flags & (EXT4_INLINE_DATA_FL | EXT4_EA_INODE_FL | EXT4_ENCRYPT_FL)))
		return ext4_error(fs, file->ino, 0, "the %s quota file is no file",
				  ext4_quota_name(file->type));
	return ext4_quota_tree_open(file);
}

static int open_files(struct ext4_quota *quota)
{
	struct ext4_fs *fs = quota->fs;
	const struct le32 inums[] = {fs->raw->s_usr_quota_inum, fs->raw->s_grp_quota_inum,
				     fs->raw->s_prj_quota_inum};
	int err = 0;

	for (u32 i = 0; i < EXT4_QUOTA_TYPES && !err; i++) {
		struct ext4_quota_file *file = &quota->files[i];

		*file = (struct ext4_quota_file){.fs = fs, .type = i, .ino = le32_get(inums[i])};
		if (i == EXT4_QUOTA_PROJECT && !(fs->ro_compat & EXT4_RO_COMPAT_PROJECT))
			continue;
		if (file->ino)
			err = open_file(fs, file);
	}
	if (err)
		log_err("%s: %s: usage of quota can't be kept: writing refused; run e2fsck, or "
			"mount with ro",
			fs->type_name, fs->super->id);
	return err;
}

static int attach_all(struct ext4_fs *fs, bool create)
{
	int err = 0;

	for (struct inode *inode = inode_next(fs->super, NULL); inode;
	     inode = inode_next(fs->super, inode)) {
		if (!err)
			err = attach(ext4_inode(inode), create);
	}
	return err;
}

int ext4_quota_start(struct ext4_fs *fs)
{
	if (!(fs->ro_compat & EXT4_RO_COMPAT_QUOTA) || fs->quota)
		return 0;
	struct ext4_quota *quota = kcalloc(1, sizeof(*quota), MM_NORMAL);

	if (!quota)
		return -ENOMEM;
	quota->fs = fs;
	mutex_init(&quota->mutex, "ext4 quota");
	spin_init(&quota->lock, "ext4 dquots");
	list_init(&quota->dirty);
	for (u32 i = 0; i < EXT4_QUOTA_BUCKETS; i++)
		list_init(&quota->buckets[i]);
	int err = open_files(quota);

	if (err) {
		for (u32 i = 0; i < EXT4_QUOTA_TYPES; i++)
			if (quota->files[i].inode)
				inode_put(&quota->files[i].inode->vfs);
		kfree(quota);
		return err;
	}
	fs->quota = quota;
	fs->quota_credits = 2 * EXT4_QUOTA_TYPES;
	ext4_quota_apply_options(fs);
	return attach_all(fs, false);
}

void ext4_quota_complete(struct ext4_fs *fs)
{
	if (fs->quota && attach_all(fs, true))
		ext4_error(fs, 0, 0, "usage of quota can't be kept: no memory");
}

void ext4_quota_stop(struct ext4_fs *fs)
{
	for (u32 i = 0; fs->quota && i < EXT4_QUOTA_TYPES; i++) {
		if (fs->quota->files[i].inode)
			inode_put(&fs->quota->files[i].inode->vfs);
		fs->quota->files[i].inode = NULL;
	}
}

void ext4_quota_free(struct ext4_fs *fs)
{
	struct ext4_dquot *dquot;

	if (!fs->quota)
		return;
	while ((dquot = take_dirty(fs->quota)) != NULL) /* of an aborted journal */
		ext4_dquot_put(fs->quota, dquot);
	kfree(fs->quota);
	fs->quota = NULL;
}

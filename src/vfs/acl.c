/* POSIX access control lists: their forms, what they allow, and how they are inherited. */
#include "vfs/acl.h"

#include "lib/atomic.h"
#include "lib/endian.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/inode.h"

#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/stat.h>
#include <linux/xattr.h>

struct acl *acl_alloc(u32 count)
{
	struct acl *acl = kmalloc(sizeof(*acl) + count * sizeof(acl->entries[0]), MM_NOFS);

	if (!acl)
		return NULL;
	acl->refs = 1;
	acl->count = count;
	return acl;
}

struct acl *acl_ref(struct acl *acl)
{
	if (acl)
		atomic_fetch_add(&acl->refs, 1);
	return acl;
}

void acl_put(struct acl *acl)
{
	if (acl && atomic_sub_fetch(&acl->refs, 1) == 0)
		kfree(acl);
}

void acl_put_all(struct acl *lists[ACL_LISTS])
{
	for (u32 i = 0; i < ACL_LISTS; i++) {
		acl_put(lists[i]);
		lists[i] = NULL;
	}
}

static struct acl *acl_copy(const struct acl *acl)
{
	struct acl *copy = acl_alloc(acl->count);

	if (copy)
		memcpy(copy->entries, acl->entries, acl->count * sizeof(acl->entries[0]));
	return copy;
}

/* ---- forms ---- */

int acl_check(const struct acl *acl)
{
	static const u16 order[] = {ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ,
				    ACL_GROUP,    ACL_MASK, ACL_OTHER};
	u32 at = 0, counts[ARRAY_SIZE(order)] = {0};

	for (u32 i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];

		if (entry->perm & ~(ACL_READ | ACL_WRITE | ACL_EXECUTE))
			return -EINVAL;
		while (at < ARRAY_SIZE(order) && order[at] != entry->tag)
			at++;
		if (at == ARRAY_SIZE(order))
			return -EINVAL;
		counts[at]++;
	}
	bool named = counts[1] || counts[3];

	if (counts[0] != 1 || counts[2] != 1 || counts[5] != 1 || counts[4] > 1 ||
	    (named && !counts[4]))
		return -EINVAL;
	return 0;
}

int acl_from_xattr(const void *value, size_t size, struct acl **out)
{
	const struct posix_acl_xattr_header *header = value;
	const struct posix_acl_xattr_entry *from = (const void *)(header + 1);

	*out = NULL;
	if (size < sizeof(*header))
		return -EINVAL;
	if (le32_load(&header->a_version) != POSIX_ACL_XATTR_VERSION)
		return -EOPNOTSUPP;
	size -= sizeof(*header);
	if (size % sizeof(*from) || size / sizeof(*from) > ACL_ENTRIES_MAX)
		return -EINVAL;
	if (!size)
		return 0;
	struct acl *acl = acl_alloc((u32)(size / sizeof(*from)));

	if (!acl)
		return -ENOMEM;
	for (u32 i = 0; i < acl->count; i++) {
		struct acl_entry *entry = &acl->entries[i];

		entry->tag = le16_load(&from[i].e_tag);
		entry->perm = le16_load(&from[i].e_perm);
		entry->id = (u32)ACL_UNDEFINED_ID;
		if (entry->tag == ACL_USER || entry->tag == ACL_GROUP) {
			entry->id = le32_load(&from[i].e_id);
			if (entry->id == (u32)ACL_UNDEFINED_ID) {
				acl_put(acl);
				return -EINVAL;
			}
		}
	}
	*out = acl;
	return 0;
}

ssize_t acl_to_xattr(const struct acl *acl, void *value, size_t size)
{
	struct posix_acl_xattr_header *header = value;
	struct posix_acl_xattr_entry *to = (void *)(header + 1);
	size_t need = sizeof(*header) + acl->count * sizeof(*to);

	if (!size)
		return (ssize_t)need;
	if (size < need)
		return -ERANGE;
	le32_store(&header->a_version, POSIX_ACL_XATTR_VERSION);
	for (u32 i = 0; i < acl->count; i++) {
		le16_store(&to[i].e_tag, acl->entries[i].tag);
		le16_store(&to[i].e_perm, acl->entries[i].perm);
		le32_store(&to[i].e_id, acl->entries[i].id);
	}
	return (ssize_t)need;
}

bool acl_is_mode(const struct acl *acl, u32 *mode)
{
	u32 owner = 0, group = 0, other = 0;
	bool all = true, masked = false;

	for (u32 i = 0; i < acl->count; i++) {
		u32 perm = acl->entries[i].perm & 7u;

		switch (acl->entries[i].tag) {
		case ACL_USER_OBJ:
			owner = perm;
			break;
		case ACL_GROUP_OBJ:
			if (!masked)
				group = perm;
			break;
		case ACL_OTHER:
			other = perm;
			break;
		case ACL_MASK:
			group = perm;
			masked = true;
			all = false;
			break;
		default:
			all = false;
		}
	}
	*mode = (*mode & ~0777u) | owner << 6 | group << 3 | other;
	return all;
}

static const char *const names[ACL_LISTS] = {
    [ACL_LIST_ACCESS] = XATTR_NAME_POSIX_ACL_ACCESS,
    [ACL_LIST_DEFAULT] = XATTR_NAME_POSIX_ACL_DEFAULT,
};

enum acl_type acl_type_of_name(const char *name)
{
	enum acl_type type = 0;

	while (type < ACL_LISTS && strcmp(name, names[type]))
		type++;
	return type;
}

const char *acl_name(enum acl_type type)
{
	return names[type];
}

/* ---- an inode's lists ---- */

static bool acl_possible(const struct inode *inode)
{
	return (atomic_load_relaxed(&inode->super->flags) & SUPER_ACL) && !S_ISLNK(inode->mode) &&
	       inode->ops && inode->ops->acl_get;
}

int acl_get(struct inode *inode, enum acl_type type, struct acl **out)
{
	struct acl *acl, *read = NULL;

	*out = NULL;
	if (likely(!READ_ONCE(inode->acl[type])) || !acl_possible(inode))
		return 0;
	spin_lock(&inode->lock);
	acl = inode->acl[type];
	if (acl != ACL_UNKNOWN)
		*out = acl_ref(acl);
	spin_unlock(&inode->lock);
	if (acl != ACL_UNKNOWN)
		return 0;
	int err = inode->ops->acl_get(inode, type, &read);

	if (err)
		return err;
	spin_lock(&inode->lock);
	if (inode->acl[type] == ACL_UNKNOWN)
		inode->acl[type] = acl_ref(read); /* unless somebody has set another meanwhile */
	spin_unlock(&inode->lock);
	*out = read;
	return 0;
}

void acl_cache_set(struct inode *inode, enum acl_type type, struct acl *acl)
{
	struct acl *old;

	acl_ref(acl);
	spin_lock(&inode->lock);
	old = inode->acl[type];
	inode->acl[type] = acl;
	spin_unlock(&inode->lock);
	if (old != ACL_UNKNOWN)
		acl_put(old);
}

void acl_inode_clear(struct inode *inode)
{
	for (enum acl_type type = 0; type < ACL_LISTS; type++)
		if (unlikely(inode->acl[type] != NULL))
			acl_cache_set(inode, type, NULL);
}

int acl_set(struct inode *inode, enum acl_type type, struct acl *acl)
{
	u32 mode = inode->mode;

	if (!acl_possible(inode) || !inode->ops->acl_set)
		return -EOPNOTSUPP;
	if (inode->flags & (INODE_IMMUTABLE | INODE_APPEND))
		return -EPERM;
	if (type == ACL_LIST_DEFAULT && !S_ISDIR(mode))
		return acl ? -EACCES : 0;
	if (!inode_owner_or_capable(inode))
		return -EPERM;
	if (acl) {
		int err = acl_check(acl);

		if (err)
			return err;
	}
	if (acl && type == ACL_LIST_ACCESS) {
		if (acl_is_mode(acl, &mode))
			acl = NULL;
		if (!cred_in_group(current_cred(), inode->gid) && !capable(CAP_FSETID))
			mode &= ~(u32)S_ISGID;
	}
	return inode->ops->acl_set(inode, type, acl, mode);
}

ssize_t acl_get_xattr(struct inode *inode, enum acl_type type, void *value, size_t size)
{
	struct acl *acl;
	ssize_t n;

	if (!acl_possible(inode))
		return -EOPNOTSUPP;
	n = acl_get(inode, type, &acl);
	if (!n)
		n = acl ? acl_to_xattr(acl, value, size) : -ENODATA;
	acl_put(acl);
	return n;
}

/* ---- what a list allows ---- */

static int allows(const struct acl *acl, const struct acl_entry *entry, unsigned int mask)
{
	unsigned int perm = entry->perm;

	for (u32 i = 0; i < acl->count; i++)
		if (acl->entries[i].tag == ACL_MASK)
			perm &= acl->entries[i].perm;
	return mask & ~perm ? -EACCES : 0;
}

/* The first entry that fits decides; of the groups, one that grants is enough. */
static int acl_decide(const struct acl *acl, const struct inode *inode, const struct cred *cred,
		      unsigned int mask)
{
	bool in_group = false;

	for (u32 i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];

		switch (entry->tag) {
		case ACL_USER_OBJ:
			if (inode->uid == cred->fsuid)
				return mask & ~(unsigned int)entry->perm ? -EACCES : 0;
			break;
		case ACL_USER:
			if (entry->id == cred->fsuid)
				return allows(acl, entry, mask);
			break;
		case ACL_GROUP_OBJ:
		case ACL_GROUP:
			if (!cred_in_group(cred, entry->tag == ACL_GROUP ? entry->id : inode->gid))
				break;
			in_group = true;
			if (!(mask & ~(unsigned int)entry->perm))
				return allows(acl, entry, mask);
			break;
		case ACL_OTHER:
			return in_group || (mask & ~(unsigned int)entry->perm) ? -EACCES : 0;
		}
	}
	return -EIO; /* acl_check() lets no list without an entry for others through */
}

int acl_permission(struct inode *inode, unsigned int mask)
{
	struct acl *acl;
	int err = acl_get(inode, ACL_LIST_ACCESS, &acl);

	if (err)
		return err;
	err = acl ? acl_decide(acl, inode, current_cred(), mask & 7u) : -EAGAIN;
	acl_put(acl);
	return err;
}

/* ---- following the mode ---- */

static struct acl_entry *acl_find(struct acl *acl, u16 tag)
{
	for (u32 i = 0; i < acl->count; i++)
		if (acl->entries[i].tag == tag)
			return &acl->entries[i];
	return NULL;
}

int acl_chmod(struct inode *inode)
{
	struct acl *old, *acl;
	int err = acl_get(inode, ACL_LIST_ACCESS, &old);

	if (err || !old)
		return err;
	acl = acl_copy(old);
	acl_put(old);
	if (!acl)
		return -ENOMEM;
	struct acl_entry *group = acl_find(acl, ACL_MASK);

	if (!group)
		group = acl_find(acl, ACL_GROUP_OBJ);
	acl_find(acl, ACL_USER_OBJ)->perm = (u16)((inode->mode >> 6) & 7);
	group->perm = (u16)((inode->mode >> 3) & 7);
	acl_find(acl, ACL_OTHER)->perm = (u16)(inode->mode & 7);
	err = inode->ops->acl_set(inode, ACL_LIST_ACCESS, acl, inode->mode);
	acl_put(acl);
	return err;
}

/* ---- inheriting ---- */

int acl_umask(struct inode *dir, u32 *mode)
{
	struct acl *acl;
	int err = acl_get(dir, ACL_LIST_DEFAULT, &acl);

	if (!err && !acl)
		*mode &= ~(u32)atomic_load_relaxed(&current_fs()->umask);
	acl_put(acl);
	return err;
}

/* What the creator asked for limits the list, and the list limits the mode. */
static void limit(struct acl *acl, u32 *mode)
{
	struct acl_entry *owner = acl_find(acl, ACL_USER_OBJ), *other = acl_find(acl, ACL_OTHER);
	struct acl_entry *group = acl_find(acl, ACL_MASK);

	if (!group)
		group = acl_find(acl, ACL_GROUP_OBJ);
	owner->perm &= (u16)(*mode >> 6 & 7);
	group->perm &= (u16)(*mode >> 3 & 7);
	other->perm &= (u16)(*mode & 7);
}

int acl_inherit(struct inode *dir, u32 *mode, struct acl *lists[ACL_LISTS])
{
	struct acl *inherited, *access;
	int err;

	lists[ACL_LIST_ACCESS] = lists[ACL_LIST_DEFAULT] = NULL;
	if (S_ISLNK(*mode))
		return 0;
	err = acl_get(dir, ACL_LIST_DEFAULT, &inherited);
	if (err || !inherited)
		return err;
	access = acl_copy(inherited);
	if (!access) {
		acl_put(inherited);
		return -ENOMEM;
	}
	limit(access, mode);
	if (acl_is_mode(access, mode))
		acl_put(access);
	else
		lists[ACL_LIST_ACCESS] = access;
	if (S_ISDIR(*mode))
		lists[ACL_LIST_DEFAULT] = inherited;
	else
		acl_put(inherited);
	return 0;
}

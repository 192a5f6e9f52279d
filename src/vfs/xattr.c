/* Extended attributes. xattr.h tells the rules. */
#include "vfs/xattr.h"

#include "lib/endian.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vfs/acl.h"
#include "vfs/cred.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/stat.h>
#include <linux/limits.h>
#include <linux/xattr.h>

static bool starts_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_security(const char *name)
{
	return starts_with(name, XATTR_SECURITY_PREFIX);
}

/* Whether the running thread may read (MAY_READ) or change (MAY_WRITE) such an attribute. */
static int xattr_may(struct inode *inode, const char *name, unsigned int mask)
{
	bool write = mask & MAY_WRITE;

	if (write && (inode->flags & (INODE_IMMUTABLE | INODE_APPEND)))
		return -EPERM;
	if (is_security(name) || starts_with(name, XATTR_SYSTEM_PREFIX))
		return 0;
	if (starts_with(name, XATTR_TRUSTED_PREFIX)) {
		if (capable(CAP_SYS_ADMIN))
			return 0;
		return write ? -EPERM : -ENODATA;
	}
	if (starts_with(name, XATTR_USER_PREFIX)) {
		if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
			return write ? -EPERM : -ENODATA;
		if (write && S_ISDIR(inode->mode) && (inode->mode & S_ISVTX) &&
		    !inode_owner_or_capable(inode))
			return -EPERM;
	}
	return inode_permission(inode, mask);
}

static int security_may_change(const char *name)
{
	if (!is_security(name))
		return 0;
	return capable(strcmp(name, XATTR_NAME_CAPS) ? CAP_SYS_ADMIN : CAP_SETFCAP) ? 0 : -EPERM;
}

/* A name that consists of a namespace only is none; others than these don't exist. */
static int name_check(const char *name)
{
	static const char *const prefixes[] = {XATTR_USER_PREFIX, XATTR_TRUSTED_PREFIX,
					       XATTR_SECURITY_PREFIX};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return name[strlen(prefixes[i])] ? 0 : -EINVAL;
	return -EOPNOTSUPP;
}

/* The form of security.capability: a magic word and one or two pairs of masks. */
static int capability_check(const void *value, size_t size)
{
	u32 magic = size >= sizeof(u32) ? le32_load(value) & VFS_CAP_REVISION_MASK : 0;

	if ((size == XATTR_CAPS_SZ_2 && magic == VFS_CAP_REVISION_2) ||
	    (size == XATTR_CAPS_SZ_3 && magic == VFS_CAP_REVISION_3))
		return 0;
	return -EINVAL;
}

/* rwsem held; value NULL: remove. */
static int change(struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	int err = xattr_may(inode, name, MAY_WRITE);

	if (!err)
		err = security_may_change(name);
	if (err)
		return err;
	if (!inode->ops || !inode->ops->xattr_set)
		return -EOPNOTSUPP;
	err = name_check(name);
	if (err)
		return err;
	if (!strcmp(name, XATTR_NAME_CAPS))
		inode->flags &= ~(u32)INODE_NO_CAPABILITY;
	return inode->ops->xattr_set(inode, name, value, size, flags);
}

static int change_acl(struct inode *inode, enum acl_type type, const void *value, size_t size)
{
	struct acl *acl = NULL;
	int err = value ? acl_from_xattr(value, size, &acl) : 0;

	if (err)
		return err;
	err = acl_set(inode, type, acl);
	acl_put(acl);
	return err;
}

static int change_path(const struct path *path, const char *name, const void *value, size_t size,
		       int flags)
{
	struct inode *inode = path->dentry->inode;
	enum acl_type type = acl_type_of_name(name);
	int err = mount_want_write(path->mount);

	if (err)
		return err;
	rwsem_write_lock(&inode->rwsem);
	if (type < ACL_LISTS)
		err = change_acl(inode, type, value, size);
	else
		err = change(inode, name, value, size, flags);
	rwsem_write_unlock(&inode->rwsem);
	mount_drop_write(path->mount);
	return err;
}

int vfs_xattr_set(const struct path *path, const char *name, const void *value, size_t size,
		  int flags)
{
	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (!strcmp(name, XATTR_NAME_CAPS)) {
		int err = capability_check(value, size);

		if (err)
			return err;
	}
	return change_path(path, name, size ? value : "", size, flags);
}

int vfs_xattr_remove(const struct path *path, const char *name)
{
	return change_path(path, name, NULL, 0, XATTR_REPLACE);
}

ssize_t vfs_xattr_get(struct inode *inode, const char *name, void *value, size_t size)
{
	enum acl_type type = acl_type_of_name(name);
	int err;

	if (type < ACL_LISTS)
		return acl_get_xattr(inode, type, value, size);
	err = xattr_may(inode, name, MAY_READ);
	if (err)
		return err;
	if (!inode->ops || !inode->ops->xattr_get)
		return -EOPNOTSUPP;
	err = name_check(name);
	return err ? err : inode->ops->xattr_get(inode, name, value, size);
}

ssize_t vfs_xattr_list(struct inode *inode, char *buf, size_t size)
{
	if (!inode->ops || !inode->ops->xattr_list)
		return 0;
	return inode->ops->xattr_list(inode, buf, size);
}

int inode_kill_capability(struct inode *inode)
{
	ssize_t n;

	if (likely(inode->flags & INODE_NO_CAPABILITY) || !inode->ops || !inode->ops->xattr_get)
		return 0;
	n = inode->ops->xattr_get(inode, XATTR_NAME_CAPS, NULL, 0);
	if (n == -ENODATA || n == -EOPNOTSUPP) {
		inode->flags |= INODE_NO_CAPABILITY;
		return 0;
	}
	return n < 0 ? (int)n : inode->ops->xattr_set(inode, XATTR_NAME_CAPS, NULL, 0, 0);
}

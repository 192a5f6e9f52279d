/* execve: what set-ID bits and file capabilities make of the credentials. capabilities(7). */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "lib/endian.h"
#include "sys/exec_int.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"
#include "vfs/xattr.h"

static u32 set_id_mode(const struct file *file)
{
	const struct path *path = &file->path;
	u32 mode = file->inode->mode;

	if ((path->mount->flags & EXEC_MOUNT_NOSUID) || current_cred()->no_new_privs)
		return 0;
	/* setgid without group execution is a lock mark, not a request. */
	return mode & (S_ISUID | ((mode & S_IXGRP) ? S_ISGID : 0));
}

/* security.capability of a file. */
struct file_capabilities {
	bool present, effective;
	u64 permitted, inheritable;
};

static int file_capabilities_get(const struct file *file, struct file_capabilities *out)
{
	struct vfs_ns_cap_data data = {};
	struct inode *inode = file->inode;
	ssize_t n;

	*out = (struct file_capabilities){};
	if ((file->path.mount->flags & EXEC_MOUNT_NOSUID) || (inode->flags & INODE_NO_CAPABILITY))
		return 0;
	n = vfs_xattr_get(inode, XATTR_NAME_CAPS, &data, sizeof(data));
	if (n < 0)
		return n == -ENODATA || n == -EOPNOTSUPP || n == -ERANGE ? 0 : (int)n;
	u32 magic = le32_load(&data.magic_etc), revision = magic & VFS_CAP_REVISION_MASK;

	/* Those of another user namespace (revision 3 with a root of its own) grant nothing here.
	 */
	if (!(n == XATTR_CAPS_SZ_2 && revision == VFS_CAP_REVISION_2) &&
	    !(n == XATTR_CAPS_SZ_3 && revision == VFS_CAP_REVISION_3 && !le32_load(&data.rootid)))
		return 0;
	out->present = true;
	out->effective = magic & VFS_CAP_FLAGS_EFFECTIVE;
	for (u32 i = 0; i < ARRAY_SIZE(data.data); i++) {
		out->permitted |= (u64)le32_load(&data.data[i].permitted) << (32 * i);
		out->inheritable |= (u64)le32_load(&data.data[i].inheritable) << (32 * i);
	}
	return 0;
}

/* capabilities(7), "Transformation of capabilities during execve()". */
static int cred_exec_capabilities(struct cred *cred, const struct cred *old, bool ids_changed,
				  const struct file_capabilities *file)
{
	bool root = !(cred->securebits & SECBIT_NOROOT) && (cred->euid == 0 || cred->uid == 0);

	if (ids_changed || file->present)
		cred->cap_ambient = 0;
	/* A set-user-ID-root program with capabilities of its own gets these only. */
	if (file->present && (!root || (cred->euid == 0 && cred->uid != 0))) {
		cred->cap_permitted = (file->permitted & old->cap_bounding) |
				      (file->inheritable & old->cap_inheritable);
		/* A program that knows nothing of capabilities gets all it needs, or does not run.
		 */
		if (file->effective && (file->permitted & ~cred->cap_permitted))
			return -EPERM;
		if (cred->no_new_privs)
			cred->cap_permitted &= old->cap_permitted;
		cred->cap_effective = file->effective ? cred->cap_permitted : 0;
	} else if (root) {
		cred->cap_permitted = old->cap_inheritable | old->cap_bounding;
		cred->cap_effective = cred->euid == 0 ? cred->cap_permitted : cred->cap_ambient;
	} else {
		cred->cap_permitted = cred->cap_ambient;
		cred->cap_effective = cred->cap_ambient;
	}
	cred->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	return 0;
}

int exec_cred(const struct file *file, struct cred **out, bool *secure)
{
	const struct cred *old = current_cred();
	struct file_capabilities capabilities;
	u32 mode = set_id_mode(file);
	struct cred *cred;
	int err = file_capabilities_get(file, &capabilities);

	if (err)
		return err;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (mode & S_ISUID)
		cred->euid = file->inode->uid;
	if (mode & S_ISGID)
		cred->egid = file->inode->gid;
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	*secure = cred->euid != cred->uid || cred->egid != cred->gid;
	err = cred_exec_capabilities(cred, old, cred->euid != old->euid || cred->egid != old->egid,
				     &capabilities);
	if (err) {
		cred_put(cred);
		return err;
	}
	if (cred->uid && (cred->cap_permitted & ~cred->cap_ambient))
		*secure = true;
	*out = cred;
	return 0;
}

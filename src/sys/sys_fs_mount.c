/* mount and its kin. */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/mount.h"
#include "vfs/path.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

/* umount2's flags, which are in no UAPI header. */
#define UMOUNT_KNOWN 15

/* An optional string of at most a page; NULL stays NULL. */
static int string_get(const char __user *user, char **out)
{
	ssize_t length;

	*out = NULL;
	if (!user)
		return 0;
	*out = kmalloc(PAGE_SIZE, MM_NORMAL);
	if (!*out)
		return -ENOMEM;
	length = strncpy_from_user(*out, user, PAGE_SIZE);
	if (length >= 0)
		return 0;
	kfree(*out);
	*out = NULL;
	return length == -ENAMETOOLONG ? -EINVAL : (int)length;
}

struct mount_strings {
	char *source, *type, *options;
};

static void strings_put(struct mount_strings *s)
{
	kfree(s->source);
	kfree(s->type);
	kfree(s->options);
}

static int strings_get(const unsigned long args[6], struct mount_strings *s)
{
	int err = string_get((const char __user *)args[0], &s->source);

	if (!err)
		err = string_get((const char __user *)args[2], &s->type);
	if (!err)
		err = string_get((const char __user *)args[4], &s->options);
	if (err)
		strings_put(s);
	return err;
}

/* What has a path as its source: bind and move. */
static int mount_from(const char *source, const struct path *at, unsigned long flags)
{
	struct path from;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	err = flags & MS_BIND ? mount_bind(&from, at, flags & MS_REC) : mount_move(&from, at);
	path_put(&from);
	return err;
}

/* Mounts are private to their place: to ask for just that is fine, to ask for propagation is not.
 */
static int mount_propagation(const struct path *at, unsigned long flags)
{
	if (at->dentry != at->mount->root)
		return -EINVAL;
	return flags & MS_SHARED ? -EINVAL : 0;
}

SYSCALL(mount)
{
	const unsigned long propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
	unsigned long flags = args[3];
	struct mount_strings s = {};
	struct path at;
	int err = strings_get(args, &s);

	if (err)
		return err;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(unsigned long)MS_MGC_MSK;
	err = path_lookup_user(AT_FDCWD, (const char __user *)args[1], LOOKUP_FOLLOW, &at);
	if (err)
		goto out;
	if (!capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else if (flags & MS_REMOUNT)
		err = mount_remount(&at, flags, s.options, flags & MS_BIND);
	else if (flags & (MS_BIND | MS_MOVE))
		err = mount_from(s.source, &at, flags);
	else if (flags & propagation)
		err = mount_propagation(&at, flags);
	else
		err = s.type ? mount_new(s.source, &at, s.type, flags, s.options) : -EINVAL;
	path_put(&at);
out:
	strings_put(&s);
	return err;
}

static long umount(const char __user *user, int flags)
{
	struct path at;
	int err;

	if (flags & ~UMOUNT_KNOWN)
		return -EINVAL;
	err = path_lookup_user(AT_FDCWD, user, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	err = capable(CAP_SYS_ADMIN) ? mount_umount(&at, flags) : -EPERM;
	path_put(&at);
	return err;
}

SYSCALL(umount2)
{
	return umount((const char __user *)args[0], (int)args[1]);
}

SYSCALL(pivot_root)
{
	struct path new_root, put_old;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup_user(AT_FDCWD, (const char __user *)args[0],
			       LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new_root);
	if (err)
		return err;
	err = path_lookup_user(AT_FDCWD, (const char __user *)args[1],
			       LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &put_old);
	if (!err) {
		err = mount_pivot_root(&new_root, &put_old);
		path_put(&put_old);
	}
	path_put(&new_root);
	return err;
}

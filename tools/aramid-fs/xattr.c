/* Extended attributes in the image, and between it and this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common.h"
#include "copy.h"
#include "vfs/xattr.h"

/* ---- in the image ---- */

/* What a file system that keeps none says is no news. */
static bool means_none(ssize_t err)
{
	return err == -EOPNOTSUPP;
}

int at_xattr_list(int dir, const char *name, struct xattr_names *out)
{
	struct path path;
	ssize_t n = path_lookup(dir, name, 0, &path);

	*out = (struct xattr_names){0};
	if (n)
		return (int)n;
	n = vfs_xattr_list(path.dentry->inode, NULL, 0);
	if (n > 0) {
		out->text = need_memory((size_t)n + 1);
		n = vfs_xattr_list(path.dentry->inode, out->text, (size_t)n);
	}
	path_put(&path);
	if (n > 0)
		out->length = (size_t)n;
	return n < 0 && !means_none(n) ? (int)n : 0;
}

ssize_t at_xattr_get(int dir, const char *name, const char *xattr, void **out)
{
	struct path path;
	ssize_t n = path_lookup(dir, name, 0, &path);

	*out = NULL;
	if (n)
		return n;
	n = vfs_xattr_get(path.dentry->inode, xattr, NULL, 0);
	if (n >= 0) {
		*out = need_memory((size_t)n + 1);
		if (n > 0)
			n = vfs_xattr_get(path.dentry->inode, xattr, *out, (size_t)n);
	}
	path_put(&path);
	if (n < 0) {
		free(*out);
		*out = NULL;
	}
	return n;
}

int at_xattr_set(int dir, const char *name, const char *xattr, const void *value, size_t n)
{
	void *copy = need_memory(n); /* aligned, as vfs expects it */
	struct path path;
	int err = path_lookup(dir, name, 0, &path);

	if (n)
		memcpy(copy, value, n);
	if (!err) {
		err = vfs_xattr_set(&path, xattr, copy, n, 0);
		path_put(&path);
	}
	free(copy);
	return err;
}

/* ---- on this machine ---- */

/* There are no calls for attributes relative to a directory. */
static char *host_path(int host_dir, const char *host_name)
{
	return host_dir == AT_FDCWD ? need_format("%s", host_name)
				    : need_format("/proc/self/fd/%d/%s", host_dir, host_name);
}

static char *host_list(const char *path, ssize_t *length)
{
	ssize_t n = llistxattr(path, NULL, 0);
	char *names;

	*length = 0;
	if (n <= 0)
		return NULL;
	names = need_memory((size_t)n);
	*length = llistxattr(path, names, (size_t)n);
	return names;
}

static void one_in(const char *path, const char *xattr, int dir, const char *name,
		   const char *shown)
{
	ssize_t n = lgetxattr(path, xattr, NULL, 0);
	void *value = need_memory(n > 0 ? (size_t)n : 1);
	int err = 0;

	if (n > 0)
		n = lgetxattr(path, xattr, value, (size_t)n);
	err = n < 0 ? -errno : at_xattr_set(dir, name, xattr, value, (size_t)n);
	free(value);
	if (err)
		report_error(err, "%s: attribute %s", printable(shown), printable(xattr));
}

void xattrs_in(int host_dir, const char *host_name, int dir, const char *name, const char *shown)
{
	char *path = host_path(host_dir, host_name);
	ssize_t n;
	char *names = host_list(path, &n);

	for (const char *at = names; at && at < names + n; at += strlen(at) + 1)
		one_in(path, at, dir, name, shown);
	free(names);
	free(path);
}

/* Whoever is not root can't set most of them, and is not told about each. */
static bool host_may_set(const char *xattr)
{
	return geteuid() == 0 || strncmp(xattr, "user.", 5) == 0 ||
	       strncmp(xattr, "system.posix_acl_", 17) == 0;
}

void xattrs_out(int dir, const char *name, int host_dir, const char *host_name, const char *shown)
{
	struct xattr_names names;
	int err = at_xattr_list(dir, name, &names);
	char *path;

	if (err) {
		report_error(err, "%s: extended attributes", printable(shown));
		return;
	}
	if (!names.length)
		return;
	path = host_path(host_dir, host_name);
	for (const char *at = names.text; at < names.text + names.length; at += strlen(at) + 1) {
		void *value;
		ssize_t n;

		if (!host_may_set(at))
			continue;
		n = at_xattr_get(dir, name, at, &value);
		if (n >= 0 && lsetxattr(path, at, value, (size_t)n, 0))
			n = -errno;
		free(value);
		if (n < 0)
			report_error((int)n, "%s: attribute %s", printable(shown), printable(at));
	}
	free(path);
	free(names.text);
}

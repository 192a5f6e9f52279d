/*
 * The path walker.
 *
 * A walk goes over a name component by component, holding a reference on the place it has reached.
 * Before each component it checks that the place is a directory that may be searched; then it finds
 * the child (dentry cache, else the file system under the directory's rwsem), follows a symbolic
 * link or enters the child and what is mounted on it.
 *
 * A link's text is walked like the name itself; what was left of the outer text waits on a small
 * stack, unless nothing was left. So the last component of a whole name is always found with an
 * empty stack, and a chain of links at the end of a name needs no stack at all. What to do with the
 * last component is the caller's business: path_lookup() takes it as it is, open may create it, and
 * unlink wants only the directory and the name.
 *
 * No lock is held between steps; renames that happen meanwhile give the result of one order or the
 * other.
 */
#include "vfs/path.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "vfs/cred.h"
#include "vfs/dentry_int.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/mount_int.h"
#include "vfs/namei_int.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

void path_get(const struct path *path)
{
	if (path->mount)
		mount_get(path->mount);
	if (path->dentry)
		dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
	if (path->dentry)
		dentry_put(path->dentry);
	if (path->mount)
		mount_put(path->mount);
}

bool path_equal(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

/* ---- names from user space ---- */

int path_name_from_user(const char __user *user, unsigned int lookup_flags, struct path_name *out)
{
	ssize_t length = strncpy_from_user(out->small, user, sizeof(out->small));

	out->name = out->small;
	if (length == -ENAMETOOLONG) {
		out->name = kmalloc(PATH_MAX_SIZE, MM_NORMAL);
		if (!out->name)
			return -ENOMEM;
		length = strncpy_from_user(out->name, user, PATH_MAX_SIZE);
	}
	if (length == 0 && !(lookup_flags & LOOKUP_EMPTY))
		length = -ENOENT;
	if (length < 0) {
		path_name_put(out);
		return (int)length;
	}
	return 0;
}

void path_name_put(struct path_name *name)
{
	if (name->name != name->small)
		kfree(name->name);
}

/* ---- the walk ---- */

static void walk_need_root(struct walk *walk)
{
	struct fs_context *fs;

	if (walk->has_root)
		return;
	fs = current_fs();
	spin_lock(&fs->lock);
	walk->root = fs->root;
	path_get(&walk->root);
	spin_unlock(&fs->lock);
	walk->has_root = true;
}

static int walk_base(int dirfd, bool any_type, struct path *out)
{
	struct fs_context *fs;
	struct fd_ref ref;
	int err = 0;

	if (dirfd == AT_FDCWD) {
		fs = current_fs();
		spin_lock(&fs->lock);
		*out = fs->cwd;
		path_get(out);
		spin_unlock(&fs->lock);
		return 0;
	}
	ref = fd_borrow(dirfd);
	if (!ref.file)
		return -EBADF;
	if (!ref.file->path.dentry || (!any_type && !S_ISDIR(ref.file->inode->mode))) {
		err = -ENOTDIR;
	} else {
		*out = ref.file->path;
		path_get(out);
	}
	fd_return(ref);
	return err;
}

int walk_start(struct walk *walk, int dirfd, const struct path *base, const char *name,
	       unsigned int flags)
{
	int err;

	walk->has_root = false;
	walk->flags = flags;
	walk->links = 0;
	walk->now = (struct walk_frame){.buffer = NULL, .next = name};
	walk->stack = NULL;
	walk->depth = 0;
	walk->last = (struct qstr){};
	walk->kind = PATH_LAST_ROOT;
	walk->trailing_slash = false;
	walk->jumped = false;
	if (*name == '/' && !(flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))) {
		walk_need_root(walk);
		walk->path = walk->root;
		path_get(&walk->path);
		return 0;
	}
	if (*name == '/' && (flags & LOOKUP_BENEATH))
		return -EXDEV;
	if (base) {
		walk->path = *base;
		path_get(base);
	} else {
		err = walk_base(dirfd, !*name && (flags & LOOKUP_EMPTY), &walk->path);
		if (err)
			return err;
	}
	if (flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
		walk->root = walk->path;
		path_get(&walk->root);
		walk->has_root = true;
	}
	return 0;
}

void walk_end(struct walk *walk)
{
	path_put(&walk->path);
	if (walk->has_root)
		path_put(&walk->root);
	kfree(walk->now.buffer);
	while (walk->depth)
		kfree(walk->stack[--walk->depth].buffer);
	kfree(walk->stack);
}

static int walk_lookup(struct walk *walk, const struct qstr *name, struct dentry **out)
{
	struct dentry *parent = walk->path.dentry;
	struct dentry *dentry = dentry_lookup_cached(parent, name);
	int err;

	if (likely(dentry != NULL)) {
		if (likely(!dentry_flag_test(dentry, DENTRY_DONTCACHE))) {
			*out = dentry;
			return 0;
		}
		dentry_put(dentry);
	}
	rwsem_read_lock(&parent->inode->rwsem);
	err = dentry_lookup(parent, name, out);
	rwsem_read_unlock(&parent->inode->rwsem);
	return err;
}

int walk_lookup_last(struct walk *walk, struct dentry **out)
{
	return walk_lookup(walk, &walk->last, out);
}

int walk_enter(struct walk *walk, struct dentry *dentry)
{
	dentry_put(walk->path.dentry);
	walk->path.dentry = dentry;
	if (unlikely(dentry_flag_test(dentry, DENTRY_MOUNTPOINT))) {
		struct mount *before = walk->path.mount;

		mount_follow(&walk->path);
		if ((walk->flags & LOOKUP_NO_XDEV) && walk->path.mount != before)
			return -EXDEV;
	}
	return 0;
}

static int walk_up(struct walk *walk)
{
	struct path *path = &walk->path;
	struct mount *before = path->mount;

	walk_need_root(walk);
	for (;;) {
		if (path_equal(path, &walk->root)) {
			if (walk->flags & LOOKUP_BENEATH)
				return -EXDEV;
			break;
		}
		if (path->dentry != path->mount->root) {
			struct dentry *parent = dentry_parent_get(path->dentry);

			dentry_put(path->dentry);
			path->dentry = parent;
			break;
		}
		if (!mount_follow_up(path))
			break;
	}
	if (dentry_flag_test(path->dentry, DENTRY_MOUNTPOINT))
		mount_follow(path);
	if ((walk->flags & LOOKUP_NO_XDEV) && path->mount != before)
		return -EXDEV;
	return 0;
}

static int walk_jump_to_root(struct walk *walk)
{
	if (walk->flags & LOOKUP_BENEATH)
		return -EXDEV;
	walk_need_root(walk);
	if ((walk->flags & LOOKUP_NO_XDEV) && walk->root.mount != walk->path.mount)
		return -EXDEV;
	path_get(&walk->root);
	path_put(&walk->path);
	walk->path = walk->root;
	return 0;
}

/* A link of procfs that knows where it leads better than any text. */
static int walk_magic_link(struct walk *walk, struct inode *inode)
{
	struct path target;
	int err;

	if (walk->flags & LOOKUP_NO_MAGICLINKS)
		return -ELOOP;
	if (walk->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))
		return -EXDEV;
	err = inode->ops->jump(inode, &target);
	if (err)
		return err;
	if ((walk->flags & LOOKUP_NO_XDEV) && target.mount != walk->path.mount) {
		path_put(&target);
		return -EXDEV;
	}
	path_put(&walk->path);
	walk->path = target;
	walk->jumped = true;
	return 0;
}

static bool only_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return !*s;
}

/* The current text gives way to a link's; if something is left of it, that waits on the stack. */
static int walk_push(struct walk *walk, char *text)
{
	if (only_slashes(walk->now.next)) {
		kfree(walk->now.buffer);
	} else {
		if (!walk->stack) {
			walk->stack = kmalloc(SYMLINK_DEPTH_MAX * sizeof(*walk->stack), MM_NORMAL);
			if (!walk->stack)
				return -ENOMEM;
		}
		walk->stack[walk->depth++] = walk->now;
	}
	walk->now = (struct walk_frame){.buffer = text, .next = text};
	return 0;
}

static int walk_link(struct walk *walk, struct inode *inode)
{
	char *text;
	int err;

	if (++walk->links > SYMLINK_DEPTH_MAX || (walk->flags & LOOKUP_NO_SYMLINKS) ||
	    (walk->path.mount && (atomic_load(&walk->path.mount->flags) & MOUNT_NOSYMFOLLOW)))
		return -ELOOP;
	inode_accessed(inode, walk->path.mount);
	if (inode->ops->jump)
		return walk_magic_link(walk, inode);
	if (!inode->ops->readlink)
		return -EINVAL;
	err = inode->ops->readlink(inode, &text);
	if (err)
		return err;
	err = *text ? walk_push(walk, text) : -ENOENT;
	if (err) {
		kfree(text);
		return err;
	}
	return *text == '/' ? walk_jump_to_root(walk) : 0;
}

int walk_follow_last(struct walk *walk, struct dentry *dentry)
{
	int err = walk_link(walk, dentry->inode);

	dentry_put(dentry);
	return err;
}

static enum path_last component_kind(const char *name, u32 length)
{
	if (name[0] != '.' || length > 2)
		return PATH_LAST_NORMAL;
	if (length == 1)
		return PATH_LAST_DOT;
	return name[1] == '.' ? PATH_LAST_DOTDOT : PATH_LAST_NORMAL;
}

/* A component that is not the last one. */
static int walk_step(struct walk *walk, enum path_last kind, const struct qstr *name)
{
	struct dentry *dentry;
	int err;

	if (kind == PATH_LAST_DOT)
		return 0;
	if (kind == PATH_LAST_DOTDOT)
		return walk_up(walk);
	err = walk_lookup(walk, name, &dentry);
	if (err)
		return err;
	if (!dentry->inode) {
		dentry_put(dentry);
		return -ENOENT;
	}
	if (unlikely(S_ISLNK(dentry->inode->mode)))
		return walk_follow_last(walk, dentry);
	return walk_enter(walk, dentry);
}

int walk_to_last(struct walk *walk)
{
	for (;;) {
		const char *name = walk->now.next, *end;
		struct dentry *parent = walk->path.dentry;
		struct qstr component;
		enum path_last kind;
		u32 hash = NAME_HASH_SEED;
		int err;

		while (*name == '/')
			name++;
		if (!*name) {
			if (walk->depth) {
				kfree(walk->now.buffer);
				walk->now = walk->stack[--walk->depth];
				continue;
			}
			walk->kind = PATH_LAST_ROOT;
			walk->last.length = 0;
			walk->last.name = name;
			return 0;
		}
		walk->jumped = false;
		if (!S_ISDIR(parent->inode->mode))
			return -ENOTDIR;
		err = inode_permission(parent->inode, MAY_EXEC);
		if (err)
			return err;
		for (end = name; *end && *end != '/'; end++)
			hash = name_hash_step(hash, (unsigned char)*end);
		component.name = name;
		component.length = (u32)(end - name);
		component.hash = name_hash_finish(hash, parent);
		kind = component_kind(name, component.length);
		walk->now.next = end;
		if (!walk->depth && only_slashes(end)) {
			walk->last = component;
			walk->kind = kind;
			if (*end == '/')
				walk->trailing_slash = true;
			return 0;
		}
		err = walk_step(walk, kind, &component);
		if (err)
			return err;
	}
}

int walk_special_last(struct walk *walk)
{
	return walk->kind == PATH_LAST_DOTDOT ? walk_up(walk) : 0;
}

/* The last component as it is, links followed if asked for. */
static int walk_finish(struct walk *walk)
{
	for (;;) {
		struct dentry *dentry;
		int err = walk_to_last(walk);

		if (err)
			return err;
		if (walk->kind != PATH_LAST_NORMAL)
			return walk_special_last(walk);
		err = walk_lookup_last(walk, &dentry);
		if (err)
			return err;
		if (!dentry->inode) {
			dentry_put(dentry);
			return -ENOENT;
		}
		if (!S_ISLNK(dentry->inode->mode) ||
		    !((walk->flags & LOOKUP_FOLLOW) || walk->trailing_slash))
			return walk_enter(walk, dentry);
		err = walk_follow_last(walk, dentry);
		if (err)
			return err;
	}
}

static int path_lookup_any(int dirfd, const struct path *base, const char *name, unsigned int flags,
			   struct path *out)
{
	struct walk walk;
	int err;

	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	err = walk_start(&walk, dirfd, base, name, flags);
	if (err)
		return err;
	if (*name)
		err = walk_finish(&walk);
	if (!err && ((flags & LOOKUP_DIRECTORY) || walk.trailing_slash) &&
	    !S_ISDIR(walk.path.dentry->inode->mode))
		err = -ENOTDIR;
	if (!err) {
		*out = walk.path;
		walk.path = (struct path){};
	}
	walk_end(&walk);
	return err;
}

int path_lookup(int dirfd, const char *name, unsigned int flags, struct path *out)
{
	return path_lookup_any(dirfd, NULL, name, flags, out);
}

int path_lookup_from(const struct path *base, const char *name, unsigned int flags,
		     struct path *out)
{
	return path_lookup_any(AT_FDCWD, base, name, flags, out);
}

int path_lookup_user(int dirfd, const char __user *user, unsigned int flags, struct path *out)
{
	struct path_name name;
	int err = path_name_from_user(user, flags, &name);

	if (err)
		return err;
	err = path_lookup(dirfd, name.name, flags, out);
	path_name_put(&name);
	return err;
}

int path_lookup_parent(int dirfd, const char *name, unsigned int flags, struct path_parent *out)
{
	struct walk walk;
	int err;

	if (!*name)
		return -ENOENT;
	err = walk_start(&walk, dirfd, NULL, name, flags | LOOKUP_PARENT);
	if (err)
		return err;
	err = walk_to_last(&walk);
	if (!err) {
		out->parent = walk.path;
		walk.path = (struct path){};
		out->last = walk.last.name;
		out->last_length = walk.last.length;
		out->last_hash = walk.last.hash;
		out->kind = walk.kind;
		out->trailing_slash = walk.trailing_slash;
	}
	walk_end(&walk);
	return err;
}

/* ---- names of paths ---- */

static bool prepend(char **at, char *buf, const char *text, size_t n)
{
	if ((size_t)(*at - buf) < n)
		return false;
	*at -= n;
	memcpy(*at, text, n);
	return true;
}

/* Puts "/name" in front and moves to the parent. */
static bool prepend_component(char **at, char *buf, struct dentry **dentry)
{
	struct dentry *child = *dentry, *parent;
	bool fits;

	spin_lock(&child->lock);
	fits = prepend(at, buf, child->name.name, child->name.length) && prepend(at, buf, "/", 1);
	parent = child->parent;
	dentry_get(parent);
	spin_unlock(&child->lock);
	dentry_put(child);
	*dentry = parent;
	return fits;
}

char *path_to_string(const struct path *path, const struct path *root, char *buf, size_t size)
{
	struct path cur = *path;
	char *at = buf + size;
	bool fits = prepend(&at, buf, "", 1), unreachable = false, any = false;

	if (dentry_flag_test(path->dentry, DENTRY_DEAD))
		fits = fits && prepend(&at, buf, " (deleted)", 10);
	path_get(&cur);
	while (fits && !(root && path_equal(&cur, root))) {
		if (cur.dentry == cur.mount->root) {
			if (mount_follow_up(&cur))
				continue;
			unreachable = root != NULL;
			break;
		}
		if (cur.dentry == cur.dentry->parent) {
			unreachable = true;
			break;
		}
		fits = prepend_component(&at, buf, &cur.dentry);
		any = true;
	}
	path_put(&cur);
	if (fits && !any)
		fits = prepend(&at, buf, "/", 1);
	if (fits && unreachable)
		fits = prepend(&at, buf, "(unreachable)", 13);
	return fits ? at : ERR_PTR(-ENAMETOOLONG);
}

/*
 * Credentials and the per-process file context (vfs/cred.h).
 */
#include "vfs/cred.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

struct cred *cred_dup(const struct cred *cred)
{
	struct cred *copy = kmalloc(sizeof(*copy), MM_NORMAL);

	if (!copy)
		return NULL;
	*copy = *cred;
	copy->refs = 1;
	if (cred->group_count) {
		copy->groups = kmalloc(cred->group_count * sizeof(u32), MM_NORMAL);
		if (!copy->groups) {
			kfree(copy);
			return NULL;
		}
		memcpy(copy->groups, cred->groups, cred->group_count * sizeof(u32));
	} else {
		copy->groups = NULL;
	}
	return copy;
}

/* Counting is the one thing that changes in an installed cred. */
void cred_get(const struct cred *cred)
{
	atomic_fetch_add(&((struct cred *)cred)->refs, 1);
}

void cred_put(const struct cred *cred)
{
	struct cred *mutable = (struct cred *)cred;

	if (!cred || atomic_sub_fetch(&mutable->refs, 1))
		return;
	kfree(mutable->groups);
	kfree(mutable);
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
	u32 low = 0, high = cred->group_count;

	if (gid == cred->fsgid)
		return true;
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (cred->groups[mid] == gid)
			return true;
		if (cred->groups[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool cred_capable(const struct cred *cred, int cap)
{
	return (cred->cap_effective >> cap) & 1;
}

static struct spinlock contexts_lock = SPINLOCK_INIT("fs contexts");
static LIST_HEAD(contexts); /* contexts_lock */

static struct fs_context *fs_context_alloc(void)
{
	struct fs_context *fs = kmalloc(sizeof(*fs), MM_ZERO);

	if (!fs)
		return NULL;
	fs->refs = 1;
	fs->umask = 022;
	spin_init(&fs->lock, "fs context");
	return fs;
}

static void fs_context_publish(struct fs_context *fs)
{
	spin_lock(&contexts_lock);
	list_add_tail(&fs->node, &contexts);
	spin_unlock(&contexts_lock);
}

struct fs_context *fs_context_create(const struct path *root)
{
	struct fs_context *fs = fs_context_alloc();

	if (!fs)
		return NULL;
	fs->root = *root;
	fs->cwd = *root;
	path_get(root);
	path_get(root);
	fs_context_publish(fs);
	return fs;
}

struct fs_context *fs_context_dup(struct fs_context *fs)
{
	struct fs_context *copy = fs_context_alloc();

	if (!copy)
		return NULL;
	spin_lock(&fs->lock);
	copy->umask = fs->umask;
	copy->root = fs->root;
	copy->cwd = fs->cwd;
	path_get(&copy->root);
	path_get(&copy->cwd);
	spin_unlock(&fs->lock);
	fs_context_publish(copy);
	return copy;
}

void fs_context_put(struct fs_context *fs)
{
	if (!fs || atomic_sub_fetch(&fs->refs, 1))
		return;
	spin_lock(&contexts_lock);
	list_del(&fs->node);
	spin_unlock(&contexts_lock);
	path_put(&fs->root);
	path_put(&fs->cwd);
	kfree(fs);
}

void fs_context_set_root(struct fs_context *fs, const struct path *root)
{
	struct path old;

	spin_lock(&fs->lock);
	old = fs->root;
	fs->root = *root;
	spin_unlock(&fs->lock);
	path_put(&old);
}

void fs_context_set_cwd(struct fs_context *fs, const struct path *cwd)
{
	struct path old;

	spin_lock(&fs->lock);
	old = fs->cwd;
	fs->cwd = *cwd;
	spin_unlock(&fs->lock);
	path_put(&old);
}

/* The caller holds `from` and `to`, so that no put in here is the last one. */
void fs_context_replace_all(const struct path *from, const struct path *to)
{
	struct fs_context *fs;

	spin_lock(&contexts_lock);
	list_for_each_entry(fs, &contexts, node) {
		struct path *each[] = {&fs->root, &fs->cwd};

		spin_lock(&fs->lock);
		for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
			if (!path_equal(each[i], from))
				continue;
			path_get(to);
			*each[i] = *to;
			path_put(from);
		}
		spin_unlock(&fs->lock);
	}
	spin_unlock(&contexts_lock);
}

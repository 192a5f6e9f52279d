/*
 * Record locks and flock.
 *
 * Three kinds share one set per inode: POSIX locks belong to a process (its descriptor table) and
 * go when it closes any descriptor of the file; open-file-description locks and flock locks belong
 * to the description and go with it. POSIX and OFD locks are ranges and conflict with each other;
 * flock locks are for the whole file and conflict only among themselves.
 *
 * A waiter sleeps on the inode's queue and looks again whenever something was released. POSIX locks
 * detect deadlock: each waiter is on a global list with whom it waits for; a chain from the holder
 * back to the owner is -EDEADLK.
 *
 * The set is made at the first lock and stays until the inode goes. inode->locks is published by an
 * atomic exchange; everything in it is guarded by its spinlock. Memory is allocated before the lock
 * is taken: a change of ranges needs at most two new records.
 */
#include "vfs/locks.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/list.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>

struct lock {
	struct list_head node;
	const void *owner; /* descriptor table, or struct file for OFD and flock */
	bool ofd;
	short type; /* F_RDLCK, F_WRLCK */
	int pid;
	loff_t start, end; /* inclusive */
};

struct inode_locks {
	struct spinlock lock;
	struct list_head ranges; /* by start */
	struct list_head flocks;
	u64 releases; /* how often something was released or weakened */
	struct wait_queue wait;
};

struct waiting {
	struct list_head node;
	const void *owner, *holder;
};

static struct spinlock waiting_lock = SPINLOCK_INIT("lock waiters");
static LIST_HEAD(waiting_all); /* waiting_lock */

static struct inode_locks *locks_of(struct inode *inode, bool create)
{
	void *none = NULL;
	struct inode_locks *locks = atomic_load(&inode->locks);

	if (locks || !create)
		return locks;
	locks = kmalloc(sizeof(*locks), MM_ZERO);
	if (!locks)
		return NULL;
	spin_init(&locks->lock, "inode locks");
	list_init(&locks->ranges);
	list_init(&locks->flocks);
	wait_queue_init(&locks->wait, "inode locks");
	if (atomic_cmpxchg(&inode->locks, &none, (void *)locks))
		return locks;
	kfree(locks);
	return none;
}

void locks_inode_free(struct inode *inode)
{
	struct inode_locks *locks = inode->locks;

	if (!locks)
		return;
	ASSERT(list_empty(&locks->ranges) && list_empty(&locks->flocks));
	inode->locks = NULL;
	kfree(locks);
}

/* Something was given up: waiters look again. Called without the lock. */
static void locks_wake(struct inode_locks *locks)
{
	if (wait_queue_active(&locks->wait))
		wake_all(&locks->wait);
}

/* ---- ranges ---- */

static bool same_owner(const struct lock *lock, const void *owner)
{
	return lock->owner == owner;
}

static struct lock *find_conflict(struct inode_locks *locks, const void *owner, short type,
				  loff_t start, loff_t end)
{
	struct lock *lock;

	if (type == F_UNLCK)
		return NULL;
	list_for_each_entry(lock, &locks->ranges, node)
		if (!same_owner(lock, owner) && lock->start <= end && lock->end >= start &&
		    (type == F_WRLCK || lock->type == F_WRLCK))
			return lock;
	return NULL;
}

static void insert_sorted(struct inode_locks *locks, struct lock *new)
{
	struct lock *lock;

	list_for_each_entry(lock, &locks->ranges, node) {
		/* clang's analyzer takes set_range()'s list of dropped records for a part of this
		 * one: that list_del() also changes the neighbours is beyond it. */
		if (lock->start > new->start) /* NOLINT(clang-analyzer-core.*) */
			break;
	}
	list_add_tail(&new->node, &lock->node); /* or the head, which is then in lock's place */
}

/*
 * Cuts [start, end] out of one of the owner's locks. What is left of it on both sides needs a
 * second record: *spare. Returns false when nothing of the lock is left (it is then unlinked).
 */
static bool cut(struct inode_locks *locks, struct lock *lock, loff_t start, loff_t end,
		struct lock **spare)
{
	if (lock->start < start && lock->end > end) {
		struct lock *right = *spare;

		/* Only one lock of an owner can reach out of the range on both sides. */
		VERIFY(right != NULL);
		*spare = NULL;
		*right = *lock;
		right->start = end + 1;
		lock->end = start - 1;
		insert_sorted(locks, right);
		return true;
	}
	if (lock->start < start) {
		lock->end = start - 1;
		return true;
	}
	if (lock->end > end) {
		list_del(&lock->node);
		lock->start = end + 1;
		insert_sorted(locks, lock);
		return true;
	}
	list_del(&lock->node);
	return false;
}

/* The owner's locks in the range become `new` (or nothing, if new is NULL). Dropped records go to
 * `dropped`. */
static void set_range(struct inode_locks *locks, const void *owner, loff_t start, loff_t end,
		      struct lock *new, struct lock **spare, struct list_head *dropped)
{
	struct lock *lock, *tmp;

	list_for_each_entry_safe(lock, tmp, &locks->ranges, node) {
		if (!same_owner(lock, owner))
			continue;
		/* Neighbours of the same type become one. */
		if (new && lock->type == new->type &&
		    (lock->end == S64_MAX || lock->end + 1 >= new->start) &&
		    (new->end == S64_MAX || lock->start <= new->end + 1)) {
			new->start = min(new->start, lock->start);
			new->end = max(new->end, lock->end);
			list_move(&lock->node, dropped);
			continue;
		}
		if (lock->start > end || lock->end < start)
			continue;
		if (!cut(locks, lock, start, end, spare))
			list_add(&lock->node, dropped);
	}
	if (new)
		insert_sorted(locks, new);
	locks->releases++;
}

static void free_list(struct list_head *list)
{
	struct lock *lock, *tmp;

	list_for_each_entry_safe(lock, tmp, list, node)
		kfree(lock);
}

/* Whether waiting for holder would wait for owner itself in the end. waiting_lock held. */
static bool would_deadlock(const void *owner, const void *holder)
{
	struct waiting *w;

	for (int depth = 0; depth < 64; depth++) {
		const void *next = NULL;

		if (holder == owner)
			return true;
		list_for_each_entry(w, &waiting_all, node)
			if (w->owner == holder) {
				next = w->holder;
				break;
			}
		if (!next)
			return false;
		holder = next;
	}
	return false;
}

static int wait_for_release(struct inode_locks *locks, u64 seen, const void *owner,
			    const void *holder, bool posix)
{
	struct waiting self = {.owner = owner, .holder = holder};
	int err;

	list_init(&self.node);
	if (posix) {
		bool deadlock;

		spin_lock(&waiting_lock);
		deadlock = would_deadlock(owner, holder);
		if (!deadlock)
			list_add(&self.node, &waiting_all);
		spin_unlock(&waiting_lock);
		if (deadlock)
			return -EDEADLK;
	}
	err = wait_event_interruptible(&locks->wait, READ_ONCE(locks->releases) != seen);
	if (posix) {
		spin_lock(&waiting_lock);
		list_del(&self.node);
		spin_unlock(&waiting_lock);
	}
	return err;
}

int locks_posix_set(struct file *file, struct flock_request *request)
{
	const void *owner = request->ofd ? (const void *)file : (const void *)current_files();
	struct inode_locks *locks = locks_of(file->inode, request->type != F_UNLCK);
	struct lock *new = NULL, *spare;
	LIST_HEAD(dropped);
	int err = 0;

	if (!locks)
		return request->type == F_UNLCK ? 0 : -ENOLCK;
	spare = kmalloc(sizeof(*spare), MM_NORMAL);
	if (request->type != F_UNLCK)
		new = kmalloc(sizeof(*new), MM_NORMAL);
	if (!spare || (!new && request->type != F_UNLCK)) {
		kfree(spare);
		kfree(new);
		return -ENOLCK;
	}
	if (new)
		*new = (struct lock){
		    .owner = owner,
		    .ofd = request->ofd,
		    .type = request->type,
		    .pid = request->pid,
		    .start = request->start,
		    .end = request->end,
		};
	for (;;) {
		const struct lock *conflict;
		const void *holder;
		u64 seen;

		spin_lock(&locks->lock);
		conflict = find_conflict(locks, owner, request->type, request->start, request->end);
		if (!conflict) {
			set_range(locks, owner, request->start, request->end, new, &spare,
				  &dropped);
			new = NULL;
			spin_unlock(&locks->lock);
			break;
		}
		holder = conflict->owner;
		seen = locks->releases;
		spin_unlock(&locks->lock);
		err = request->wait ? wait_for_release(locks, seen, owner, holder, !request->ofd)
				    : -EAGAIN;
		if (err)
			break;
	}
	locks_wake(locks);
	free_list(&dropped);
	kfree(spare);
	kfree(new);
	return err;
}

int locks_posix_get(struct file *file, struct flock_request *request)
{
	const void *owner = request->ofd ? (const void *)file : (const void *)current_files();
	struct inode_locks *locks = locks_of(file->inode, false);
	const struct lock *conflict;

	if (!locks) {
		request->type = F_UNLCK;
		return 0;
	}
	spin_lock(&locks->lock);
	conflict = find_conflict(locks, owner, request->type, request->start, request->end);
	if (conflict) {
		request->type = conflict->type;
		request->start = conflict->start;
		request->end = conflict->end;
		request->pid = conflict->ofd ? -1 : conflict->pid;
	} else {
		request->type = F_UNLCK;
	}
	spin_unlock(&locks->lock);
	return 0;
}

/* Drops all range locks of the owner. */
static void release_ranges(struct inode_locks *locks, const void *owner)
{
	struct lock *lock, *tmp;
	LIST_HEAD(dropped);

	spin_lock(&locks->lock);
	list_for_each_entry_safe(lock, tmp, &locks->ranges, node)
		if (same_owner(lock, owner))
			list_move(&lock->node, &dropped);
	if (!list_empty(&dropped))
		locks->releases++;
	spin_unlock(&locks->lock);
	if (list_empty(&dropped))
		return;
	locks_wake(locks);
	free_list(&dropped);
}

/* ---- flock ---- */

static struct lock *flock_find(struct inode_locks *locks, const struct file *file)
{
	struct lock *lock;

	list_for_each_entry(lock, &locks->flocks, node)
		if (lock->owner == file)
			return lock;
	return NULL;
}

static bool flock_conflicts(struct inode_locks *locks, const struct file *file, short type)
{
	struct lock *lock;

	list_for_each_entry(lock, &locks->flocks, node)
		if (lock->owner != file && (type == F_WRLCK || lock->type == F_WRLCK))
			return true;
	return false;
}

static void flock_release(struct inode_locks *locks, const struct file *file)
{
	struct lock *lock;

	spin_lock(&locks->lock);
	lock = flock_find(locks, file);
	if (lock) {
		list_del(&lock->node);
		locks->releases++;
	}
	spin_unlock(&locks->lock);
	if (lock)
		locks_wake(locks);
	kfree(lock);
}

int locks_flock(struct file *file, int operation)
{
	bool wait = !(operation & LOCK_NB);
	struct inode_locks *locks;
	struct lock *new;
	short type;
	int err = 0;

	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		type = F_RDLCK;
		break;
	case LOCK_EX:
		type = F_WRLCK;
		break;
	case LOCK_UN:
		locks = locks_of(file->inode, false);
		if (locks)
			flock_release(locks, file);
		return 0;
	default:
		return -EINVAL;
	}
	locks = locks_of(file->inode, true);
	new = kmalloc(sizeof(*new), MM_NORMAL);
	if (!locks || !new) {
		kfree(new);
		return -ENOLCK;
	}
	*new = (struct lock){.owner = file, .type = type, .end = S64_MAX};
	for (;;) {
		struct lock *own;
		u64 seen;

		spin_lock(&locks->lock);
		own = flock_find(locks, file);
		if (own && own->type == type) {
			spin_unlock(&locks->lock);
			break;
		}
		if (!flock_conflicts(locks, file, type)) {
			if (own) {
				own->type = type;
				locks->releases++;
			} else {
				list_add_tail(&new->node, &locks->flocks);
				new = NULL;
			}
			spin_unlock(&locks->lock);
			locks_wake(locks);
			break;
		}
		/* A lock that is to be converted is given up first, as flock(2) says. */
		if (own && wait) {
			list_del(&own->node);
			locks->releases++;
		} else {
			own = NULL;
		}
		seen = locks->releases;
		spin_unlock(&locks->lock);
		if (own) {
			kfree(own);
			locks_wake(locks);
		}
		err = wait ? wait_for_release(locks, seen, file, NULL, false) : -EAGAIN;
		if (err)
			break;
	}
	kfree(new);
	return err;
}

void locks_release_files(struct file *file, const void *table_owner)
{
	struct inode_locks *locks = locks_of(file->inode, false);

	if (locks)
		release_ranges(locks, table_owner);
}

void locks_release_description(struct file *file)
{
	struct inode_locks *locks = locks_of(file->inode, false);

	if (!locks)
		return;
	release_ranges(locks, file);
	flock_release(locks, file);
}

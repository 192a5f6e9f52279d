/*
 * Futexes: sleeping on a word of user memory.
 *
 * A waiter is identified by what the word is, not where it is mapped: (space, address) for private
 * memory, (backing object, page, offset) for shared mappings, so that processes that map the same
 * file meet. Waiters sit in a hash table of lists, each under a spinning lock; a waiter's record is
 * on its own stack.
 *
 * The promise "if the word still has the value, sleep" is kept by reading the word under the list's
 * lock, behind which any waker must come. The word is read without resolving faults there; if it is
 * not in memory, the lock is dropped, the page faulted in, and all is tried again. A waker takes a
 * waiter off its list and unparks it while it holds the lock, and a waiter passes through the lock
 * once more before its record dies.
 */
#include "sys/futex.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/park.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "sys/time/time_int.h"
#include "sys/time/timer.h"

#include <linux/capability.h>
#include <linux/futex.h>

#define BUCKETS 256 /* a power of two */

struct futex_bucket {
	struct spinlock lock;
	struct list_head waiters;
};

struct futex_waiter {
	struct list_head node;
	struct futex_key key;
	u32 bitset;
	struct thread *thread;
	struct futex_bucket *bucket; /* atomic: requeueing moves it, under both locks */
	bool queued;                 /* atomic; bucket's lock */
};

static struct futex_bucket buckets[BUCKETS] = {
    [0 ... BUCKETS - 1] = {.lock = SPINLOCK_INIT("futex")},
};

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u64 h = (u64)(unsigned long)key->object * 0x9e3779b97f4a7c15ull + key->index;

	h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9ull + key->offset;
	return &buckets[(h ^ (h >> 32)) & (BUCKETS - 1)];
}

/* lock held. Lists start out as zero, not as empty. */
static void bucket_prepare(struct futex_bucket *bucket)
{
	if (!bucket->waiters.next)
		list_init(&bucket->waiters);
}

static void bucket_lock(struct futex_bucket *bucket) __acquires(bucket->lock)
{
	spin_lock(&bucket->lock);
	bucket_prepare(bucket);
}

static inline bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->index == b->index && a->offset == b->offset;
}

static int key_get(u32 __user *word, unsigned int flags, struct futex_key *key)
{
	unsigned long addr = (unsigned long)word;

	if (!is_aligned(addr, sizeof(u32)))
		return -EINVAL;
	if (addr >= MMU_USER_MAX)
		return -EFAULT;
	return mm_futex_key(mm_current(), addr, !(flags & FUTEX_PRIVATE_FLAG), key);
}

/* ---- waking ---- */

/* Both under the bucket's lock. */
static void waiter_remove(struct futex_waiter *waiter)
{
	list_del(&waiter->node);
	atomic_store(&waiter->queued, false);
}

static void waiter_wake(struct futex_waiter *waiter)
{
	struct thread *thread = waiter->thread;

	waiter_remove(waiter);
	thread_unpark(thread);
}

/* lock held. Returns how many were woken. */
static long bucket_wake(struct futex_bucket *bucket, const struct futex_key *key, long nr,
			u32 bitset)
{
	struct futex_waiter *waiter, *next;
	long woken = 0;

	list_for_each_entry_safe(waiter, next, &bucket->waiters, node) {
		if (woken >= nr)
			break;
		if (!(waiter->bitset & bitset) || !key_equal(&waiter->key, key))
			continue;
		waiter_wake(waiter);
		woken++;
	}
	return woken;
}

static long futex_wake(u32 __user *word, unsigned int flags, int nr, u32 bitset)
{
	struct futex_bucket *bucket;
	struct futex_key key;
	long woken;
	int err;

	if (!bitset)
		return -EINVAL;
	err = key_get(word, flags, &key);
	if (err)
		return err;
	bucket = bucket_of(&key);
	bucket_lock(bucket);
	woken = bucket_wake(bucket, &key, max(nr, 1), bitset); /* Linux wakes one even for 0 */
	spin_unlock(&bucket->lock);
	return woken;
}

/* ---- waiting ---- */

/* Takes the waiter off its list, wherever that is by now. True if nobody had woken it. */
static bool waiter_cancel(struct futex_waiter *waiter) __no_lock_analysis
{
	for (;;) {
		struct futex_bucket *bucket = atomic_load(&waiter->bucket);
		bool queued;

		spin_lock(&bucket->lock);
		if (bucket != atomic_load(&waiter->bucket)) {
			spin_unlock(&bucket->lock);
			continue;
		}
		queued = waiter->queued;
		if (queued)
			waiter_remove(waiter);
		spin_unlock(&bucket->lock);
		return queued;
	}
}

/* Reads the word under the lock; -EFAULT with the lock dropped means: fault it in. */
static int value_read(u32 __user *word, u32 *value)
{
	return copy_from_user_nofault(value, word, sizeof(*value)) ? -EFAULT : 0;
}

/* Queues the waiter if the word has the expected value. 0, -EAGAIN, -EFAULT. */
static int waiter_queue(struct futex_waiter *waiter, u32 __user *word,
			u32 expected) __no_lock_analysis
{
	struct futex_bucket *bucket = bucket_of(&waiter->key);
	u32 value;
	int err;

	waiter->bucket = bucket;
	for (;;) {
		bucket_lock(bucket);
		err = value_read(word, &value);
		if (!err)
			break;
		spin_unlock(&bucket->lock);
		err = user_fault_in_readable(word, sizeof(*word));
		if (err)
			return err;
	}
	if (value != expected) {
		spin_unlock(&bucket->lock);
		return -EAGAIN;
	}
	waiter->queued = true;
	list_add_tail(&waiter->node, &bucket->waiters);
	spin_unlock(&bucket->lock);
	return 0;
}

/* 0 when woken; -EAGAIN, -ETIMEDOUT, -EINTR, -EFAULT. */
static int futex_wait_until(u32 __user *word, unsigned int flags, u32 expected, u64 deadline,
			    u32 bitset)
{
	struct futex_waiter waiter = {.bitset = bitset, .thread = thread_current()};
	int err;

	err = key_get(word, flags, &waiter.key);
	if (err)
		return err;
	err = waiter_queue(&waiter, word, expected);
	while (!err && atomic_load(&waiter.queued))
		err = thread_park(PARK_INTERRUPTIBLE, deadline);
	if (err == -EAGAIN || err == -EFAULT)
		return err;
	return waiter_cancel(&waiter) ? err : 0;
}

/* restart_args: word, expected value, deadline, bitset | flags << 32. */
static long futex_wait_restart(struct thread *self)
{
	u64 deadline = self->restart_args[2];
	int err = futex_wait_until(
	    (u32 __user *)self->restart_args[0], (unsigned int)(self->restart_args[3] >> 32),
	    (u32)self->restart_args[1], deadline, (u32)self->restart_args[3]);

	if (err != -EINTR)
		return err;
	if (deadline == PARK_FOREVER)
		return -ERESTARTSYS;
	self->restart = futex_wait_restart;
	return -ERESTART_RESTARTBLOCK;
}

static long futex_wait(u32 __user *word, unsigned int flags, u32 expected, u64 deadline, u32 bitset)
{
	struct thread *self = thread_current();

	if (!bitset)
		return -EINVAL;
	self->restart_args[0] = (unsigned long)word;
	self->restart_args[1] = expected;
	self->restart_args[2] = deadline;
	self->restart_args[3] = bitset | (unsigned long)flags << 32;
	return futex_wait_restart(self);
}

/* ---- two words ---- */

static void buckets_lock(struct futex_bucket *a, struct futex_bucket *b) __no_lock_analysis
{
	if (a > b)
		swap(a, b);
	bucket_lock(a);
	if (a != b)
		bucket_lock(b);
}

static void buckets_unlock(struct futex_bucket *a, struct futex_bucket *b) __no_lock_analysis
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Both locks held: wakes up to nr_wake, moves up to nr_move others. */
static long requeue_locked(struct futex_bucket *from, const struct futex_key *from_key,
			   struct futex_bucket *to, const struct futex_key *to_key, int nr_wake,
			   int nr_move)
{
	struct futex_waiter *waiter, *next;
	long done = 0;

	if (key_equal(from_key, to_key)) /* nowhere to move them */
		return bucket_wake(from, from_key, nr_wake, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe(waiter, next, &from->waiters, node) {
		if (!key_equal(&waiter->key, from_key))
			continue;
		if (done < nr_wake) {
			waiter_wake(waiter);
		} else if (done - nr_wake < nr_move) {
			waiter->key = *to_key;
			list_move_tail(&waiter->node, &to->waiters);
			atomic_store(&waiter->bucket, to);
		} else {
			break;
		}
		done++;
	}
	return done;
}

static long futex_requeue(u32 __user *word, u32 __user *word2, unsigned int flags, int nr_wake,
			  int nr_move, bool compare, u32 expected) __no_lock_analysis
{
	struct futex_bucket *from, *to;
	struct futex_key key, key2;
	long result;
	u32 value;
	int err;

	if (nr_wake < 0 || nr_move < 0)
		return -EINVAL;
	err = key_get(word, flags, &key);
	if (!err)
		err = key_get(word2, flags, &key2);
	if (err)
		return err;
	from = bucket_of(&key);
	to = bucket_of(&key2);
	for (;;) {
		buckets_lock(from, to);
		if (!compare || !value_read(word, &value))
			break;
		buckets_unlock(from, to);
		err = user_fault_in_readable(word, sizeof(*word));
		if (err)
			return err;
	}
	if (compare && value != expected)
		result = -EAGAIN;
	else
		result = requeue_locked(from, &key, to, &key2, nr_wake, nr_move);
	buckets_unlock(from, to);
	return result;
}

static u32 wake_op_apply(unsigned int op, u32 old, u32 arg)
{
	switch (op) {
	case FUTEX_OP_SET:
		return arg;
	case FUTEX_OP_ADD:
		return old + arg;
	case FUTEX_OP_OR:
		return old | arg;
	case FUTEX_OP_ANDN:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static int wake_op_compare(unsigned int cmp, s32 old, s32 arg, bool *result)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		*result = old == arg;
		return 0;
	case FUTEX_OP_CMP_NE:
		*result = old != arg;
		return 0;
	case FUTEX_OP_CMP_LT:
		*result = old < arg;
		return 0;
	case FUTEX_OP_CMP_LE:
		*result = old <= arg;
		return 0;
	case FUTEX_OP_CMP_GT:
		*result = old > arg;
		return 0;
	case FUTEX_OP_CMP_GE:
		*result = old >= arg;
		return 0;
	}
	return -ENOSYS;
}

/* The change is made before the lists are locked: who sleeps later has seen it. */
static long futex_wake_op(u32 __user *word, u32 __user *word2, unsigned int flags, int nr, int nr2,
			  u32 encoded) __no_lock_analysis
{
	unsigned int op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
	s32 op_arg = (s32)(encoded << 8) >> 20, cmp_arg = (s32)(encoded << 20) >> 20;
	struct futex_bucket *a, *b;
	struct futex_key key, key2;
	u32 old, seen;
	bool also;
	long woken;
	int err;

	if (op > FUTEX_OP_XOR)
		return -ENOSYS;
	if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
		op_arg = (s32)(1u << (op_arg & 31));
	err = key_get(word, flags, &key);
	if (!err)
		err = key_get(word2, flags, &key2);
	if (!err)
		err = wake_op_compare(cmp, 0, 0, &also);
	if (!err)
		err = get_user(old, word2);
	if (err)
		return err;
	for (;;) {
		err = user_cmpxchg32(word2, old, wake_op_apply(op, old, (u32)op_arg), &seen);
		if (err)
			return err;
		if (seen == old)
			break;
		old = seen;
		thread_yield_point();
	}
	(void)wake_op_compare(cmp, (s32)old, cmp_arg, &also);
	a = bucket_of(&key);
	b = bucket_of(&key2);
	buckets_lock(a, b);
	woken = bucket_wake(a, &key, max(nr, 1), FUTEX_BITSET_MATCH_ANY);
	if (also)
		woken += bucket_wake(b, &key2, max(nr2, 1), FUTEX_BITSET_MATCH_ANY);
	buckets_unlock(a, b);
	return woken;
}

/* ---- the calls ---- */

/* The deadline that the timeout argument of a waiting operation means. */
static int deadline_get(int op, unsigned int flags, const struct __kernel_timespec __user *timeout,
			u64 *deadline)
{
	struct timespec64 ts;
	s64 ns;
	int err;

	*deadline = PARK_FOREVER;
	if (!timeout)
		return 0;
	err = timespec_from_user(&ts, timeout);
	if (err)
		return err;
	ns = timespec64_to_ns(ts.sec, ts.nsec);
	if (op == FUTEX_WAIT)
		*deadline = deadline_after(clock_monotonic_ns(), (u64)ns);
	else if (flags & FUTEX_CLOCK_REALTIME)
		*deadline = clock_realtime_to_monotonic(ns);
	else
		*deadline = (u64)ns;
	return 0;
}

SYSCALL(futex)
{
	u32 __user *word = (u32 __user *)args[0], *word2 = (u32 __user *)args[4];
	int op = (int)args[1] & FUTEX_CMD_MASK;
	unsigned int flags = (unsigned int)args[1] & ~(unsigned int)FUTEX_CMD_MASK;
	u32 value = (u32)args[2], value3 = (u32)args[5];
	int value2 = (int)args[3]; /* where it is not a timeout */
	u64 deadline;
	int err;

	if (flags & FUTEX_CLOCK_REALTIME && op != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (op) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		err = deadline_get(op, flags, (const struct __kernel_timespec __user *)args[3],
				   &deadline);
		if (err)
			return err;
		return futex_wait(word, flags, value, deadline,
				  op == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : value3);
	case FUTEX_WAKE:
		return futex_wake(word, flags, (int)value, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(word, flags, (int)value, value3);
	case FUTEX_REQUEUE:
		return futex_requeue(word, word2, flags, (int)value, value2, false, 0);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(word, word2, flags, (int)value, value2, true, value3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(word, word2, flags, (int)value, value2, value3);
	}
	return -ENOSYS;
}

/* ---- robust futexes ---- */

/* The owner of the word has died holding it. */
static void robust_release(u32 __user *word, int tid, bool pending)
{
	u32 value, seen;

	if (!is_aligned((unsigned long)word, sizeof(u32)) || get_user(value, word))
		return;
	for (;;) {
		/* It died between unlocking and waking, or before it could leave its name. */
		if (pending && !value) {
			(void)!futex_wake(word, 0, 1, FUTEX_BITSET_MATCH_ANY);
			return;
		}
		if ((value & FUTEX_TID_MASK) != (u32)tid)
			return;
		if (user_cmpxchg32(word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
			return;
		if (seen == value)
			break;
		value = seen;
	}
	if (value & FUTEX_WAITERS)
		(void)!futex_wake(word, 0, 1, FUTEX_BITSET_MATCH_ANY);
}

/* Entries are pointers whose lowest bit marks priority inheritance, which we do not have. */
static void robust_list_walk(struct thread *thread)
{
	struct robust_list_head __user *head = thread->robust_list;
	unsigned long entry, next, pending;
	long offset;

	if (get_user(entry, (unsigned long __user *)&head->list.next) ||
	    get_user(offset, &head->futex_offset) ||
	    get_user(pending, (unsigned long __user *)&head->list_op_pending))
		return;
	for (unsigned int n = 0;
	     (entry & ~1ul) != (unsigned long)&head->list && n < ROBUST_LIST_LIMIT; n++) {
		int err = get_user(next, (unsigned long __user *)(entry & ~1ul));

		if ((entry & ~1ul) != (pending & ~1ul))
			robust_release((u32 __user *)((entry & ~1ul) + (unsigned long)offset),
				       thread->tid, false);
		if (err)
			break;
		entry = next;
		thread_yield_point();
	}
	if (pending)
		robust_release((u32 __user *)((pending & ~1ul) + (unsigned long)offset),
			       thread->tid, true);
}

void futex_thread_exit(struct thread *thread)
{
	u32 __user *word = thread->clear_child_tid;

	if (thread->robust_list)
		robust_list_walk(thread);
	thread->robust_list = NULL;
	if (word && !put_user(0u, word))
		(void)!futex_wake(word, 0, 1, FUTEX_BITSET_MATCH_ANY);
}

SYSCALL(set_robust_list)
{
	if (args[1] != sizeof(struct robust_list_head))
		return -EINVAL;
	thread_current()->robust_list = (void __user *)args[0];
	return 0;
}

SYSCALL(get_robust_list)
{
	int tid = (int)args[0];
	struct thread *thread = tid ? thread_find(tid) : thread_current();
	unsigned long head;

	if (!thread)
		return -ESRCH;
	bool allowed = thread->process == process_current() || capable(CAP_SYS_PTRACE);

	head = (unsigned long)thread->robust_list;
	if (tid)
		thread_put(thread);
	if (!allowed)
		return -EPERM;
	if (put_user(sizeof(struct robust_list_head), (size_t __user *)args[2]) ||
	    put_user(head, (unsigned long __user *)args[1]))
		return -EFAULT;
	return 0;
}

/*
 * Processes as objects: ids, tables, groups and sessions.
 *
 * An id (pid, tid, group, session) is one number space. A number stays taken while anything is
 * called by it: a thread or zombie, a group that outlives its leader, a session. Uses are counted
 * per number, so that no new process is mistaken for an old group.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "hw/mmu.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"

#include <linux/capability.h>

#define HASH_BUCKETS 512
#define FILES_SOFT   1024
#define FILES_HARD   4096
#define STACK_SOFT   (8ull << 20)
#define MEMLOCK_MAX  (8ull << 20)

struct irqlock process_lock = IRQLOCK_INIT("process tables");
struct list_head process_list = LIST_HEAD_INIT(process_list);

static u64 ids_given;
static unsigned int threads_max;
/* How often an id is used, in chunks that are made with the first id in them; process_lock, as all
 * below. */
#define ID_CHUNK ((int)(PAGE_SIZE / sizeof(u16)))
static u16 id_first[ID_CHUNK];
static u16 *id_uses[PID_MAX / ID_CHUNK] = {id_first};
static unsigned int thread_count;
static int id_last = 1;
static struct hlist_head thread_hash[HASH_BUCKETS];
static struct hlist_head process_hash[HASH_BUCKETS];
static struct slab_cache *process_cache;

struct process process_zero = {
    .refs = 1,
    .pins = 1,
    .threads = LIST_HEAD_INIT(process_zero.threads),
    .children = LIST_HEAD_INIT(process_zero.children),
    .sibling = LIST_HEAD_INIT(process_zero.sibling),
    .all_node = LIST_HEAD_INIT(process_zero.all_node),
    .pending = {.queue = LIST_HEAD_INIT(process_zero.pending.queue)},
    .signal_lock = IRQLOCK_INIT("signals"),
    .signal_wait = WAIT_QUEUE_INIT(process_zero.signal_wait, "signalfd"),
    .child_wait = WAIT_QUEUE_INIT(process_zero.child_wait, "children"),
    .thread_wait = WAIT_QUEUE_INIT(process_zero.thread_wait, "threads"),
    .exit_wait = WAIT_QUEUE_INIT(process_zero.exit_wait, "pidfd"),
    .limits_lock = SPINLOCK_INIT("limits"),
};

#define CAPS_ALL ((1ull << (CAP_LAST_CAP + 1)) - 1)

struct cred cred_kernel = {
    .refs = 1,
    .cap_effective = CAPS_ALL,
    .cap_permitted = CAPS_ALL,
    .cap_bounding = CAPS_ALL,
};

/* ---- ids ---- */

/* NULL: no id of the chunk was ever given, and there is no memory for it now. */
static u16 *id_uses_of(int id)
{
	u16 **chunk = &id_uses[id / ID_CHUNK];

	if (!*chunk)
		*chunk = kmalloc(PAGE_SIZE, MM_ATOMIC | MM_ZERO);
	return *chunk ? *chunk + id % ID_CHUNK : NULL;
}

int id_alloc(void)
{
	for (int tried = 0; tried < PID_MAX; tried++) {
		u16 *uses;

		if (++id_last >= PID_MAX)
			id_last = 2;
		uses = id_uses_of(id_last);
		if (uses && !*uses) {
			*uses = 1;
			ids_given++;
			return id_last;
		}
	}
	return -EAGAIN;
}

void id_use(int id)
{
	++*id_uses_of(id); /* it is in use, so has a place */
}

void id_release(int id)
{
	u16 *uses = id_uses_of(id);

	VERIFY(*uses);
	--*uses;
}

u64 process_created_count(void)
{
	return READ_ONCE(ids_given);
}

/* ---- tables ---- */

static struct hlist_head *bucket(struct hlist_head *table, int id)
{
	return &table[hash_u64((u64)id) % HASH_BUCKETS];
}

void thread_table_add(struct thread *thread)
{
	hlist_add_head(&thread->tid_node, bucket(thread_hash, thread->tid));
	thread->in_tables = true;
	thread_count++;
}

bool threads_are_too_many(void)
{
	return thread_count >= threads_max;
}

void thread_table_remove(struct thread *thread)
{
	if (!thread->in_tables)
		return;
	hlist_del(&thread->tid_node);
	thread->in_tables = false;
	thread_count--;
	id_release(thread->tid);
}

struct process *process_lookup(int pid)
{
	struct process *process;

	hlist_for_each_entry(process, bucket(process_hash, pid),
			     pid_node) if (process->pid == pid) return process;
	return NULL;
}

bool process_in_tables(const struct process *process)
{
	return process_lookup(process->pid) == process;
}

struct thread *thread_lookup(int tid)
{
	struct thread *thread;

	hlist_for_each_entry(thread, bucket(thread_hash, tid),
			     tid_node) if (thread->tid == tid) return thread;
	return NULL;
}

void process_table_add(struct process *process)
{
	hlist_add_head(&process->pid_node, bucket(process_hash, process->pid));
	list_add_tail(&process->all_node, &process_list);
}

void process_table_remove(struct process *process)
{
	hlist_del(&process->pid_node);
	list_del(&process->all_node);
	list_del(&process->sibling);
	process_group_set(process, 0);
	process_session_set(process, 0);
	thread_table_remove(process->leader);
}

struct process *process_find(int pid)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process = process_lookup(pid);

	if (process)
		process_get(process);
	irqlock_unlock(&process_lock, flags);
	return process;
}

struct thread *thread_find(int tid)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct thread *thread = thread_lookup(tid);

	if (thread)
		thread_get(thread);
	irqlock_unlock(&process_lock, flags);
	return thread;
}

struct process *process_next(int pid)
{
	struct process *found = NULL;
	irqflags_t flags;

	if (pid < 0)
		pid = 0;
	flags = irqlock_lock(&process_lock);
	for (; pid < PID_MAX && !found; pid++)
		if (id_uses[pid / ID_CHUNK] && *id_uses_of(pid))
			found = process_lookup(pid);
	if (found)
		process_get(found);
	irqlock_unlock(&process_lock, flags);
	return found;
}

struct thread *process_thread_next(struct process *process, int tid)
{
	struct thread *thread, *best = NULL;
	irqflags_t flags = irqlock_lock(&process_lock);

	list_for_each_entry(thread, &process->threads, process_node)
		if (thread->tid >= tid && (!best || thread->tid < best->tid))
			best = thread;
	/* A leader that has ended is still the process's first thread. */
	if (process->leader && process->leader->in_tables && process->leader->tid >= tid &&
	    (!best || process->leader->tid < best->tid))
		best = process->leader;
	if (best)
		thread_get(best);
	irqlock_unlock(&process_lock, flags);
	return best;
}

/* ---- groups and sessions ---- */

void process_group_set(struct process *process, int pgid)
{
	if (pgid)
		id_use(pgid);
	if (process->pgid)
		id_release(process->pgid);
	process->pgid = pgid;
}

void process_session_set(struct process *process, int sid)
{
	if (sid)
		id_use(sid);
	if (process->sid)
		id_release(process->sid);
	process->sid = sid;
}

bool group_exists(int pgid, int sid)
{
	struct process *process;

	list_for_each_entry(process, &process_list, all_node)
		if (process->pgid == pgid && process->sid == sid)
			return true;
	return false;
}

bool group_is_orphaned(int pgid, const struct process *ignored)
{
	struct process *process;

	list_for_each_entry(process, &process_list, all_node) {
		const struct process *parent = process->parent;
		if (process->pgid != pgid || process == ignored || process->zombie || !parent ||
		    parent->init)
			continue;
		if (parent->pgid != pgid && parent->sid == process->sid)
			return false;
	}
	return true;
}

bool process_group_is_orphaned(int pgid)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	bool orphaned = group_is_orphaned(pgid, NULL);

	irqlock_unlock(&process_lock, flags);
	return orphaned;
}

bool group_has_stopped(int pgid)
{
	struct process *process;

	list_for_each_entry(process, &process_list, all_node)
		if (process->pgid == pgid && process->group_stop)
			return true;
	return false;
}

/* ---- memory ---- */

static void limits_init(struct process *process)
{
	struct rlimit64 *limits = process->limits;

	for (unsigned int i = 0; i < RLIM_NLIMITS; i++)
		limits[i] = (struct rlimit64){RLIM64_INFINITY, RLIM64_INFINITY};
	limits[RLIMIT_STACK].rlim_cur = STACK_SOFT;
	limits[RLIMIT_CORE].rlim_cur = 0;
	limits[RLIMIT_NOFILE] = (struct rlimit64){FILES_SOFT, FILES_HARD};
	limits[RLIMIT_MEMLOCK] = (struct rlimit64){MEMLOCK_MAX, MEMLOCK_MAX};
	limits[RLIMIT_NICE] = (struct rlimit64){0, 0};
	limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
	limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
	/* One user has half of the threads that there can be: a fork bomb without a limit of its
	 * own meets this one. */
	limits[RLIMIT_NPROC] = (struct rlimit64){threads_max / 2, threads_max / 2};
	limits[RLIMIT_SIGPENDING] = (struct rlimit64){1024, 1024};
}

static void process_fields_init(struct process *process)
{
	process->refs = 1;
	process->pins = 1;
	list_init(&process->threads);
	list_init(&process->children);
	list_init(&process->sibling);
	list_init(&process->all_node);
	hlist_node_init(&process->pid_node);
	irqlock_init(&process->signal_lock, "signals");
	signal_pending_init(&process->pending);
	spin_init(&process->limits_lock, "limits");
	wait_queue_init(&process->child_wait, "children");
	wait_queue_init(&process->signal_wait, "signalfd");
	wait_queue_init(&process->thread_wait, "threads");
	wait_queue_init(&process->exit_wait, "pidfd");
	process->dumpable = 1;
	process->start_ns = clock_monotonic_ns();
}

struct process *process_alloc(void)
{
	struct process *process = slab_alloc(process_cache, MM_NORMAL | MM_ZERO);

	if (!process)
		return NULL;
	process_fields_init(process);
	process->sighand = sighand_create();
	if (!process->sighand) {
		slab_free(process_cache, process);
		return NULL;
	}
	limits_init(process);
	return process;
}

void process_pin(struct process *process)
{
	atomic_inc(&process->pins);
}

void process_unpin(struct process *process)
{
	if (atomic_sub_fetch(&process->pins, 1))
		return;
	signal_pending_flush(process, &process->pending, ~0ull);
	sighand_put(process->sighand);
	slab_free(process_cache, process);
}

void process_get(struct process *process)
{
	atomic_inc(&process->refs);
}

void process_put(struct process *process)
{
	if (atomic_sub_fetch(&process->refs, 1))
		return;
	if (process->leader)
		thread_put(process->leader);
	if (process->parent)
		process_put(process->parent);
	process_unpin(process);
}

void process_init(void)
{
	/* As on Linux: their stacks may take an eighth of the memory. */
	threads_max = (unsigned int)clamp(mm_total_pages() / (THREAD_STACK_SIZE / PAGE_SIZE * 8),
					  (size_t)64, (size_t)PID_MAX);
	thread_cache_init();
	signal_init();
	process_cache = slab_cache_create("process", sizeof(struct process), 64);
	process_zero.sighand = sighand_create();
	if (!process_zero.sighand)
		panic("no memory for process 0");
	limits_init(&process_zero);
}

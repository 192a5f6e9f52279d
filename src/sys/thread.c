/*
 * Threads as objects: memory, references, names, kernel threads, and what the rest of the kernel
 * asks of the running one.
 *
 * Kernel stacks are dear to make (page tables) and often needed: a few are kept when threads end.
 */
#include "sys/thread.h"
#include "hw/mmu.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/mm.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "vfs/block.h"
#include "vfs/file.h"

#define STACKS_KEPT 16

static struct slab_cache *thread_cache;
static struct fs_context *kernel_fs; /* of kernel threads */
static struct spinlock stacks_lock = SPINLOCK_INIT("kernel stacks");
static void *stacks_kept[STACKS_KEPT]; /* stacks_lock */
static unsigned int stacks_kept_count; /* stacks_lock */

static void *stack_take(void)
{
	void *stack = NULL;

	spin_lock(&stacks_lock);
	if (stacks_kept_count)
		stack = stacks_kept[--stacks_kept_count];
	spin_unlock(&stacks_lock);
	return stack ? stack : kernel_stack_alloc();
}

static void stack_give_back(void *stack)
{
	spin_lock(&stacks_lock);
	if (stacks_kept_count < STACKS_KEPT) {
		stacks_kept[stacks_kept_count++] = stack;
		stack = NULL;
	}
	spin_unlock(&stacks_lock);
	if (stack)
		kernel_stack_free(stack);
}

void thread_init(struct thread *thread, struct process *process)
{
	thread->refs = 1;
	thread->process = process;
	process_pin(process);
	thread->state = THREAD_RUNNABLE;
	thread->policy = SCHED_NORMAL;
	thread->weight = SCHED_WEIGHT_NORMAL;
	thread->affinity = ~0ull;
	thread->wake_parks = 2;
	thread->start_ns = clock_monotonic_ns();
	thread->cred = &cred_kernel;
	cred_get(thread->cred);
	timer_init(&thread->park_timer, sched_park_timeout);
	spin_init(&thread->lock, "thread");
	signal_pending_init(&thread->pending);
	list_init(&thread->process_node);
	list_init(&thread->realtime_node);
	hlist_node_init(&thread->tid_node);
}

struct thread *thread_alloc(struct process *process)
{
	struct thread *thread;

	sched_reap();
	thread = slab_alloc(thread_cache, MM_NORMAL | MM_ZERO);
	if (!thread)
		return NULL;
	thread->stack = stack_take();
	if (!thread->stack) {
		slab_free(thread_cache, thread);
		return NULL;
	}
	thread_init(thread, process);
	return thread;
}

static void thread_free(struct thread *thread)
{
	VERIFY(!thread->mm && !thread->files && !thread->fs);
	timer_cancel(&thread->park_timer);
	arch_thread_destroy(&thread->arch);
	stack_give_back(thread->stack);
	cred_put(thread->cred);
	process_unpin(thread->process);
	slab_free(thread_cache, thread);
}

void thread_get(struct thread *thread)
{
	atomic_inc(&thread->refs);
}

void thread_put(struct thread *thread)
{
	if (atomic_sub_fetch(&thread->refs, 1) == 0)
		thread_free(thread);
}

void thread_work_set(struct thread *thread, u32 work)
{
	if ((atomic_load_relaxed(&thread->work) & work) != work)
		atomic_fetch_or(&thread->work, work);
}

void thread_work_clear(struct thread *thread, u32 work)
{
	if (atomic_load_relaxed(&thread->work) & work)
		atomic_fetch_and(&thread->work, ~work);
}

bool thread_signal_pending(void)
{
	return atomic_load_relaxed(&thread_current()->work) &
	       (THREAD_WORK_SIGNAL | THREAD_WORK_FATAL);
}

bool thread_fatal_signal_pending(void)
{
	return atomic_load_relaxed(&thread_current()->work) & THREAD_WORK_FATAL;
}

/* ---- kernel threads ---- */

struct kernel_start {
	void (*fn)(void *arg);
	void *arg;
};

static void kernel_thread_main(void *p)
{
	struct kernel_start start = *(struct kernel_start *)p;

	sched_first_run();
	kfree(p);
	start.fn(start.arg);
	thread_exit(0);
}

static struct thread *kernel_thread_make(struct process *process, const char *name,
					 void (*fn)(void *), void *arg)
{
	struct kernel_start *start = kmalloc(sizeof(*start), MM_NORMAL);
	struct thread *thread = start ? thread_alloc(process) : NULL;

	if (!thread ||
	    arch_thread_init_kernel(&thread->arch, thread->stack, kernel_thread_main, start)) {
		if (thread)
			thread_put(thread);
		kfree(start);
		return ERR_PTR(-ENOMEM);
	}
	*start = (struct kernel_start){fn, arg};
	strscpy(thread->name, name, sizeof(thread->name));
	return thread;
}

/* Process and thread become known as id. process_lock held. */
static void kernel_process_enter(struct process *process, struct thread *thread, int id)
{
	thread->tid = process->pid = id;
	process->leader = thread;
	thread_get(thread);
	list_add_tail(&thread->process_node, &process->threads);
	process->thread_count = 1;
	process->start_ns = thread->start_ns;
	thread_table_add(thread);
	process_table_add(process);
}

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	struct process *process = process_alloc();
	struct thread *thread =
	    process ? kernel_thread_make(process, name, fn, arg) : ERR_PTR(-ENOMEM);
	irqflags_t flags;
	int id;

	if (IS_ERR(thread)) {
		if (process)
			process_put(process);
		return thread;
	}
	process->kernel = true;
	flags = irqlock_lock(&process_lock);
	id = id_alloc();
	if (id > 0)
		kernel_process_enter(process, thread, id);
	irqlock_unlock(&process_lock, flags);
	if (id < 0) {
		thread_put(thread);
		process_put(process);
		return ERR_PTR(-ENOMEM);
	}
	sched_add_new(thread);
	return thread;
}

void process_start_init(void (*fn)(void *arg))
{
	struct process *process = process_alloc();
	struct thread *thread = process ? kernel_thread_make(process, "init", fn, NULL) : NULL;
	irqflags_t flags;

	if (IS_ERR_OR_NULL(thread))
		panic("no memory for init");
	thread->files = file_table_create();
	if (!thread->files)
		panic("no memory for init");
	flags = irqlock_lock(&process_lock);
	id_use(1);
	process->init = true;
	kernel_process_enter(process, thread, 1);
	irqlock_unlock(&process_lock, flags);
	sched_add_new(thread);
}

void thread_fs_set(struct fs_context *fs)
{
	struct thread *self = thread_current();
	struct fs_context *old = self->fs;

	spin_lock(&self->lock);
	self->fs = fs;
	spin_unlock(&self->lock);
	if (!kernel_fs) {
		atomic_inc(&fs->refs);
		kernel_fs = fs;
	}
	if (old)
		fs_context_put(old);
}

/* ---- another thread's things ---- */

struct mm *thread_mm_get(struct thread *thread)
{
	struct mm *mm;

	spin_lock(&thread->lock);
	mm = thread->mm;
	if (mm)
		mm_get(mm);
	spin_unlock(&thread->lock);
	return mm;
}

struct file_table *thread_files_get(struct thread *thread)
{
	struct file_table *files;

	spin_lock(&thread->lock);
	files = thread->files;
	if (files)
		file_table_get(files);
	spin_unlock(&thread->lock);
	return files;
}

struct fs_context *thread_fs_get(struct thread *thread)
{
	struct fs_context *fs;

	spin_lock(&thread->lock);
	fs = thread->fs;
	if (fs)
		atomic_inc(&fs->refs);
	spin_unlock(&thread->lock);
	return fs;
}

const struct cred *thread_cred_get(struct thread *thread)
{
	const struct cred *cred;

	spin_lock(&thread->lock);
	cred = thread->cred;
	cred_get(cred);
	spin_unlock(&thread->lock);
	return cred;
}

void thread_name_get(struct thread *thread, char name[THREAD_NAME_SIZE])
{
	spin_lock(&thread->lock);
	memcpy(name, thread->name, THREAD_NAME_SIZE);
	spin_unlock(&thread->lock);
}

void thread_name_set(struct thread *thread, const char *name)
{
	spin_lock(&thread->lock);
	memset(thread->name, 0, sizeof(thread->name));
	strscpy(thread->name, name, sizeof(thread->name));
	spin_unlock(&thread->lock);
}

char thread_state_char(const struct thread *thread)
{
	if (thread->process->zombie)
		return 'Z';
	switch (thread->state) {
	case THREAD_RUNNABLE:
		return 'R';
	case THREAD_DEAD: /* a leader is kept as long as its process */
		return thread == thread->process->leader ? 'Z' : 'X';
	case THREAD_PARKED:
		return thread->process->kernel ? 'I' : 'D'; /* waits for work, not for a disk */
	default:
		return thread->stopped ? 'T' : thread->state == THREAD_PARKED_KILLABLE ? 'D' : 'S';
	}
}

/* ---- CPU time ---- */

static u64 thread_runtime(const struct thread *thread)
{
	u64 runtime = atomic_load_relaxed(&thread->runtime_ns);

	if (thread->on_cpu) {
		s64 more = (s64)(clock_monotonic_ns() - atomic_load_relaxed(&thread->run_start_ns));
		if (more > 0)
			runtime += (u64)more;
	}
	return runtime;
}

void thread_time_get(const struct thread *thread, struct cpu_time *out)
{
	u64 user = thread->ticks_user, system = thread->ticks_system, ticks = user + system;

	out->runtime = thread_runtime(thread);
	/* In thousandths, so that nothing overflows for centuries of run time. */
	out->user = !ticks   ? 0
		    : system ? out->runtime / 1000 * (user * 1000 / ticks)
			     : out->runtime;
	out->system = out->runtime - out->user;
}

/* ---- seams of vfs, mm and the block layer ---- */

const struct cred *current_cred(void)
{
	return thread_current()->cred;
}

struct fs_context *current_fs(void)
{
	struct fs_context *fs = thread_current()->fs;
	return fs ? fs : kernel_fs;
}

struct file_table *current_files(void)
{
	return thread_current()->files;
}

struct mm *mm_current(void)
{
	return thread_current()->mm;
}

struct block_plug **thread_block_plug(void)
{
	return &thread_current()->plug;
}

void thread_cache_init(void)
{
	thread_cache = slab_cache_create("thread", sizeof(struct thread), 64);
}

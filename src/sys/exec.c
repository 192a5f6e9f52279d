/*
 * execve: a process becomes another program.
 *
 * First everything that can fail: the file is opened (and its interpreter, for scripts), strings
 * are gathered, a new address space is filled, new credentials are computed. Then the other threads
 * are ended, and what is left can't fail: the address space is exchanged, descriptors are closed,
 * handlers reset.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/stat.h>

#include "hw/cpu.h"
#include "hw/mmu.h"
#include "hw/thread.h"
#include "hw/vdso.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/exec.h"
#include "sys/exec_int.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"
#include "sys/time/process_timers.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/mount.h"

#define MMAP_GAP_MIN (128ul << 20)
#define MMAP_RANDOM  (1ul << 40)

struct exec {
	struct file *file;             /* the ELF file in the end */
	const char *name;              /* as it will be AT_EXECFN */
	char *prefix[EXEC_PREFIX_MAX]; /* arguments before the caller's, which replace its first;
					  kmalloc'ed */
	unsigned int prefix_count;
	struct exec_strings strings;
	struct exec_image image;
	struct mm *mm;
	struct cred *cred;        /* new; owned until installed */
	struct file_table *files; /* a private copy, if the old was shared */
	struct sighand *sighand;  /* the same */
	bool secure, randomize, deny_write;
	unsigned long sp;
};

/* ---- scripts ---- */

static int prefix_insert(struct exec *exec, const char *s, size_t length, unsigned int at)
{
	char *copy;

	if (exec->prefix_count == EXEC_PREFIX_MAX)
		return -ELOOP;
	copy = kmalloc(length + 1, MM_NORMAL);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, s, length);
	copy[length] = 0;
	memmove(exec->prefix + at + 1, exec->prefix + at,
		(exec->prefix_count - at) * sizeof(exec->prefix[0]));
	exec->prefix[at] = copy;
	exec->prefix_count++;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes "#! interpreter [argument]" apart; head holds n bytes of the file. */
static int script_parse(struct exec *exec, const char *head, size_t n)
{
	const char *line = head + 2, *end = memchr(head, '\n', n), *name, *stop;
	int err;

	if (!end) {
		/* A line that goes on is fine as long as the interpreter's name is whole. */
		end = head + n;
		name = line;
		while (name < end && is_blank(*name))
			name++;
		while (name < end && !is_blank(*name))
			name++;
		if (name == end && n == EXEC_HEAD_SIZE)
			return -ENOEXEC;
	}
	while (line < end && is_blank(*line))
		line++;
	while (end > line && is_blank(end[-1]))
		end--;
	for (name = line; line < end && !is_blank(*line) && *line; line++)
		;
	if (line == name)
		return -ENOEXEC;
	stop = line;
	while (line < end && is_blank(*line))
		line++;
	err = prefix_insert(exec, name, (size_t)(stop - name), 0);
	if (!err && line < end)
		err = prefix_insert(exec, line, strnlen(line, (size_t)(end - line)), 1);
	return err;
}

/* Follows scripts to the program that runs them. */
static int exec_resolve(struct exec *exec)
{
	char head[EXEC_HEAD_SIZE];

	for (unsigned int depth = 0;; depth++) {
		loff_t pos = 0;
		ssize_t n = file_read_kernel(exec->file, head, sizeof(head), &pos);
		int err;

		if (n < 0)
			return (int)n;
		if (n < 2 || head[0] != '#' || head[1] != '!')
			return 0;
		if (depth == EXEC_SCRIPT_DEPTH)
			return -ELOOP;
		if (depth == 0) {
			err = prefix_insert(exec, exec->name, strlen(exec->name), 0);
			if (err)
				return err;
		}
		err = script_parse(exec, head, (size_t)n);
		if (err)
			return err;
		file_put(exec->file);
		exec->file = NULL;
		err = exec_open(AT_FDCWD, exec->prefix[0], 0, &exec->file);
		if (err)
			return err;
	}
}

/* ---- strings ---- */

static int exec_gather(struct exec *exec, const struct exec_vector *argv,
		       const struct exec_vector *envp)
{
	struct exec_strings *strings = &exec->strings;
	int err;

	for (unsigned int i = 0; i < exec->prefix_count; i++) {
		err = exec_strings_add(strings, exec->prefix[i]);
		if (err)
			return err;
		strings->argc++;
	}
	err = exec_strings_add_vector(strings, argv, exec->prefix_count ? 1 : 0, &strings->argc);
	if (!err && strings->argc == 0) {
		/* A program without argv[0] is given an empty one. */
		err = exec_strings_add(strings, "");
		strings->argc = 1;
	}
	if (!err)
		err = exec_strings_add_vector(strings, envp, 0, &strings->envc);
	strings->name_offset = strings->length;
	return err ? err : exec_strings_add(strings, exec->name);
}

/* ---- the new address space ---- */

static void mm_layout(struct mm *mm, u64 stack_limit, bool randomize)
{
	unsigned long gap =
	    stack_limit > MMU_USER_MAX / 6 ? MMU_USER_MAX / 6 * 5 : (unsigned long)stack_limit;

	if (gap < MMAP_GAP_MIN)
		gap = MMAP_GAP_MIN;
	mm->mmap_top = (MMU_USER_MAX - gap - EXEC_STACK_RANDOM -
			(randomize ? exec_random_offset(MMAP_RANDOM) : 0)) &
		       PAGE_MASK;
	mm->stack_limit = stack_limit;
	mm->data_limit = current_rlimit(RLIMIT_DATA);
	mm->as_limit = current_rlimit(RLIMIT_AS);
	mm->memlock_limit = current_rlimit(RLIMIT_MEMLOCK);
}

/* One area for the vDSO's data and code: neither is ever writable. */
static int map_vdso(struct mm *mm)
{
	struct page *pages[8];
	unsigned int count = vdso_page_count();
	long addr;

	if (count < 2 || count > ARRAY_SIZE(pages))
		return 0;
	for (unsigned int i = 0; i < count; i++)
		pages[i] = vdso_page(i);
	addr = mm_map_special(mm, 0, pages, count, PROT_READ | PROT_EXEC, "[vdso]");
	if (addr < 0)
		return (int)addr;
	mm->vdso = (unsigned long)addr + PAGE_SIZE;
	return 0;
}

static int exec_mm(struct exec *exec)
{
	struct mm *mm = mm_create();
	int err;

	if (!mm)
		return -ENOMEM;
	exec->mm = mm;
	mm_layout(mm, current_rlimit(RLIMIT_STACK), exec->randomize);
	err = file_deny_write(exec->file);
	if (err)
		return err;
	exec->deny_write = true;
	err = elf_load(mm, exec->file, exec->randomize, &exec->image);
	if (err)
		return err;
	mm->brk_start = ((exec->image.end + PAGE_SIZE - 1) & PAGE_MASK) +
			(exec->randomize ? exec_random_offset(EXEC_BRK_RANDOM) : 0);
	mm->brk = mm->brk_start;
	err = map_vdso(mm);
	if (err)
		return err;
	return exec_stack_make(mm, &exec->strings, &exec->image, exec->cred, exec->secure,
			       exec->randomize, &exec->sp);
}

/* What is shared with other processes must be this one's own afterwards. */
static int exec_unshare(struct exec *exec)
{
	struct thread *self = thread_current();

	if (self->files && file_table_refs(self->files) > 1) {
		exec->files = file_table_dup(self->files);
		if (!exec->files)
			return -ENOMEM;
	}
	if (atomic_load(&self->process->sighand->refs) > 1) {
		exec->sighand = sighand_dup(self->process->sighand);
		if (!exec->sighand)
			return -ENOMEM;
	}
	return 0;
}

/* ---- becoming the only thread ---- */

static bool alone(struct process *process)
{
	irqflags_t flags = irqlock_lock(&process->signal_lock);
	bool result = process->thread_count == 1;

	irqlock_unlock(&process->signal_lock, flags);
	return result;
}

/* The survivor takes the leader's place, and its id. */
static void take_over_leader(struct process *process, struct thread *self)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct thread *old = process->leader;

	id_use(process->pid);
	thread_table_remove(old);
	thread_table_remove(self);
	self->tid = process->pid;
	self->exit_signal = old->exit_signal;
	thread_table_add(self);
	process->leader = self;
	thread_get(self);
	irqlock_unlock(&process_lock, flags);
	thread_put(old);
}

static int exec_end_others(struct process *process)
{
	struct thread *self = thread_current(), *other;
	irqflags_t flags = irqlock_lock(&process->signal_lock);
	int err;

	if (process->exiting || process->exec_thread) {
		irqlock_unlock(&process->signal_lock, flags);
		return -EAGAIN;
	}
	if (process->thread_count > 1) {
		process->exec_thread = self;
		list_for_each_entry(other, &process->threads, process_node) {
			if (other == self)
				continue;
			thread_work_set(other, THREAD_WORK_FATAL);
			sched_wake_states(other, BIT(THREAD_PARKED_INTERRUPTIBLE) |
						     BIT(THREAD_PARKED_KILLABLE));
			sched_kick_thread(other);
		}
	}
	irqlock_unlock(&process->signal_lock, flags);
	err = wait_event_killable(&process->thread_wait, alone(process));
	process->exec_thread = NULL;
	if (err)
		return -EAGAIN;
	if (process->leader != self)
		take_over_leader(process, self);
	return 0;
}

/* ---- the exchange ---- */

static void install_mm(struct exec *exec, struct thread *self)
{
	struct mm *old = self->mm;

	thread_mm_release(self);
	file_get(exec->file);
	exec->mm->exe_file = exec->file;
	exec->deny_write = false; /* the address space's now */
	spin_lock(&self->lock);
	self->mm = exec->mm;
	spin_unlock(&self->lock);
	irq_disable();
	mmu_switch(&exec->mm->mmu);
	irq_enable();
	exec->mm = NULL;
	thread_vfork_done(self);
	if (old) {
		struct mm_usage usage;
		mm_usage_get(old, &usage);
		if (usage.rss_peak > self->process->rss_peak_pages)
			self->process->rss_peak_pages = usage.rss_peak;
		mm_put(old);
	}
}

static void install_files(struct exec *exec, struct thread *self)
{
	struct file_table *old = self->files;

	if (exec->files) {
		spin_lock(&self->lock);
		self->files = exec->files;
		spin_unlock(&self->lock);
		exec->files = NULL;
		file_table_put(old);
	}
	if (self->files)
		file_table_close_on_exec(self->files);
}

static void install_signals(struct exec *exec, struct thread *self)
{
	struct process *process = self->process;
	struct sighand *old = process->sighand;
	irqflags_t flags;

	if (exec->sighand) {
		flags = irqlock_lock(&process->signal_lock);
		process->sighand = exec->sighand;
		irqlock_unlock(&process->signal_lock, flags);
		exec->sighand = NULL;
		sighand_put(old);
	}
	signal_exec_reset(process);
	self->alt_stack = self->alt_stack_size = 0;
	self->alt_stack_flags = 0;
	self->restart = NULL;
}

static void install_cred(struct exec *exec, struct thread *self)
{
	const struct cred *old = self->cred;

	if (exec->cred->euid != old->euid || exec->cred->egid != old->egid || exec->secure) {
		self->process->dumpable = 0;
		self->parent_death_signal = 0;
		self->process->personality &= ~(unsigned int)PER_CLEAR_ON_SETID;
	} else {
		self->process->dumpable = 1;
	}
	spin_lock(&self->lock);
	self->cred = exec->cred;
	spin_unlock(&self->lock);
	exec->cred = NULL;
	cred_put(old);
}

static void exec_commit(struct exec *exec)
{
	struct thread *self = thread_current();
	const char *slash = strrchr(exec->name, '/');

	process_timers_exec(self->process);
	install_cred(exec, self);
	install_mm(exec, self);
	install_files(exec, self);
	install_signals(exec, self);
	thread_name_set(self, slash ? slash + 1 : exec->name);
	self->exit_signal = SIGCHLD;
	self->process->did_exec = true;
	arch_thread_exec_reset(&self->arch);
}

/* ---- all together ---- */

static void exec_clean_up(struct exec *exec)
{
	if (exec->deny_write)
		file_allow_write(exec->file);
	if (exec->mm)
		mm_put(exec->mm);
	if (exec->file)
		file_put(exec->file);
	if (exec->cred)
		cred_put(exec->cred);
	if (exec->files)
		file_table_put(exec->files);
	if (exec->sighand)
		sighand_put(exec->sighand);
	for (unsigned int i = 0; i < exec->prefix_count; i++)
		kfree(exec->prefix[i]);
	exec_strings_free(&exec->strings);
}

/* exec->file and ->name are set. On success the process has changed; *start and *sp are where it
 * begins. */
static int exec_run(struct exec *exec, const struct exec_vector *argv,
		    const struct exec_vector *envp)
{
	int err;

	exec->randomize = !(process_current()->personality & ADDR_NO_RANDOMIZE);
	exec_strings_init(&exec->strings, current_rlimit(RLIMIT_STACK));
	err = exec_resolve(exec);
	if (!err)
		err = exec_gather(exec, argv, envp);
	if (!err)
		err = exec_cred(exec->file, &exec->cred, &exec->secure);
	if (!err)
		err = exec_mm(exec);
	if (!err)
		err = exec_unshare(exec);
	if (!err)
		err = exec_end_others(process_current());
	if (!err)
		exec_commit(exec);
	return err;
}

static long exec_user(int dirfd, const char __user *user_name, const struct exec_vector *argv,
		      const struct exec_vector *envp, int at_flags)
{
	struct user_regs *regs = arch_thread_regs(&thread_current()->arch);
	struct path_name name;
	struct exec *exec;
	char *shown = NULL;
	int err;

	if (at_flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	err = path_name_from_user(user_name, at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0, &name);
	if (err)
		return err;
	exec = kmalloc(sizeof(*exec), MM_NORMAL);
	if (!exec) {
		err = -ENOMEM;
		goto put_name;
	}
	*exec = (struct exec){.name = name.name};
	if (dirfd != AT_FDCWD && name.name[0] != '/') {
		size_t size = strlen(name.name) + 32;
		shown = kmalloc(size, MM_NORMAL);
		if (!shown) {
			err = -ENOMEM;
			goto free_exec;
		}
		ksnprintf(shown, size, name.name[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd,
			  name.name);
		exec->name = shown;
	}
	err = exec_open(dirfd, name.name, at_flags, &exec->file);
	if (!err)
		err = exec_run(exec, argv, envp);
	if (!err)
		regs_exec_init(regs, exec->image.start, exec->sp);
	exec_clean_up(exec);
free_exec:
	kfree(shown);
	kfree(exec);
put_name:
	path_name_put(&name);
	return err;
}

SYSCALL(execve)
{
	struct exec_vector argv = {.user = (const char *const __user *)args[1]};
	struct exec_vector envp = {.user = (const char *const __user *)args[2]};

	return exec_user(AT_FDCWD, (const char __user *)args[0], &argv, &envp, 0);
}

SYSCALL(execveat)
{
	struct exec_vector argv = {.user = (const char *const __user *)args[2]};
	struct exec_vector envp = {.user = (const char *const __user *)args[3]};

	return exec_user((int)args[0], (const char __user *)args[1], &argv, &envp, (int)args[4]);
}

int exec_init(const char *path, char *const argv[], char *const envp[])
{
	struct exec_vector kernel_argv = {.kernel = argv}, kernel_envp = {.kernel = envp};
	struct exec *exec = kmalloc(sizeof(*exec), MM_NORMAL);
	struct user_regs regs;
	int err;

	if (!exec)
		return -ENOMEM;
	VERIFY(process_current()->init);
	*exec = (struct exec){.name = path};
	err = exec_open(AT_FDCWD, path, 0, &exec->file);
	if (!err)
		err = exec_run(exec, &kernel_argv, &kernel_envp);
	if (!err) {
		memset(&regs, 0, sizeof(regs));
		regs_exec_init(&regs, exec->image.start, exec->sp);
	}
	exec_clean_up(exec);
	kfree(exec);
	if (!err)
		arch_enter_user(&regs);
	return err;
}

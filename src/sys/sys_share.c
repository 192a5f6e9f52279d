/*
 * The system calls that end or bridge what threads and processes share: unshare, membarrier, and
 * access to another's memory.
 */
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/uio.h>

#include "hw/cpu.h"
#include "lib/atomic.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"

#define UNSHARE_KNOWN                                                                              \
	(CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES |          \
	 CLONE_SYSVSEM | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER |              \
	 CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME)
#define UNSHARE_NAMESPACES                                                                         \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER | CLONE_NEWPID | \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)

static int unshare_fs(struct thread *self)
{
	struct fs_context *old = self->fs, *own;

	if (atomic_load(&old->refs) == 1)
		return 0;
	own = fs_context_dup(old);
	if (!own)
		return -ENOMEM;
	spin_lock(&self->lock);
	self->fs = own;
	spin_unlock(&self->lock);
	fs_context_put(old);
	return 0;
}

static int unshare_files(struct thread *self)
{
	struct file_table *old = self->files, *own;

	if (file_table_refs(old) == 1)
		return 0;
	own = file_table_dup(old);
	if (!own)
		return -ENOMEM;
	spin_lock(&self->lock);
	self->files = own;
	spin_unlock(&self->lock);
	file_table_put(old);
	return 0;
}

SYSCALL(unshare)
{
	struct thread *self = thread_current();
	unsigned long flags = args[0];
	int err = 0;

	if (flags & ~(unsigned long)UNSHARE_KNOWN)
		return -EINVAL;
	/* There are no namespaces: what Linux says when they are configured out. */
	if (flags & UNSHARE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) || (flags & CLONE_NEWUSER) ? -EINVAL : -EPERM;
	/* A thread can't leave its process, nor take the address space along. */
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && self->process->thread_count > 1)
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && atomic_load(&self->process->sighand->refs) > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && atomic_load(&self->mm->refs) > 1)
		return -EINVAL;
	if (flags & CLONE_FS)
		err = unshare_fs(self);
	if (!err && (flags & CLONE_FILES))
		err = unshare_files(self);
	return err;
}

/* ---- membarrier ---- */

#define MEMBARRIER_COMMANDS                                                                        \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                 \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |             \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)

static void barrier_here(void *arg)
{
	memory_barrier();
}

SYSCALL(membarrier)
{
	if (args[1])
		return -EINVAL;
	switch ((int)args[0]) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_COMMANDS;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
		return 0; /* every process is served, registered or not */
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		atomic_store(&mm_current()->membarrier_registered, true);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		if (!atomic_load(&mm_current()->membarrier_registered))
			return -EPERM;
		__fallthrough;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		memory_barrier();
		cpu_call_mask(sched_online_mask(), barrier_here, NULL);
		memory_barrier();
		return 0;
	default:
		return -EINVAL;
	}
}

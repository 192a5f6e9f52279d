/* System calls about memory: they decode, mm does. */
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "vfs/cred.h"
#include "vfs/file.h"

#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/resource.h>

static u64 memlock_limit(void)
{
	return capable(CAP_IPC_LOCK) ? U64_MAX : current_rlimit(RLIMIT_MEMLOCK);
}

/* The limits as they are now; setrlimit may have changed them since the space was made. */
static struct mm *mm_with_limits(void)
{
	struct mm *mm = mm_current();

	mm->as_limit = current_rlimit(RLIMIT_AS);
	mm->data_limit = current_rlimit(RLIMIT_DATA);
	mm->stack_limit = current_rlimit(RLIMIT_STACK);
	mm->memlock_limit = memlock_limit();
	return mm;
}

void thread_count_fault(bool major)
{
	struct thread *self = thread_current();

	if (major) {
		self->major_faults++;
		self->minor_faults--; /* it is counted again as one that was resolved */
	} else {
		self->minor_faults++;
	}
}

SYSCALL(mmap)
{
	unsigned int flags = (unsigned int)args[3];
	struct file *file = NULL;
	long result;

	if (args[5] & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fd_get((int)args[4]);
		if (!file)
			return -EBADF;
	}
	result = mm_mmap(mm_with_limits(), args[0], args[1], (unsigned int)args[2], flags, file,
			 args[5]);
	if (file)
		file_put(file);
	return result;
}

SYSCALL(munmap)
{
	return mm_munmap(mm_current(), args[0], args[1]);
}

SYSCALL(mprotect)
{
	return mm_mprotect(mm_with_limits(), args[0], args[1], (unsigned int)args[2]);
}

SYSCALL(mremap)
{
	return mm_mremap(mm_with_limits(), args[0], args[1], args[2], (unsigned int)args[3],
			 args[4]);
}

SYSCALL(brk)
{
	return (long)mm_brk(mm_with_limits(), args[0]);
}

SYSCALL(madvise)
{
	return mm_madvise(mm_current(), args[0], args[1], (int)args[2]);
}

SYSCALL(msync)
{
	return mm_msync(mm_current(), args[0], args[1], (int)args[2]);
}

SYSCALL(mincore)
{
	return mm_mincore(mm_current(), args[0], args[1], (unsigned char __user *)args[2]);
}

SYSCALL(mlock)
{
	return mm_mlock(mm_current(), args[0], args[1], true, memlock_limit());
}

SYSCALL(mlock2)
{
	if (args[2] & ~(unsigned long)MLOCK_ONFAULT)
		return -EINVAL;
	return mm_mlock(mm_current(), args[0], args[1], true, memlock_limit());
}

SYSCALL(munlock)
{
	return mm_mlock(mm_current(), args[0], args[1], false, U64_MAX);
}

SYSCALL(mlockall)
{
	return (int)args[0] ? mm_mlockall(mm_current(), (int)args[0], memlock_limit()) : -EINVAL;
}

SYSCALL(munlockall)
{
	return mm_mlockall(mm_current(), 0, U64_MAX);
}

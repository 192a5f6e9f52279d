/*
 * What is absent in hosted tests: kernel threads (write-back happens when a test asks for it), and
 * parts of vfs that a test may do without.
 */
#include "mm/kmalloc.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "sys/thread.h"
#include "vfs/file_int.h"
#include "vfs/locks.h"
#include "vfs/vfs.h"

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	static void *never_run[256];
	static unsigned int count;

	/* One that only does things from time to time never comes to run. */
	if (!strcmp(name, "ext4-mmp") && count < ARRAY_SIZE(never_run)) {
		never_run[count++] = arg;
		return (struct thread *)never_run;
	}
	panic("a test started the kernel thread %s", name);
}

/* vfs without epoll and locks is vfs all the same. */

void __attribute__((weak)) epoll_file_release(struct file *file)
{
}

void __attribute__((weak)) locks_inode_free(struct inode *inode)
{
}

void __attribute__((weak)) locks_release_files(struct file *file, const void *table_owner)
{
}

void __attribute__((weak)) locks_release_description(struct file *file)
{
}

/* There is no reserve that only the write-back thread may use. */
void reclaim_helper_set(void (*wake)(void))
{
}

bool reclaim_help_wanted(void)
{
	return false;
}

void reclaim_help(void)
{
}

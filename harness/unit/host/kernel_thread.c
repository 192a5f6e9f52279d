/* A kernel thread is a pthread. */
#include "host_thread.h"
#include "mm/kmalloc.h"
#include "sys/thread.h"

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	return host_thread_start(fn, arg);
}

/* There is no reserve that only the write-back thread may use. */
void reclaim_helper_set(void)
{
}

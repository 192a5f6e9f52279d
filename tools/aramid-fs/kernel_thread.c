/* The kernel's threads are threads here, which run until the process ends. */
#include "host_thread.h"
#include "sys/thread.h"

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	return host_thread_start(fn, arg);
}

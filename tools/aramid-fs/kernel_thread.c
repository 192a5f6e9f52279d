/* The kernel's threads are threads here; those that never end do with the process. */
#include "host_thread.h"
#include "sys/thread.h"

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	host_thread_detach(fn, arg);
	return NULL; /* nobody looks at more than whether it is an error */
}

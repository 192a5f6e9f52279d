/*
 * The ends of address spaces and kernel threads that the page cache reaches. Hosted, no process
 * maps a file, and a kernel thread is a pthread.
 */
#include "host_thread.h"
#include "mm/mm.h"
#include "sys/thread.h"

void mm_unmap_file_range(struct page_mapping *mapping, u64 first, u64 last)
{
}

bool mm_clean_file_page(struct page_mapping *mapping, struct page *page)
{
	return false;
}

struct thread *kernel_thread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	return host_thread_start(fn, arg);
}

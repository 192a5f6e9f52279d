/*
 * The core of poll and select.
 *
 * The first pass asks every file for its events and lets it put us on its wait queues; then we
 * sleep until a callback says that something happened, and ask again. As soon as one file has
 * something, no more queues are joined. A file that we wait on is kept by a reference, since its
 * queue is part of it.
 */
#include "vfs/poll.h"

#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/wait.h"
#include "mm/kmalloc.h"
#include "vfs/file.h"

#include <linux/eventpoll.h>

#define INLINE_ENTRIES 4
#define CHUNK_ENTRIES  32

struct poll_entry {
	struct wait_entry wait;
	struct wait_queue *queue;
	struct file *file;
	struct poll_waiter *waiter;
};

struct poll_chunk {
	struct poll_chunk *next;
	struct poll_entry entries[CHUNK_ENTRIES];
};

struct poll_waiter {
	struct poll_table table;
	bool triggered; /* atomic */
	int error;
	unsigned int used, chunk_used;
	struct poll_chunk *chunks;
	struct poll_entry inline_entries[INLINE_ENTRIES];
};

static bool poll_wake(struct wait_entry *wait, unsigned int key)
{
	struct poll_entry *entry = container_of(wait, struct poll_entry, wait);

	atomic_store(&entry->waiter->triggered, true);
	thread_unpark(wait->thread);
	return true;
}

static struct poll_entry *entry_get(struct poll_waiter *waiter)
{
	struct poll_chunk *chunk = waiter->chunks;

	if (waiter->used < INLINE_ENTRIES)
		return &waiter->inline_entries[waiter->used++];
	if (!chunk || waiter->chunk_used == CHUNK_ENTRIES) {
		chunk = kmalloc(sizeof(*chunk), MM_NORMAL);
		if (!chunk)
			return NULL;
		chunk->next = waiter->chunks;
		waiter->chunks = chunk;
		waiter->chunk_used = 0;
	}
	return &chunk->entries[waiter->chunk_used++];
}

static void poll_join(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	struct poll_waiter *waiter = container_of(table, struct poll_waiter, table);
	struct poll_entry *entry = entry_get(waiter);

	if (!entry) {
		waiter->error = -ENOMEM;
		return;
	}
	wait_entry_init(&entry->wait, false);
	entry->wait.wake = poll_wake;
	entry->queue = queue;
	entry->file = file;
	entry->waiter = waiter;
	file_get(file);
	wait_queue_add(queue, &entry->wait);
}

static void entries_leave(struct poll_entry *entries, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		wait_queue_remove(entries[i].queue, &entries[i].wait);
		file_put(entries[i].file);
	}
}

static void waiter_end(struct poll_waiter *waiter)
{
	entries_leave(waiter->inline_entries, waiter->used);
	while (waiter->chunks) {
		struct poll_chunk *chunk = waiter->chunks;

		entries_leave(chunk->entries, waiter->chunk_used);
		waiter->chunk_used = CHUNK_ENTRIES;
		waiter->chunks = chunk->next;
		kfree(chunk);
	}
}

#define ALWAYS_READY (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)

unsigned int file_poll_now(struct file *file)
{
	return file->ops->poll ? file->ops->poll(file, NULL) : ALWAYS_READY;
}

static unsigned int poll_one(struct poll_request *request, struct poll_table *table)
{
	struct fd_ref ref = fd_borrow(request->fd);
	unsigned int events;

	if (!ref.file || (ref.file->mode & FILE_PATH_ONLY)) {
		fd_return(ref);
		return POLL_INVALID;
	}
	events = ref.file->ops->poll ? ref.file->ops->poll(ref.file, table) : ALWAYS_READY;
	fd_return(ref);
	return events & (request->events | EPOLLERR | EPOLLHUP);
}

static int poll_pass(struct poll_request *requests, unsigned int n, struct poll_table *table)
{
	int count = 0;

	for (unsigned int i = 0; i < n; i++) {
		requests[i].result = requests[i].fd < 0 ? 0 : poll_one(&requests[i], table);
		if (requests[i].result) {
			count++;
			table = NULL;
		}
	}
	return count;
}

int poll_wait_many(struct poll_request *requests, unsigned int n, u64 deadline_ns)
{
	struct poll_waiter waiter;
	int count = poll_pass(requests, n, NULL), err = 0;

	if (count || !deadline_ns)
		return count;
	waiter.table.wait = poll_join;
	waiter.triggered = false;
	waiter.error = 0;
	waiter.used = waiter.chunk_used = 0;
	waiter.chunks = NULL;
	count = poll_pass(requests, n, &waiter.table);
	while (!count && !waiter.error && !err) {
		while (!err && !atomic_load(&waiter.triggered))
			err = thread_park(PARK_INTERRUPTIBLE, deadline_ns);
		atomic_store_seq(&waiter.triggered, false);
		count = poll_pass(requests, n, NULL);
	}
	waiter_end(&waiter);
	if (count)
		return count;
	if (waiter.error)
		return waiter.error;
	return err == -EINTR ? -ERESTARTNOHAND : 0;
}

/*
 * Wait queues. The queue's lock is held while callbacks run, so an entry that has been removed by
 * its owner is not touched any more: entries may live on the waiter's stack.
 */
#include "lib/wait.h"
#include "lib/wait_int.h"

void wait_queue_init(struct wait_queue *queue, const char *name)
{
	irqlock_init(&queue->lock, name);
	list_init(&queue->entries);
}

static bool wait_wake_thread(struct wait_entry *entry, unsigned int key)
{
	thread_unpark(entry->thread);
	return true;
}

void wait_entry_init(struct wait_entry *entry, bool exclusive)
{
	list_init(&entry->node);
	entry->wake = wait_wake_thread;
	entry->thread = thread_current();
	entry->exclusive = exclusive;
	entry->queued = false;
}

void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry)
{
	irqflags_t flags = irqlock_lock(&queue->lock);
	if (!entry->queued) {
		if (entry->exclusive)
			list_add_tail(&entry->node, &queue->entries);
		else
			list_add(&entry->node, &queue->entries);
		entry->queued = true;
	}
	irqlock_unlock(&queue->lock, flags);
	/* The caller looks at its condition next; wakers change it and then look at the queue. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_queue_remove(struct wait_queue *queue, struct wait_entry *entry)
{
	irqflags_t flags = irqlock_lock(&queue->lock);
	if (entry->queued) {
		list_del(&entry->node);
		entry->queued = false;
	}
	irqlock_unlock(&queue->lock, flags);
}

bool wait_queue_active(struct wait_queue *queue)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !list_empty(&queue->entries);
}

void wait_queue_wake_locked(struct wait_queue *queue, unsigned int nr, unsigned int key)
{
	struct wait_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &queue->entries, node) {
		bool exclusive = entry->exclusive;
		if (entry->wake(entry, key) && exclusive && nr && --nr == 0)
			return;
	}
}

void wait_queue_wake(struct wait_queue *queue, unsigned int nr, unsigned int key)
{
	if (!wait_queue_active(queue))
		return;
	irqflags_t flags = irqlock_lock(&queue->lock);
	wait_queue_wake_locked(queue, nr, key);
	irqlock_unlock(&queue->lock, flags);
}

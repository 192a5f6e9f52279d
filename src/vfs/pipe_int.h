/* The inside of a pipe, shared by pipe.c, pipe_move.c and fifo.c. See pipe.c. */
#ifndef ARAMID_VFS_PIPE_INT_H
#define ARAMID_VFS_PIPE_INT_H

#include "lib/mutex.h"
#include "lib/wait.h"
#include "vfs/pipe.h"

#include <linux/eventpoll.h>

#define PIPE_SLOTS 16 /* of a new pipe */
#define PIPE_IN    (EPOLLIN | EPOLLRDNORM)
#define PIPE_OUT   (EPOLLOUT | EPOLLWRNORM)

struct inode;

struct pipe_slot {
	struct page *page;
	u32 offset, length;
	bool packet; /* nothing is added to it */
	bool shared; /* the page is in another pipe too (tee): not written to */
};

struct pipe {
	struct mutex lock;
	struct wait_queue readable, writable;
	struct pipe_slot *slots; /* lock; ring of `capacity`, a power of two */
	u32 capacity, first, used;
	u32 readers, writers;           /* lock: open ends */
	u32 reader_opens, writer_opens; /* lock: how often an end was opened, for FIFOs */
	struct page *spare;             /* lock */
	struct inode *inode;            /* a FIFO's; guards its going away */
	u32 files;                      /* open files; FIFO: inode->rwsem, else lock */
	struct pipe_slot first_slots[PIPE_SLOTS];
};

static inline struct pipe_slot *pipe_slot_at(struct pipe *pipe, u32 i)
{
	return &pipe->slots[(pipe->first + i) & (pipe->capacity - 1)];
}

static inline void pipe_wake(struct wait_queue *queue, unsigned int events)
{
	wait_queue_wake(queue, 0, events);
}

extern const struct file_ops pipe_file_ops;
struct pipe *pipe_alloc(void); /* NULL: no memory */
/* Whether a write of n bytes can begin. No lock held. */
bool pipe_has_room(struct pipe *pipe, size_t n);
/* An end goes: file_ops.release. */
void pipe_release(struct file *file);

#endif

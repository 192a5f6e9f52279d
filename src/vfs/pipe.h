/*
 * Pipes and FIFOs, as splice and fcntl see them.
 */
#ifndef ARAMID_VFS_PIPE_H
#define ARAMID_VFS_PIPE_H

#include "lib/mutex.h"
#include "lib/types.h"
#include "vfs/uio.h"

struct file;
struct page;
struct pipe;

/* The pipe of an open file, or NULL if it is not one. */
struct pipe *pipe_of_file(struct file *file);
/* F_GETPIPE_SZ and F_SETPIPE_SZ, in bytes. */
long pipe_capacity(struct pipe *pipe);
long pipe_set_capacity(struct pipe *pipe, unsigned long bytes);

/*
 * For splice: moves bytes between a pipe and a function that takes or gives kernel memory; consumed
 * from the pipe is only what the function says it took. wait: block until there is something
 * (room); otherwise -EAGAIN. Returns bytes, 0 at the end (no writers), or -errno (-EPIPE with
 * SIGPIPE when nobody reads).
 */
ssize_t __must_check pipe_drain(struct pipe *pipe, size_t n, bool wait,
				ssize_t (*take)(void *arg, const void *data, size_t n), void *arg);
ssize_t __must_check pipe_fill(struct pipe *pipe, size_t n, bool wait,
			       ssize_t (*give)(void *arg, void *data, size_t n), void *arg);
/* Moves (or, with copy, duplicates: tee) buffers from one pipe to another. */
ssize_t __must_check pipe_to_pipe(struct pipe *in, struct pipe *out, size_t n, bool wait,
				  bool copy);

#endif

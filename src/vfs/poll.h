/*
 * Waiting for one of many files: the core of poll and select.
 */
#ifndef ARAMID_VFS_POLL_H
#define ARAMID_VFS_POLL_H

#include "lib/types.h"

struct file;

/* What holds for a file that has no poll operation: always readable and writable. */
unsigned int file_poll_now(struct file *file);

struct poll_request {
	int fd;              /* negative: ignored */
	unsigned int events; /* EPOLL* bits wanted; EPOLLERR and EPOLLHUP always count */
	unsigned int result; /* out: EPOLLNVAL for a bad descriptor */
};

#define POLL_INVALID 0x20u /* POLLNVAL; epoll has no name for it */

/* Waits until a request has a result, the deadline (PARK_FOREVER: none; 0: don't wait), or a
 * signal. How many have a result, or -ERESTARTNOHAND, -ENOMEM. */
int __must_check poll_wait_many(struct poll_request *requests, unsigned int n, u64 deadline_ns);

/* epoll (vfs/epoll.c) and eventfd (vfs/eventfd.c): files, not yet in a descriptor table. */
int __must_check epoll_open(struct file **out);
struct epoll_event;
int __must_check epoll_control(struct file *epoll, int op, int fd, const struct epoll_event *event);
int __must_check epoll_wait_events(struct file *epoll, struct epoll_event *events, unsigned int max,
				   u64 deadline_ns);
int __must_check eventfd_create(unsigned int count, u32 flags,
				struct file **out); /* flags: EFD_* */

#endif

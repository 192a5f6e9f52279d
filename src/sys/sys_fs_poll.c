/* poll, select and epoll. */
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/signal.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/poll.h"

#include <linux/eventpoll.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/time_types.h>

#define FEW 16 /* requests that fit on the stack */

/* ---- timeouts ---- */

static u64 deadline_after(u64 ns)
{
	u64 now = clock_monotonic_ns();

	return ns > PARK_FOREVER - 1 - now ? PARK_FOREVER : now + ns;
}

u64 timeout_deadline_ms(int milliseconds)
{
	if (milliseconds < 0)
		return PARK_FOREVER;
	return milliseconds ? deadline_after((u64)milliseconds * NSEC_PER_MSEC) : 0;
}

static int timespec_deadline(const struct __kernel_timespec *time, u64 *deadline_ns)
{
	if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= (long long)NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)time->tv_sec > S64_MAX / NSEC_PER_SEC)
		*deadline_ns = PARK_FOREVER;
	else if (!time->tv_sec && !time->tv_nsec)
		*deadline_ns = 0;
	else
		*deadline_ns =
		    deadline_after((u64)time->tv_sec * NSEC_PER_SEC + (u64)time->tv_nsec);
	return 0;
}

int timeout_deadline(const struct __kernel_timespec __user *user, u64 *deadline_ns)
{
	struct __kernel_timespec time;

	*deadline_ns = PARK_FOREVER;
	if (!user)
		return 0;
	if (copy_from_user(&time, user, sizeof(time)))
		return -EFAULT;
	return timespec_deadline(&time, deadline_ns);
}

/* What is left until the deadline. */
static u64 time_left(u64 deadline_ns)
{
	u64 now = clock_monotonic_ns();

	return deadline_ns > now ? deadline_ns - now : 0;
}

/* ppoll and pselect tell how much is left. A user whose memory is read-only keeps what it has. */
static void timespec_update(struct __kernel_timespec __user *user, u64 deadline_ns)
{
	u64 left = time_left(deadline_ns);
	struct __kernel_timespec time = {.tv_sec = (long long)(left / NSEC_PER_SEC),
					 .tv_nsec = (long long)(left % NSEC_PER_SEC)};

	if (user && deadline_ns != PARK_FOREVER && copy_to_user(user, &time, sizeof(time)))
		return;
}

/* ---- poll ---- */

static long poll_fds(struct pollfd __user *user, unsigned long n, u64 deadline_ns)
{
	struct poll_request few[FEW], *requests = few;
	struct pollfd fd;
	long result;

	if (n > current_rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FEW) {
		requests = kmalloc(n * sizeof(*requests), MM_NORMAL);
		if (!requests)
			return -ENOMEM;
	}
	for (unsigned long i = 0; i < n; i++) {
		if (copy_from_user(&fd, user + i, sizeof(fd))) {
			result = -EFAULT;
			goto out;
		}
		/* The low bits of EPOLL* and POLL* are the same. */
		requests[i] = (struct poll_request){.fd = fd.fd, .events = (u16)fd.events};
	}
	result = poll_wait_many(requests, (unsigned int)n, deadline_ns);
	if (result < 0)
		goto out;
	for (unsigned long i = 0; i < n; i++)
		if (put_user((short)requests[i].result, &user[i].revents)) {
			result = -EFAULT;
			break;
		}
out:
	if (requests != few)
		kfree(requests);
	return result;
}

SYSCALL(poll)
{
	return poll_fds((struct pollfd __user *)args[0], (unsigned int)args[1],
			timeout_deadline_ms((int)args[2]));
}

SYSCALL(ppoll)
{
	struct __kernel_timespec __user *user = (struct __kernel_timespec __user *)args[2];
	u64 deadline_ns;
	long result = timeout_deadline(user, &deadline_ns);

	if (!result && args[3])
		result = signal_mask_push_user((const void __user *)args[3], args[4]);
	if (result)
		return result;
	result = poll_fds((struct pollfd __user *)args[0], (unsigned int)args[1], deadline_ns);
	timespec_update(user, deadline_ns);
	return result;
}

/* ---- select ---- */

#define WORD_BITS (8 * sizeof(unsigned long))

static const unsigned int select_events[3] = {
    EPOLLIN | EPOLLRDNORM | EPOLLRDBAND,
    EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND,
    EPOLLPRI,
};
/* What of a result makes the descriptor a member of each set. */
static const unsigned int select_results[3] = {
    EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLHUP | EPOLLERR,
    EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND | EPOLLERR,
    EPOLLPRI,
};

struct select {
	size_t words;
	unsigned long *sets[3]; /* in, out, except: in the order of the call; one allocation */
	struct poll_request *requests;
	unsigned int count;
};

static int select_load(struct select *s, unsigned int n, const unsigned long args[6])
{
	for (int set = 0; set < 3; set++)
		if (args[1 + set] &&
		    copy_from_user(s->sets[set], (const void __user *)args[1 + set],
				   s->words * sizeof(long)))
			return -EFAULT;
	for (unsigned int fd = 0; fd < n; fd++) {
		unsigned int events = 0;

		for (int set = 0; set < 3; set++)
			if ((s->sets[set][fd / WORD_BITS] >> (fd % WORD_BITS)) & 1)
				events |= select_events[set];
		if (events)
			s->requests[s->count++] =
			    (struct poll_request){.fd = (int)fd, .events = events};
	}
	return 0;
}

/* Number of bits in all sets, which become the results. */
static long select_store(struct select *s, const unsigned long args[6])
{
	long count = 0;

	for (int set = 0; set < 3; set++) {
		unsigned long *map = s->sets[set];

		if (!args[1 + set])
			continue;
		for (unsigned int i = 0; i < s->count; i++) {
			struct poll_request *r = &s->requests[i];
			unsigned long bit = 1ul << ((unsigned int)r->fd % WORD_BITS);
			unsigned long *word = &map[(unsigned int)r->fd / WORD_BITS];

			if (!(*word & bit))
				continue;
			if (r->result & POLL_INVALID)
				return -EBADF;
			if (r->result & select_results[set])
				count++;
			else
				*word &= ~bit;
		}
	}
	for (int set = 0; set < 3; set++)
		if (args[1 + set] && copy_to_user((void __user *)args[1 + set], s->sets[set],
						  s->words * sizeof(long)))
			return -EFAULT;
	return count;
}

static long select_fds(const unsigned long args[6], u64 deadline_ns)
{
	unsigned int n = (unsigned int)args[0];
	struct select s = {.words = DIV_ROUND_UP(n, WORD_BITS)};
	size_t bytes = s.words * sizeof(long);
	char *memory;
	long result;

	if ((int)args[0] < 0)
		return -EINVAL;
	if (n > current_rlimit(RLIMIT_NOFILE)) { /* no descriptor can be there */
		n = (unsigned int)min_t(u64, n, current_rlimit(RLIMIT_NOFILE));
		s.words = DIV_ROUND_UP(n, WORD_BITS);
		bytes = s.words * sizeof(long);
	}
	memory = kcalloc(1, 3 * bytes + n * sizeof(*s.requests) + 1, MM_NORMAL);
	if (!memory)
		return -ENOMEM;
	for (int set = 0; set < 3; set++)
		s.sets[set] = (unsigned long *)(memory + (size_t)set * bytes);
	s.requests = (struct poll_request *)(memory + 3 * bytes);
	result = select_load(&s, n, args);
	if (!result)
		result = poll_wait_many(s.requests, s.count, deadline_ns);
	if (result >= 0)
		result = select_store(&s, args);
	kfree(memory);
	return result;
}

SYSCALL(select)
{
	struct __kernel_old_timeval __user *user = (struct __kernel_old_timeval __user *)args[4];
	struct __kernel_old_timeval old;
	u64 deadline_ns = PARK_FOREVER, left;
	long result;

	if (user) {
		struct __kernel_timespec time;

		if (copy_from_user(&old, user, sizeof(old)))
			return -EFAULT;
		if (old.tv_sec < 0 || old.tv_usec < 0)
			return -EINVAL;
		time.tv_sec = old.tv_sec + old.tv_usec / 1000000;
		time.tv_nsec = old.tv_usec % 1000000 * 1000;
		result = timespec_deadline(&time, &deadline_ns);
		if (result)
			return result;
	}
	result = select_fds(args, deadline_ns);
	if (user && deadline_ns != PARK_FOREVER) {
		left = time_left(deadline_ns);
		old.tv_sec = (__kernel_long_t)(left / NSEC_PER_SEC);
		old.tv_usec = (__kernel_long_t)(left % NSEC_PER_SEC / NSEC_PER_USEC);
		if (copy_to_user(user, &old, sizeof(old)))
			return result; /* as Linux: what was found is told anyway */
	}
	return result;
}

SYSCALL(pselect6)
{
	struct __kernel_timespec __user *user = (struct __kernel_timespec __user *)args[4];
	unsigned long mask[2] =
	    {}; /* address and size, packed because there are only six arguments */
	u64 deadline_ns;
	long result = timeout_deadline(user, &deadline_ns);

	if (!result && args[5] && copy_from_user(mask, (const void __user *)args[5], sizeof(mask)))
		result = -EFAULT;
	if (!result && mask[0])
		result = signal_mask_push_user((const void __user *)mask[0], mask[1]);
	if (result)
		return result;
	result = select_fds(args, deadline_ns);
	timespec_update(user, deadline_ns);
	return result;
}

/* ---- epoll ---- */

SYSCALL(epoll_ctl)
{
	struct fd_ref ref = fd_borrow((int)args[0]);
	struct epoll_event event = {};
	long result = -EBADF;

	if (ref.file) {
		result = 0;
		if ((int)args[1] != EPOLL_CTL_DEL)
			result =
			    copy_from_user(&event, (const void __user *)args[3], sizeof(event));
		if (!result)
			result = epoll_control(ref.file, (int)args[1], (int)args[2], &event);
	}
	fd_return(ref);
	return result;
}

static long epoll_wait_user(const unsigned long args[6], u64 deadline_ns)
{
	struct epoll_event few[FEW], *events = few;
	struct file *file;
	int max = (int)args[2];
	long result;

	if (max <= 0)
		return -EINVAL;
	file = fd_get((int)args[0]);
	if (!file)
		return -EBADF;
	max = min(max, 1024); /* more come with the next call */
	if (max > FEW) {
		events = kmalloc((size_t)max * sizeof(*events), MM_NORMAL);
		if (!events) {
			events = few;
			max = FEW;
		}
	}
	result = epoll_wait_events(file, events, (unsigned int)max, deadline_ns);
	if (result > 0 &&
	    copy_to_user((void __user *)args[1], events, (size_t)result * sizeof(*events)))
		result = -EFAULT;
	if (events != few)
		kfree(events);
	file_put(file);
	return result;
}

SYSCALL(epoll_wait)
{
	return epoll_wait_user(args, timeout_deadline_ms((int)args[3]));
}

SYSCALL(epoll_pwait)
{
	if (args[4]) {
		int err = signal_mask_push_user((const void __user *)args[4], args[5]);

		if (err)
			return err;
	}
	return epoll_wait_user(args, timeout_deadline_ms((int)args[3]));
}

SYSCALL(epoll_pwait2)
{
	u64 deadline_ns;
	int err = timeout_deadline((const struct __kernel_timespec __user *)args[3], &deadline_ns);

	if (!err && args[4])
		err = signal_mask_push_user((const void __user *)args[4], args[5]);
	return err ? err : epoll_wait_user(args, deadline_ns);
}

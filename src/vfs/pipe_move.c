/* From pipe to pipe, without touching the bytes: splice(2), tee(2). See pipe.c. */
#include "mm/page.h"
#include "vfs/cred.h"
#include "vfs/pipe_int.h"

#include <asm/signal.h>

static void lock_two(struct pipe *a, struct pipe *b) __no_lock_analysis
{
	if (a > b)
		swap(a, b);
	mutex_lock(&a->lock);
	mutex_lock(&b->lock);
}

static void unlock_two(struct pipe *a, struct pipe *b) __no_lock_analysis
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* Both locked. Whole slots change hands; the last one may be split, its page shared. */
static size_t move_slots(struct pipe *in, struct pipe *out, size_t n, bool copy)
{
	size_t done = 0;

	for (u32 i = 0; done < n && out->used < out->capacity && i < in->used; i += copy ? 1 : 0) {
		struct pipe_slot *from = pipe_slot_at(in, i), *to = pipe_slot_at(out, out->used);
		size_t chunk = min_t(size_t, from->length, n - done);

		*to = *from;
		to->length = (u32)chunk;
		out->used++;
		done += chunk;
		if (!copy && chunk == from->length) {
			in->first++;
			in->used--;
			continue;
		}
		page_get(from->page);
		from->shared = to->shared = true;
		if (!copy) {
			from->offset += (u32)chunk;
			from->length -= (u32)chunk;
			break;
		}
	}
	return done;
}

ssize_t pipe_to_pipe(struct pipe *in, struct pipe *out, size_t n, bool wait, bool copy)
{
	size_t done = 0;
	int err = 0;

	if (in == out)
		return -EINVAL;
	while (n && !err) {
		bool input, ended, output, broken;

		lock_two(in, out);
		input = in->used;
		ended = !in->writers;
		output = out->used < out->capacity;
		broken = !out->readers;
		if (input && output && !broken)
			done = move_slots(in, out, n, copy);
		unlock_two(in, out);
		if (done || (!input && ended))
			break;
		if (broken) {
			current_send_signal(SIGPIPE);
			err = -EPIPE;
		} else if (!wait) {
			err = -EAGAIN;
		} else if (!input) {
			err = wait_event_interruptible(&in->readable, READ_ONCE(in->used) ||
									  !READ_ONCE(in->writers));
		} else {
			err = wait_event_interruptible(&out->writable, pipe_has_room(out, n));
		}
	}
	if (done) {
		pipe_wake(&out->readable, PIPE_IN);
		if (!copy)
			pipe_wake(&in->writable, PIPE_OUT);
	}
	return done ? (ssize_t)done : err;
}

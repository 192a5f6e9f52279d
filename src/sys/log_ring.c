/* The ring of log messages. See log_ring.h. */
#include "sys/log_ring.h"

#include "lib/clock.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

struct record_sink {
	struct printf_sink sink;
	struct dmesg_record *record;
};

static void record_append(struct dmesg_record *record, const char *text, size_t n)
{
	n = min(n, sizeof(record->text) - record->length);
	memcpy(record->text + record->length, text, n);
	record->length = (u16)(record->length + n);
}

static void record_put(struct printf_sink *sink, const char *text, size_t n)
{
	record_append(container_of(sink, struct record_sink, sink)->record, text, n);
}

static struct dmesg_record *record_start(struct log_ring *ring, int level, bool from_user)
{
	struct dmesg_record *record = &ring->records[ring->next & (LOG_RECORDS - 1)];
	record->sequence = ring->next++;
	record->time_ns = clock_monotonic_ns();
	record->level = level;
	record->from_user = from_user;
	record->length = 0;
	return record;
}

/* A panic takes no lock: hence no analysis. */
__no_lock_analysis void log_ring_add(struct log_ring *ring, bool locked, int level, const char *fmt,
				     va_list ap, struct dmesg_record *copy)
{
	struct record_sink out = {.sink = {.put = record_put}};
	irqflags_t flags = 0;
	if (locked)
		flags = irqlock_lock(&ring->lock);
	out.record = record_start(ring, level, false);
	(void)kvprintf_to(&out.sink, fmt, ap);
	*copy = *out.record;
	if (locked)
		irqlock_unlock(&ring->lock, flags);
}

void log_ring_add_user(struct log_ring *ring, int level, const char *text, size_t n,
		       struct dmesg_record *copy)
{
	irqflags_t flags = irqlock_lock(&ring->lock);
	struct dmesg_record *record = record_start(ring, level, true);
	record_append(record, text, n);
	*copy = *record;
	irqlock_unlock(&ring->lock, flags);
}

/* lock held */
static u64 first_of(const struct log_ring *ring)
{
	return ring->next > LOG_RECORDS ? ring->next - LOG_RECORDS : 0;
}

int log_ring_read(struct log_ring *ring, u64 sequence, struct dmesg_record *out)
{
	int err = 0;
	irqflags_t flags = irqlock_lock(&ring->lock);
	sequence = max(sequence, first_of(ring));
	if (sequence >= ring->next)
		err = -ENOENT;
	else
		*out = ring->records[sequence & (LOG_RECORDS - 1)];
	irqlock_unlock(&ring->lock, flags);
	return err;
}

void log_ring_bounds(struct log_ring *ring, u64 *first, u64 *next)
{
	irqflags_t flags = irqlock_lock(&ring->lock);
	*first = first_of(ring);
	*next = ring->next;
	irqlock_unlock(&ring->lock, flags);
}

size_t dmesg_format(const struct dmesg_record *record, bool syslog_prefix, char *buf, size_t size)
{
	char prefix[8] = "";
	if (syslog_prefix)
		ksnprintf(prefix, sizeof(prefix), "<%d>",
			  record->level + (record->from_user ? 8 : 0));
	return kscnprintf(buf, size, "%s[%5llu.%06llu] %.*s\n", prefix,
			  record->time_ns / NSEC_PER_SEC, record->time_ns % NSEC_PER_SEC / 1000,
			  (int)record->length, record->text);
}

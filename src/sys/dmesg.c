/* The kernel log ring. See dmesg.h. */
#include "sys/dmesg.h"

#include "hw/boot.h"
#include "hw/irq.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

#define RECORDS    512 /* a power of two: 128 KiB */
#define LINE_BYTES 320

static struct irqlock ring_lock = IRQLOCK_INIT("dmesg ring");
static struct irqlock console_lock = IRQLOCK_INIT("dmesg console");
static struct dmesg_record ring[RECORDS];
static u64 next_sequence; /* ring_lock */
static int console_level = LOG_DEBUG;
static bool panicking;
static struct wait_queue readers = WAIT_QUEUE_INIT(readers, "dmesg readers");

struct record_sink {
	struct printf_sink sink;
	struct dmesg_record *record;
};

static void record_put(struct printf_sink *sink, const char *text, size_t n)
{
	struct dmesg_record *record = container_of(sink, struct record_sink, sink)->record;
	n = min(n, sizeof(record->text) - record->length);
	memcpy(record->text + record->length, text, n);
	record->length = (u16)(record->length + n);
}

static struct dmesg_record *record_start(int level, bool from_user)
{
	struct dmesg_record *record = &ring[next_sequence & (RECORDS - 1)];
	record->sequence = next_sequence;
	record->time_ns = clock_monotonic_ns();
	record->level = level;
	record->from_user = from_user;
	record->length = 0;
	return record;
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

static void console_emit(const struct dmesg_record *record)
{
	char line[LINE_BYTES];
	size_t n = dmesg_format(record, false, line, sizeof(line) - 1);
	/* The serial line takes bytes as they are. */
	line[n - 1] = '\r';
	line[n++] = '\n';
	if (panicking) {
		hw_console_write(line, n);
		return;
	}
	irqflags_t flags = irqlock_lock(&console_lock);
	hw_console_write(line, n);
	irqlock_unlock(&console_lock, flags);
}

/* A panic takes no locks: hence no analysis. */
__no_lock_analysis void log_vprintf(int level, const char *fmt, va_list ap)
{
	struct dmesg_record copy;
	struct record_sink out = {.sink = {.put = record_put}};
	irqflags_t flags = 0;
	if (!panicking)
		flags = irqlock_lock(&ring_lock);
	out.record = record_start(level, false);
	(void)kvprintf_to(&out.sink, fmt, ap);
	copy = *out.record;
	next_sequence++;
	if (!panicking)
		irqlock_unlock(&ring_lock, flags);
	if (level < READ_ONCE(console_level) || panicking)
		console_emit(&copy);
}

void dmesg_write_user(int level, const char *text, size_t n)
{
	irqflags_t flags = irqlock_lock(&ring_lock);
	struct dmesg_record *record = record_start(level, true);
	struct record_sink out = {.sink = {.put = record_put}, .record = record};
	record_put(&out.sink, text, n);
	struct dmesg_record copy = *record;
	next_sequence++;
	irqlock_unlock(&ring_lock, flags);
	if (level < READ_ONCE(console_level))
		console_emit(&copy);
	wake_all(&readers);
}

u64 dmesg_next(void)
{
	irqflags_t flags = irqlock_lock(&ring_lock);
	u64 next = next_sequence;
	irqlock_unlock(&ring_lock, flags);
	return next;
}

u64 dmesg_first(void)
{
	u64 next = dmesg_next();
	return next > RECORDS ? next - RECORDS : 0;
}

int dmesg_read(u64 sequence, struct dmesg_record *out)
{
	int err = 0;
	irqflags_t flags = irqlock_lock(&ring_lock);
	u64 first = next_sequence > RECORDS ? next_sequence - RECORDS : 0;
	sequence = max(sequence, first);
	if (sequence >= next_sequence)
		err = -ENOENT;
	else
		*out = ring[sequence & (RECORDS - 1)];
	irqlock_unlock(&ring_lock, flags);
	return err;
}

struct wait_queue *dmesg_wait(void)
{
	return &readers;
}

int dmesg_console_level(void)
{
	return READ_ONCE(console_level);
}

void dmesg_console_level_set(int level)
{
	WRITE_ONCE(console_level, clamp(level, 1, 15));
}

void dmesg_panic_mode(void)
{
	panicking = true;
}

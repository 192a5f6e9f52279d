/* The kernel log: its ring, and the console. See dmesg.h. */
#include "sys/dmesg.h"

#include "hw/boot.h"
#include "hw/irq.h"
#include "lib/lock.h"
#include "lib/log.h"

#define LINE_BYTES 320

static struct log_ring ring = LOG_RING_INIT("dmesg ring");
static struct irqlock console_lock = IRQLOCK_INIT("dmesg console");
static int console_level = LOG_DEBUG;
static bool panicking;
static struct wait_queue readers = WAIT_QUEUE_INIT(readers, "dmesg readers");

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

void log_vprintf(int level, const char *fmt, va_list ap)
{
	struct dmesg_record copy;
	log_ring_add(&ring, !panicking, level, fmt, ap, &copy);
	if (level < READ_ONCE(console_level) || panicking)
		console_emit(&copy);
}

void dmesg_write_user(int level, const char *text, size_t n)
{
	struct dmesg_record copy;
	log_ring_add_user(&ring, level, text, n, &copy);
	if (level < READ_ONCE(console_level))
		console_emit(&copy);
	wake_all(&readers);
}

u64 dmesg_next(void)
{
	u64 first, next;
	log_ring_bounds(&ring, &first, &next);
	return next;
}

u64 dmesg_first(void)
{
	u64 first, next;
	log_ring_bounds(&ring, &first, &next);
	return first;
}

int dmesg_read(u64 sequence, struct dmesg_record *out)
{
	return log_ring_read(&ring, sequence, out);
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

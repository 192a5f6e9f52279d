/*
 * The ring of log messages behind dmesg.h.
 *
 * A message is formatted straight into its record. Records have a sequence number that never
 * repeats; the newest LOG_RECORDS of them are held. One irqlock guards the ring, so that any
 * context may log.
 */
#ifndef ARAMID_SYS_LOG_RING_H
#define ARAMID_SYS_LOG_RING_H

#include "lib/lock.h"
#include "lib/types.h"

#include <stdarg.h>

#define LOG_RECORDS 512 /* a power of two: 128 KiB */

struct dmesg_record {
	u64 sequence;
	u64 time_ns; /* monotonic */
	int level;   /* syslog level, 0 to 7 */
	bool from_user;
	u16 length;
	char text[240]; /* not NUL-terminated */
};

struct log_ring {
	struct irqlock lock;
	u64 next;                                 /* lock: the number of the next record */
	struct dmesg_record records[LOG_RECORDS]; /* lock */
};

#define LOG_RING_INIT(name)                                                                        \
	{                                                                                          \
		.lock = IRQLOCK_INIT(name)                                                         \
	}

/* Adds a message, cut at the size of a record; *copy is the record. locked: for a panic's messages,
 * which take no lock, false. */
void log_ring_add(struct log_ring *ring, bool locked, int level, const char *fmt, va_list ap,
		  struct dmesg_record *copy);
/* The same with a process's text as it is. */
void log_ring_add_user(struct log_ring *ring, int level, const char *text, size_t n,
		       struct dmesg_record *copy);
/* The record with this number, or the next that still exists. -ENOENT: none yet. */
int __must_check log_ring_read(struct log_ring *ring, u64 sequence, struct dmesg_record *out);
/* Numbers: of the oldest that is held, and of the next that will be. */
void log_ring_bounds(struct log_ring *ring, u64 *first, u64 *next);

/* Text of one record as dmesg shows it: "[    1.234567] text\n". Returns its length. */
size_t dmesg_format(const struct dmesg_record *record, bool syslog_prefix, char *buf, size_t size);

#endif

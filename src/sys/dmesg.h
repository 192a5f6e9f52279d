/*
 * The kernel log: a ring of messages, printed on the console and read by dmesg, /dev/kmsg and
 * /proc/kmsg.
 *
 * log_vprintf() (lib/log.h) formats a message straight into a record. Records have a sequence
 * number that never repeats; readers keep the number of the next one they want, and skip what was
 * overwritten. One irqlock guards the ring, so that any context may log. The console is written
 * under a second lock, outside the first, so that a slow serial port does not stop other CPUs'
 * messages.
 */
#ifndef ARAMID_SYS_DMESG_H
#define ARAMID_SYS_DMESG_H

#include "lib/types.h"
#include "lib/wait.h"

struct dmesg_record {
	u64 sequence;
	u64 time_ns; /* monotonic */
	int level;   /* syslog level, 0 to 7 */
	bool from_user;
	u16 length;
	char text[240]; /* not NUL-terminated */
};

/* Copies the record with this number, or the next that still exists, to *out. -ENOENT: none yet. */
int __must_check dmesg_read(u64 sequence, struct dmesg_record *out);
u64 dmesg_first(void); /* oldest number still held */
u64 dmesg_next(void);  /* number the next message will get */
/* Readers sleep here until dmesg_next() moves. Woken from process context and from the timer tick
 * only. */
struct wait_queue *dmesg_wait(void);

/* A message from /dev/kmsg: level of the prefix <n>, text without it. */
void dmesg_write_user(int level, const char *text, size_t n);

/* Messages with a level below this one go to the console (loglevel=, quiet, debug, syslog(2)). */
int dmesg_console_level(void);
void dmesg_console_level_set(int level);
/* From now on panics and messages go out without taking locks. */
void dmesg_panic_mode(void);

/* Text of one record as dmesg shows it: "[    1.234567] text\n". Returns its length. */
size_t dmesg_format(const struct dmesg_record *record, bool syslog_prefix, char *buf, size_t size);

#endif

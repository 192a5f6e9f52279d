/*
 * The kernel log: a ring of messages, printed on the console and read by dmesg, /dev/kmsg and
 * /proc/kmsg.
 *
 * log_vprintf() (lib/log.h) adds a record to the ring (log_ring.h). Readers keep the number of the
 * next one they want, and skip what was overwritten. The console is written under a lock of its
 * own, outside the ring's, so that a slow serial port does not stop other CPUs' messages.
 */
#ifndef ARAMID_SYS_DMESG_H
#define ARAMID_SYS_DMESG_H

#include "lib/types.h"
#include "lib/wait.h"
#include "sys/log_ring.h"

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

#endif

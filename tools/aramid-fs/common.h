/*
 * What all commands share: how they end, how they say what went wrong, how they show progress.
 *
 * A command goes on after an error of one file and remembers it: report() prints the message and
 * makes the program end with STATUS_FAILED. Whatever makes going on senseless is fatal to the
 * command, which then returns a status at once.
 */
#ifndef ARAMID_FS_COMMON_H
#define ARAMID_FS_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/types.h"

/* The exit statuses, as the man page has them. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,   /* something that was asked for could not be done */
	STATUS_USAGE = 2,    /* the command line makes no sense */
	STATUS_IMAGE = 3,    /* the image can't be used: not there, not ext2/3/4, not understood */
	STATUS_LOCKED = 4,   /* someone else uses the image */
	STATUS_DAMAGED = 5,  /* verify found damage */
	STATUS_INTERNAL = 6, /* a command ended by a signal says 128 + its number */
};

/* "aramid-fs: MESSAGE", and remembers that something failed. */
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same with the meaning of an error (negative, as the kernel's) behind it. */
void report_error(int error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Does not count as a failure. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool anything_failed(void);
/* The kernel's messages of this level or more urgent ones are shown (enum log_level). */
void messages_set_level(int level);
/* What an error number means, for people. */
const char *error_text(int error);

/* Never NULL: the program ends when there is no memory. */
void *need_memory(size_t n);
char *need_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The signal that asked this command to stop, or 0: long loops look, stop, and close the image. */
int interrupted(void);
void interrupts_catch(void);

/*
 * Progress of a long copy: a line on stderr, if that is a terminal, rewritten now and then.
 * total 0: not known.
 */
void progress_start(const char *what, u64 total);
void progress_add(u64 bytes);
void progress_file(void);
void progress_percent(u64 done, u64 total); /* of something that is no bytes */
void progress_end(void);
/* Takes the line off the screen, so that a message can stand there. */
void progress_clear(void);

/* A name as it can be printed: control characters and bytes that are no UTF-8 as \ooo. The result
 * lives until eight calls later. */
const char *printable(const char *name);

/* "123.4M" and the like. */
const char *human_size(u64 bytes);

/* An option's number: decimal, octal or hexadecimal as in C. False if there is something else. */
bool parse_number(const char *text, u64 max, u64 *out);
/* "UID:GID", both numbers. */
bool parse_owner(const char *text, u32 *uid, u32 *gid);

#endif

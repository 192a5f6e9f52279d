#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

/*
 * What a guest has printed: everything goes to a log file, and the part that has not been consumed
 * yet is kept in a buffer to be matched. NUL bytes become '?', so that the buffer is a C string,
 * and carriage returns before a newline are dropped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct console {
	FILE *log;
	char *pending; /* not consumed; always terminated */
	size_t length;
	size_t capacity;
	char *text;      /* what the last match consumed */
	char group[256]; /* its first subexpression */
	char line[1024]; /* the line that is being printed, to look for a panic in */
	size_t line_length;
	bool panicked;
	char tail[2048]; /* the last output, consumed or not */
	size_t tail_length;
};

bool console_open(struct console *console, const char *log_path);
void console_close(struct console *console);

/* Takes in what the guest has printed. */
void console_put(struct console *console, const char *bytes, size_t count);

/* Tries to match and consume; see guest_expect. A bad pattern ends the process. */
bool console_match(struct console *console, const char *pattern);

/* Forgets what has not been consumed. */
void console_drop(struct console *console);

#endif

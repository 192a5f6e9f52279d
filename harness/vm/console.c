#include "console.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* A guest that prints without end must not fill the host's memory: the oldest output goes. */
enum { pending_limit = 8 << 20 };

/* What kernels print when they panic: Aramid's and Linux's words. */
static const char *const panic_marks[] = {"Kernel panic", "kernel panic", "PANIC:"};

bool console_open(struct console *console, const char *log_path)
{
	memset(console, 0, sizeof(*console));
	console->capacity = 65536;
	console->pending = calloc(1, console->capacity);
	console->text = calloc(1, 1);
	console->log = fopen(log_path, "w");
	if (!console->pending || !console->text || !console->log) {
		console_close(console);
		return false;
	}
	setvbuf(console->log, NULL, _IOLBF, 0);
	return true;
}

void console_close(struct console *console)
{
	if (console->log)
		fclose(console->log);
	free(console->pending);
	free(console->text);
	console->log = NULL;
	console->pending = console->text = NULL;
}

/* A panic is known by the start of a line, behind the time stamp that the kernel's log puts there.
 */
static bool line_is_panic(const char *line)
{
	for (size_t i = 0; i < sizeof(panic_marks) / sizeof(panic_marks[0]); i++) {
		const char *mark = strstr(line, panic_marks[i]);

		if (mark && (mark == line || mark[-1] == ' '))
			return true;
	}
	return false;
}

static void line_put(struct console *console, char c)
{
	if (c == '\n') {
		console->line[console->line_length] = '\0';
		if (line_is_panic(console->line))
			console->panicked = true;
		console->line_length = 0;
	} else if (console->line_length < sizeof(console->line) - 1) {
		console->line[console->line_length++] = c;
	}
}

static void tail_put(struct console *console, char c)
{
	if (console->tail_length == sizeof(console->tail) - 1) {
		size_t half = sizeof(console->tail) / 2;

		memmove(console->tail, console->tail + half, console->tail_length - half);
		console->tail_length -= half;
	}
	console->tail[console->tail_length++] = c;
	console->tail[console->tail_length] = '\0';
}

static void pending_put(struct console *console, char c)
{
	if (console->length + 1 == console->capacity) {
		char *larger = NULL;

		if (console->capacity < pending_limit)
			larger = realloc(console->pending, console->capacity * 2);
		if (larger) {
			console->pending = larger;
			console->capacity *= 2;
		} else {
			console->length /= 2;
			memmove(console->pending, console->pending + console->length,
				console->length);
		}
	}
	console->pending[console->length++] = c;
	console->pending[console->length] = '\0';
}

void console_put(struct console *console, const char *bytes, size_t count)
{
	fwrite(bytes, 1, count, console->log);
	for (size_t i = 0; i < count; i++) {
		char c = bytes[i] ? bytes[i] : '?';

		if (c == '\r')
			continue;
		line_put(console, c);
		tail_put(console, c);
		pending_put(console, c);
	}
	fflush(console->log);
}

bool console_match(struct console *console, const char *pattern)
{
	regex_t regex;
	regmatch_t match[2];
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE) != 0) {
		fprintf(stderr, "console_match: bad pattern: %s\n", pattern);
		abort();
	}
	found = regexec(&regex, console->pending, 2, match, 0) == 0;
	regfree(&regex);
	if (!found)
		return false;

	size_t end = (size_t)match[0].rm_eo;

	free(console->text);
	console->text = strndup(console->pending, end);
	if (!console->text)
		abort();
	console->group[0] = '\0';
	if (match[1].rm_so >= 0)
		snprintf(console->group, sizeof(console->group), "%.*s",
			 (int)(match[1].rm_eo - match[1].rm_so), console->pending + match[1].rm_so);
	console->length -= end;
	memmove(console->pending, console->pending + end, console->length + 1);
	return true;
}

void console_drop(struct console *console)
{
	console->length = 0;
	console->pending[0] = '\0';
}

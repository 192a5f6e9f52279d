#include "common.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static bool failed;
static volatile sig_atomic_t stop_signal;

/* ---- messages ---- */

const char *error_text(int error)
{
	switch (-error) {
	case EUCLEAN:
		return "the file system is damaged here";
	case EROFS:
		return "the file system is read-only";
	case ENOSPC:
		return "no space left in the image";
	default:
		return strerror(-error);
	}
}

static void say(const char *fmt, va_list ap, const char *end)
{
	flockfile(stderr);
	progress_clear();
	fflush(stdout);
	fputs("aramid-fs: ", stderr);
	vfprintf(stderr, fmt, ap);
	if (end)
		fprintf(stderr, ": %s", end);
	putc('\n', stderr);
	funlockfile(stderr);
}

void report(const char *fmt, ...)
{
	va_list ap;

	failed = true;
	va_start(ap, fmt);
	say(fmt, ap, NULL);
	va_end(ap);
}

void report_error(int error, const char *fmt, ...)
{
	va_list ap;

	failed = true;
	va_start(ap, fmt);
	say(fmt, ap, error_text(error));
	va_end(ap);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, NULL);
	va_end(ap);
}

bool anything_failed(void)
{
	return failed;
}

void *need_memory(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p) {
		fputs("aramid-fs: no memory\n", stderr);
		abort();
	}
	return p;
}

char *need_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		fputs("aramid-fs: no memory\n", stderr);
		abort();
	}
	va_end(ap);
	return text;
}

/* ---- signals ---- */

static void stop(int signal)
{
	stop_signal = signal;
}

int interrupted(void)
{
	return stop_signal;
}

void interrupts_catch(void)
{
	struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- progress ---- */

#define PROGRESS_EVERY_MS 200

static struct {
	const char *what;
	u64 total, bytes, files;
	s64 started, shown; /* ms */
	bool on, visible;
} progress;

static s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (s64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_start(const char *what, u64 total)
{
	progress.what = what;
	progress.total = total;
	progress.bytes = progress.files = 0;
	progress.started = progress.shown = now_ms();
	progress.on = isatty(STDERR_FILENO);
}

void progress_clear(void)
{
	if (progress.visible)
		fputs("\r\033[K", stderr);
	progress.visible = false;
}

/* Whether it is time to show how far it is; 0 or the time. */
static s64 progress_due(void)
{
	s64 now;

	if (!progress.on)
		return 0;
	now = now_ms();
	if (now - progress.shown < PROGRESS_EVERY_MS || now - progress.started < 1000)
		return 0;
	progress.shown = now;
	progress.visible = true;
	return now;
}

static void progress_show(void)
{
	s64 now = progress_due();

	if (!now)
		return;
	u64 rate = progress.bytes * 1000 / (u64)(now - progress.started);
	fprintf(stderr, "\r%s: %llu files, %s", progress.what, progress.files,
		human_size(progress.bytes));
	if (progress.total)
		fprintf(stderr, " of %s (%llu%%)", human_size(progress.total),
			progress.bytes * 100 / progress.total);
	fprintf(stderr, ", %s/s\033[K", human_size(rate));
	fflush(stderr);
}

void progress_add(u64 bytes)
{
	progress.bytes += bytes;
	progress_show();
}

void progress_file(void)
{
	progress.files++;
	progress_show();
}

void progress_percent(u64 done, u64 total)
{
	if (progress_due()) {
		fprintf(stderr, "\r%s: %llu%%\033[K", progress.what, done * 100 / total);
		fflush(stderr);
	}
}

void progress_end(void)
{
	progress_clear();
	progress.on = false;
}

/* ---- text ---- */

const char *printable(const char *name)
{
	static char *results[8];
	static unsigned next;
	size_t left = strlen(name);
	mbstate_t state = {0};
	char *out = need_memory(left * 4 + 1), *at = out;

	while (left) {
		wchar_t c;
		size_t n = mbrtowc(&c, name, left, &state);

		if (n == (size_t)-1 || n == (size_t)-2 || n == 0 || !iswprint((wint_t)c) ||
		    *name == '\\') {
			at += sprintf(at, "\\%03o", (unsigned char)*name);
			memset(&state, 0, sizeof(state));
			n = 1;
		} else {
			memcpy(at, name, n);
			at += n;
		}
		name += n;
		left -= n;
	}
	free(results[next % 8]);
	return results[next++ % 8] = out;
}

const char *human_size(u64 bytes)
{
	static char results[4][32];
	static unsigned next;
	static const char units[] = "BKMGTPE";
	char *out = results[next++ % 4];
	unsigned unit = 0;
	u64 whole = bytes, tenths = 0;

	while (whole >= 1024 && unit < 6) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	if (unit)
		snprintf(out, sizeof(results[0]), "%llu.%llu%c", whole, tenths, units[unit]);
	else
		snprintf(out, sizeof(results[0]), "%lluB", whole);
	return out;
}

bool parse_number(const char *text, u64 max, u64 *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 0);
	return !errno && !*end && *out <= max;
}

bool parse_owner(const char *text, u32 *uid, u32 *gid)
{
	const char *colon = strchr(text, ':');
	char first[16];
	u64 u, g;

	if (!colon || (size_t)(colon - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	if (!parse_number(first, U32_MAX - 1, &u) || !parse_number(colon + 1, U32_MAX - 1, &g))
		return false;
	*uid = (u32)u;
	*gid = (u32)g;
	return true;
}

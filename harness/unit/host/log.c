#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "log_capture.h"

static pthread_mutex_t capture_lock = PTHREAD_MUTEX_INITIALIZER;
static char capture[256 * 1024];
static size_t captured;

void log_vprintf(int level, const char *fmt, va_list ap)
{
	char line[1024];
	int n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(line) - 2 ? (size_t)n : sizeof(line) - 2;

	line[len++] = '\n';
	pthread_mutex_lock(&capture_lock);
	if (captured + len >= sizeof(capture)) { /* forget the older half */
		size_t half = captured / 2;
		memmove(capture, capture + half, captured - half);
		captured -= half;
	}
	memcpy(capture + captured, line, len);
	captured += len;
	capture[captured] = '\0';
	pthread_mutex_unlock(&capture_lock);
	if (getenv("UNIT_LOG"))
		fprintf(stderr, "<%d>%.*s", level, (int)len, line);
}

const char *log_captured(void)
{
	return capture;
}

void log_captured_clear(void)
{
	captured = 0;
	capture[0] = '\0';
}

bool log_captured_has(const char *text)
{
	return strstr(capture, text) != NULL;
}

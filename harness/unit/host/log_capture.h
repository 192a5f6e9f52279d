/*
 * Log messages of the code under test are kept, newest last, for tests that want to see what was
 * said; with UNIT_LOG=1 in the environment they are printed on stderr too.
 */
#ifndef HOST_LOG_CAPTURE_H
#define HOST_LOG_CAPTURE_H

#include <stdbool.h>

/* All messages since the last clear, one per line. */
const char *log_captured(void);
void log_captured_clear(void);
/* Whether some message since the last clear contains this text. */
bool log_captured_has(const char *text);

#endif

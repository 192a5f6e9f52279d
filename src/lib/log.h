/*
 * Kernel messages. A message is one line without a newline, from any context, interrupts too:
 * log_warn("ext4: %s: inode %u: bad extent header", dev, ino). The kernel keeps it in the dmesg
 * ring and prints it on the console when its level is below the console's; hosted tests capture
 * it (harness/unit/host). Seam: log_vprintf.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>

#include "lib/compiler.h"

/* syslog's levels, as in dmesg and loglevel=. */
enum log_level {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERR,
	LOG_WARN,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

void log_printf(int level, const char *fmt, ...) __printf(2, 3);
void log_vprintf(int level, const char *fmt, va_list ap) __printf(2, 0);

#define log_emerg(...)  log_printf(LOG_EMERG, __VA_ARGS__)
#define log_crit(...)   log_printf(LOG_CRIT, __VA_ARGS__)
#define log_err(...)    log_printf(LOG_ERR, __VA_ARGS__)
#define log_warn(...)   log_printf(LOG_WARN, __VA_ARGS__)
#define log_notice(...) log_printf(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)   log_printf(LOG_INFO, __VA_ARGS__)
#define log_debug(...)  log_printf(LOG_DEBUG, __VA_ARGS__)

#endif

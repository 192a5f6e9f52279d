/*
 * The kernel's last words. See lib/panic.h.
 *
 * panic= says what follows: a number of seconds to wait before rebooting (0, the default: halt for
 * ever; negative: reboot at once), or "exit", which leaves QEMU through its isa-debug-exit device
 * with a status that says so.
 */
#include "hw/boot.h"
#include "hw/cpu.h"
#include "lib/atomic.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "sys/cmdline.h"
#include "sys/dmesg.h"
#include "sys/thread.h"

#define EXIT_CODE_PANIC 101
#define LAST_LINES      12

/* With quiet the messages before the panic never reached the console; they are what explains it. */
static void show_last_messages(void)
{
	u64 next = dmesg_next(), at = next > LAST_LINES ? next - LAST_LINES : 0;
	static struct dmesg_record record;
	static char line[320];
	for (; at < next && !dmesg_read(at, &record); at++) {
		if (record.level < dmesg_console_level())
			continue;
		hw_console_write(line, dmesg_format(&record, false, line, sizeof(line)));
		hw_console_write("\r", 1);
	}
}

static void __noreturn after_panic(void)
{
	const char *how = cmdline_get("panic");
	if (how && !strcmp(how, "exit"))
		hw_debug_exit(EXIT_CODE_PANIC);
	s64 seconds = how && strcmp(how, "exit") ? cmdline_number("panic", 0) : 0;
	if (!seconds)
		hw_shutdown(HW_HALT);
	u64 end = clock_monotonic_ns() + (seconds > 0 ? (u64)seconds * NSEC_PER_SEC : 0);
	while (clock_monotonic_ns() < end)
		cpu_relax();
	hw_shutdown(HW_REBOOT);
}

void panic(const char *fmt, ...)
{
	static bool panicking;
	static char message[256];
	va_list ap;
	(void)irq_save();
	if (atomic_xchg(&panicking,
			true)) /* a second panic, here or on another CPU: nothing more to say */
		hw_shutdown(HW_HALT);
	va_start(ap, fmt);
	(void)kvsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	dmesg_panic_mode();
	show_last_messages();
	log_emerg("Kernel panic: %s", message);
	struct thread *thread = thread_current();
	log_emerg("CPU %u, thread %d (%s)", cpu_id(), thread ? thread->tid : 0,
		  thread ? thread->name : "start-up");
	hw_backtrace(0);
	cpu_stop_others();
	log_emerg("---[ end Kernel panic: %s ]---", message);
	after_panic();
}

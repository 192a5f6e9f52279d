#include "hw/boot.h"
#include "hw/x86_64/early_int.h"
#include "hw/x86_64/trap_int.h"
#include "lib/ksyms.h"
#include "lib/log.h"

/*
 * Backtraces follow the frame pointers, which every kernel function keeps, by a copy that survives
 * any pointer: a damaged stack only ends the list.
 */

#define DEPTH_MAX 32

struct stack_frame {
	unsigned long next, ip;
};

void backtrace_line(unsigned int depth, unsigned long ip)
{
	const char *name = NULL;
	u32 into = 0;

	/* The return address is behind the call, maybe in the next function already. */
	if (ip >= kernel_base && ip - kernel_base <= U32_MAX)
		name = ksyms_find(ksyms_table, ksyms_count, ksyms_names,
				  (u32)(ip - kernel_base - 1), &into);
	if (name)
		log_emerg("  #%u %#lx %s+%#x", depth, ip, name, into + 1);
	else
		log_emerg("  #%u %#lx", depth, ip);
}

void hw_backtrace(unsigned long fp)
{
	if (!fp)
		fp = (unsigned long)__builtin_frame_address(0);
	for (unsigned int depth = 0; depth < DEPTH_MAX && fp; depth++) {
		struct stack_frame frame;

		if (kernel_copy_nofault(&frame, (const void *)fp, sizeof(frame)) || !frame.ip)
			return;
		backtrace_line(depth, frame.ip);
		if (frame.next <= fp)
			return;
		fp = frame.next;
	}
}

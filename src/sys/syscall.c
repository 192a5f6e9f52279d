/*
 * The way into the kernel for user code: from a number to a handler.
 *
 * A number that the portable table does not know may still be the architecture's own; whatever
 * nobody knows is -ENOSYS.
 */
#include "sys/syscall.h"
#include "hw/thread.h"

void user_syscall(struct user_regs *regs)
{
	unsigned long args[6];
	long nr = regs_syscall_number(regs);
	long result;

	regs_syscall_args(regs, args);
	if (likely((unsigned long)nr < syscall_table_size && syscall_table[nr].handler))
		result = syscall_table[nr].handler(args);
	else
		result = arch_syscall(nr, args);
	regs_result_set(regs, (unsigned long)result);
}

#include "contract.h"

CONTRACT(mem_brk, "brk grows zeroed memory, shrinks it, and refuses nonsense by staying put")
{
	char *start = (char *)syscall(SYS_brk, 0), *end;

	start = (char *)(((uintptr_t)start + PAGE - 1) & -(uintptr_t)PAGE);
	CHECK((char *)syscall(SYS_brk, start) == start);
	end = start + 20 * PAGE;
	CHECK((char *)syscall(SYS_brk, end) == end);
	for (char *at = start; at < end; at += 16)
		EQ(*at, 0);
	memset(start, 'x', 20 * PAGE);
	CHECK((char *)syscall(SYS_brk, end - 10 * PAGE) == end - 10 * PAGE);
	EQ(fault_read(end - 10 * PAGE), SIGSEGV);
	EQ(fault_read(end - 10 * PAGE - 1), 0);
	CHECK((char *)syscall(SYS_brk, end) == end);
	EQ(end[-1], 0);
	EQ(start[10 * PAGE - 1], 'x');
	CHECK((char *)syscall(SYS_brk, 1) == end);
	CHECK((char *)syscall(SYS_brk, ~0UL) == end);
	CHECK((char *)syscall(SYS_brk, 1UL << 46) == end);
	CHECK((char *)syscall(SYS_brk, end + 100) == end + 100);
	end[99] = 'y';
	say("grown and shrunk");
}

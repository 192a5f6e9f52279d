#include "contract.h"

CONTRACT(mem_mprotect, "mprotect changes pages' rights and keeps their content")
{
	char *map = pages(4);

	pattern_fill(map, 4 * PAGE, 0, 5);
	OK(mprotect(map + PAGE, PAGE, PROT_READ));
	EQ(fault_write(map + PAGE), SIGSEGV);
	EQ(fault_read(map + PAGE), 0);
	OK(mprotect(map + PAGE, 2 * PAGE, PROT_NONE));
	EQ(fault_read(map + PAGE), SIGSEGV);
	EQ(fault_read(map + 2 * PAGE), SIGSEGV);
	EQ(fault_read(map + 3 * PAGE), 0);
	OK(mprotect(map, 4 * PAGE, PROT_READ | PROT_WRITE));
	CHECK(pattern_matches(map, 4 * PAGE, 0, 5));
	map[PAGE] = 'x';
	OK(syscall(SYS_mprotect, map, 0, PROT_NONE));
	FAILS(syscall(SYS_mprotect, map + 1, PAGE, PROT_READ), EINVAL);
	FAILS(syscall(SYS_mprotect, map, PAGE, 0x100), EINVAL);
	OK(munmap(map + 2 * PAGE, PAGE));
	FAILS(mprotect(map, 4 * PAGE, PROT_READ), ENOMEM);
	FAILS(mprotect(map + 2 * PAGE, PAGE, PROT_READ), ENOMEM);
	EQ(map[PAGE], 'x');
	say("changed");
}

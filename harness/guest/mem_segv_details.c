#include "contract.h"

CONTRACT(mem_segv_details, "SIGSEGV tells unmapped from forbidden, and the address to the byte")
{
	char *map = pages(3), *code = (char *)(uintptr_t)&reap;

	OK(mprotect(map + PAGE, PAGE, PROT_READ));
	OK(munmap(map + 2 * PAGE, PAGE));
	EQ(fault_write(map + PAGE + 123), SIGSEGV);
	say("read-only: code %d offset %ld", fault.code, (long)(fault.address - map));
	EQ(fault_read(map + 2 * PAGE + 45), SIGSEGV);
	say("unmapped: code %d offset %ld", fault.code, (long)(fault.address - map));
	OK(mprotect(map, PAGE, PROT_NONE));
	EQ(fault_read(map + 7), SIGSEGV);
	say("no access: code %d offset %ld", fault.code, (long)(fault.address - map));
	EQ(fault_read((char *)24), SIGSEGV);
	say("null page: code %d address %ld", fault.code, (long)fault.address);
	EQ(fault_write(code), SIGSEGV);
	say("own code: code %d offset %ld", fault.code, (long)(fault.address - code));
	EQ(fault_call((void *)16), SIGSEGV);
	say("call: code %d address %ld", fault.code, (long)fault.address);
}

#include "contract.h"

CONTRACT(mem_execute, "code runs only from pages that are executable")
{
#if defined(__x86_64__)
	static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3};
#elif defined(__aarch64__)
	static const uint32_t code[] = {0x52800540, 0xd65f03c0};
#endif
	char *map = pages(1);

	memcpy(map, code, sizeof(code));
	EQ(fault_call(map), SIGSEGV);
	say("code %d at offset %ld", fault.code, (long)(fault.address - map));
	OK(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
	__builtin___clear_cache(map, map + sizeof(code));
	EQ(((int (*)(void))(uintptr_t)map)(), 42);
	EQ(fault_write(map), SIGSEGV);
	OK(mprotect(map, PAGE, PROT_READ));
	EQ(fault_call(map), SIGSEGV);
	EQ(fault_read(map), 0);
}

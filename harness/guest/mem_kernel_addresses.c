#include "contract.h"

CONTRACT(mem_kernel_addresses,
	 "addresses of the kernel's half and in no half are SIGSEGV and EFAULT")
{
	static const unsigned long addresses[] = {
	    0xffff800000000000, 0xffffffff80000000, 0xfffffffffffff000, 0xffffffffffffffff,
	    0x0000800000000000, 0x00007ffffffff000, 0x8000000000000000, 0x00dead0000000000,
	};
	int pipes[2];

	OK(pipe(pipes));
	write_all(pipes[1], "x", 1);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		char *address = (char *)addresses[i];

		EQ(fault_read(address), SIGSEGV);
		EQ(fault_write(address), SIGSEGV);
		FAILS(read(pipes[0], address, 1), EFAULT);
		FAILS(write(pipes[1], address, 1), EFAULT);
		FAILS(syscall(SYS_open, address, O_RDONLY), EFAULT);
	}
	say("%zu addresses", sizeof(addresses) / sizeof(addresses[0]));
}

#include "contract.h"

CONTRACT(err_unknown_calls, "system calls that do not exist are ENOSYS")
{
	static const long numbers[] = {387, 400, 423, 520, 700, 1000, 0x7fffffff, -1, -100};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		errno = 0;
		EQ(syscall(numbers[i], 1, 2, 3, 4, 5, 6), -1);
		say("%ld: %s", numbers[i], error_name(errno));
	}
}

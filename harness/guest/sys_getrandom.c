#include "contract.h"

CONTRACT(sys_getrandom, "getrandom fills what it is asked, differently every time")
{
	unsigned char a[256], b[256];
	static unsigned char large[100000];
	int counts[256] = {0};

	EQ(syscall(SYS_getrandom, a, sizeof(a), 0), 256);
	EQ(syscall(SYS_getrandom, b, sizeof(b), 1), 256);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	EQ(syscall(SYS_getrandom, large, sizeof(large), 0), sizeof(large));
	for (size_t i = 0; i < sizeof(large); i++)
		counts[large[i]]++;
	for (int i = 0; i < 256; i++)
		CHECK(counts[i] > 200 && counts[i] < 600);
	EQ(syscall(SYS_getrandom, a, 0, 0), 0);
	FAILS(syscall(SYS_getrandom, a, 10, 0x80), EINVAL);
	say("random");
}

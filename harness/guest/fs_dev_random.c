#include "contract.h"

CONTRACT(fs_dev_random, "/dev/urandom and /dev/random yield bytes that differ")
{
	static const char *const names[] = {"/dev/urandom", "/dev/random"};
	unsigned char a[64], b[64];

	for (int i = 0; i < 2; i++) {
		int fd = OK(open(names[i], O_RDWR)), distinct = 0;
		bool seen[256] = {false};

		read_all(fd, a, sizeof(a));
		read_all(fd, b, sizeof(b));
		CHECK(memcmp(a, b, sizeof(a)) != 0);
		for (size_t at = 0; at < sizeof(a); at++)
			if (!seen[a[at]]) {
				seen[a[at]] = true;
				distinct++;
			}
		CHECK(distinct > 20);
		EQ(write(fd, a, sizeof(a)), sizeof(a));
		OK(close(fd));
	}
	say("differed");
}

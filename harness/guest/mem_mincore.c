#include "contract.h"

CONTRACT(mem_mincore, "mincore tells touched pages from untouched ones")
{
	char *map = pages(4);
	unsigned char in[4] = {9, 9, 9, 9};

	map[PAGE] = 1;
	map[3 * PAGE] = 1;
	OK(mincore(map, 4 * PAGE, in));
	say("%d %d %d %d", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
	FAILS(mincore(map + 1, PAGE, in), EINVAL);
	FAILS(mincore(map, PAGE, (void *)1), EFAULT);
	OK(munmap(map + 2 * PAGE, PAGE));
	FAILS(mincore(map, 4 * PAGE, in), ENOMEM);
	OK(mincore(map, 0, in));
}

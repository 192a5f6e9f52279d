#include "contract.h"

CONTRACT(mem_madvise_free,
	 "after MADV_FREE a page holds its old content or zeros, and new writes stay")
{
	enum { count = 32 };
	char *map = pages(count);

	for (int i = 0; i < count; i++)
		map[i * PAGE] = 'o';
	OK(madvise(map, count * PAGE, MADV_FREE));
	for (int i = 0; i < count; i++)
		CHECK(map[i * PAGE] == 'o' || map[i * PAGE] == 0);
	for (int i = 0; i < count; i++)
		map[i * PAGE + 1] = 'n';
	for (int i = 0; i < count; i++)
		EQ(map[i * PAGE + 1], 'n');
	FAILS(madvise(OK((char *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				      OK(open("file", O_RDWR | O_CREAT, 0644)), 0)),
		      PAGE, MADV_FREE),
	      EINVAL);
	say("freed");
}

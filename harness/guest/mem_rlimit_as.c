#include "contract.h"

CONTRACT(mem_rlimit_as, "RLIMIT_AS bounds mmap, brk and mremap with ENOMEM")
{
	struct rlimit limit;
	char *map = pages(1), *end = (char *)syscall(SYS_brk, 0);

	OK(getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = 16 << 20;
	OK(setrlimit(RLIMIT_AS, &limit));
	FAILS((long)mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS((long)mremap(map, PAGE, 32 << 20, MREMAP_MAYMOVE), ENOMEM);
	CHECK((char *)syscall(SYS_brk, end + (32 << 20)) == end);
	OK((long)mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	limit.rlim_cur = limit.rlim_max;
	OK(setrlimit(RLIMIT_AS, &limit));
	OK((long)mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		      0));
	say("bounded");
}

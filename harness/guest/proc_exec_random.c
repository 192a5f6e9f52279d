#include "contract.h"

#include <sys/auxv.h>

/* Prints the auxiliary vector's random bytes, the stack's place and a mapping's to a file. */
HELPER(random_places)
{
	int fd = OK(open(argv[0], O_WRONLY | O_CREAT | O_TRUNC, 0644)), here = 0;
	uint64_t places[4] = {0};

	memcpy(places, (void *)getauxval(AT_RANDOM), 16);
	places[2] = (uintptr_t)&here;
	places[3] = (uintptr_t)pages(1);
	write_all(fd, places, sizeof(places));
	return 0;
}

CONTRACT(proc_exec_random, "every exec gets fresh random bytes, and another stack and mmap base")
{
	enum { runs = 8 };
	uint64_t places[runs][4];
	int differ[4] = {0};

	link_self("self");
	for (int i = 0; i < runs; i++) {
		pid_t pid = OK(fork());
		int fd;

		if (pid == 0) {
			execl("self", "contracts", "--helper=random_places", "out", NULL);
			_exit(9);
		}
		reap_exit(pid, 0);
		fd = OK(open("out", O_RDONLY));
		read_all(fd, places[i], sizeof(places[i]));
		OK(close(fd));
		for (int k = 0; k < 4; k++)
			differ[k] |= places[i][k] != places[0][k];
	}
	say("random bytes %d, stack %d, mappings %d", differ[0] && differ[1], differ[2], differ[3]);
}

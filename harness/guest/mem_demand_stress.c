#include "contract.h"

CONTRACT(mem_demand_stress,
	 "mapping, touching, forking and unmapping at random keeps every page right")
{
	enum { slots = 40, rounds = 1500 };
	char *map[slots] = {NULL};
	uint32_t seed[slots], random = 99;
	int size[slots], forks = 0;

	for (int round = 0; round < rounds; round++) {
		int slot;

		random = random * 1664525 + 1013904223;
		slot = (int)((random >> 10) % slots);
		if (!map[slot]) {
			size[slot] = (int)((random >> 20) % 8 + 1);
			seed[slot] = random;
			map[slot] = pages((size_t)size[slot]);
			pattern_fill(map[slot], (size_t)size[slot] * PAGE, 0, seed[slot]);
			continue;
		}
		if (random % 64 == 1) {
			pid_t pid = OK(fork());

			if (pid == 0) {
				for (int i = 0; i < slots; i++)
					if (map[i]) {
						CHECK(pattern_matches(
						    map[i], (size_t)size[i] * PAGE, 0, seed[i]));
						memset(map[i], 0, (size_t)size[i] * PAGE);
					}
				_exit(0);
			}
			reap_exit(pid, 0);
			forks++;
		}
		CHECK(pattern_matches(map[slot], (size_t)size[slot] * PAGE, 0, seed[slot]));
		OK(munmap(map[slot], (size_t)size[slot] * PAGE));
		map[slot] = NULL;
	}
	say("%d rounds, %d forks", rounds, forks);
}

#include "contract.h"

enum { workers = 6, rounds = 150 };
static volatile long *total;

static void *work(void *argument)
{
	long id = (long)argument;

	for (int i = 0; i < rounds; i++) {
		char *map = pages(3), path[32];
		int fd;

		memset(map, (int)id, 3 * PAGE);
		snprintf(path, sizeof(path), "file-%ld", id);
		fd = OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
		write_all(fd, map, 100);
		OK(lseek(fd, 0, SEEK_SET));
		read_all(fd, map + PAGE, 100);
		for (int at = 0; at < 100; at++)
			EQ(map[PAGE + at], id);
		OK(close(fd));
		OK(munmap(map, 3 * PAGE));
		__atomic_add_fetch(total, 1, __ATOMIC_RELAXED);
		if (i % 50 == 25) {
			pid_t pid = OK(fork());

			if (pid == 0)
				_exit((int)id);
			reap_exit(pid, (int)id);
		}
	}
	return NULL;
}

CONTRACT(thread_stress,
	 "threads that map, touch, unmap, open, close and fork do not disturb one another")
{
	pthread_t threads[workers];
	long count = 0;

	total = &count;
	for (long i = 0; i < workers; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, work, (void *)(i + 1)));
	for (int i = 0; i < workers; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	say("%ld rounds", count);
}

#include "contract.h"

static struct bell bells[2];

static void *wait_thread(void *argument)
{
	bell_ring(&bells[0]);
	bell_await(&bells[1]);
	return argument;
}

CONTRACT(proc_self_task, "/proc/self/task lists the threads")
{
	pthread_t threads[3];
	struct dirent *entry;
	int count = 0, self = 0;
	DIR *dir;

	bell_make(&bells[0]);
	bell_make(&bells[1]);
	for (int i = 0; i < 3; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, wait_thread, NULL));
	for (int i = 0; i < 3; i++)
		bell_await(&bells[0]);
	dir = opendir("/proc/self/task");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		count += entry->d_name[0] != '.';
		self += atoi(entry->d_name) == gettid();
	}
	closedir(dir);
	EQ(self, 1);
	say("%d tasks", count);
	EQ(atoi(proc_field("/proc/self/status", "Threads:")), 4);
	for (int i = 0; i < 3; i++)
		bell_ring(&bells[1]);
	for (int i = 0; i < 3; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
}

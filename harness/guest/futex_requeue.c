#include "contract.h"

#include <linux/futex.h>

static volatile int words[2];
static volatile int awake;

static void *wait_on_first(void *argument)
{
	while (words[0] == 0)
		syscall(SYS_futex, &words[0], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	__atomic_add_fetch(&awake, 1, __ATOMIC_SEQ_CST);
	return argument;
}

CONTRACT(futex_requeue, "FUTEX_CMP_REQUEUE wakes some and moves the others to another word")
{
	enum { waiters = 5 };
	pthread_t threads[waiters];
	long moved = 0;

	for (int i = 0; i < waiters; i++)
		THREAD_OK(pthread_create(&threads[i], NULL, wait_on_first, NULL));
	FAILS(syscall(SYS_futex, &words[0], FUTEX_CMP_REQUEUE_PRIVATE, 0, 100, &words[1], 7),
	      EAGAIN);
	while (moved < waiters) {
		long got = OK(
		    syscall(SYS_futex, &words[0], FUTEX_CMP_REQUEUE_PRIVATE, 0, 100, &words[1], 0));

		moved += got;
		sched_yield();
	}
	EQ(moved, waiters);
	EQ(awake, 0);
	EQ(syscall(SYS_futex, &words[0], FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0), 0);
	words[0] = 1;
	EQ(syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
	EQ(syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0), waiters - 2);
	for (int i = 0; i < waiters; i++)
		THREAD_OK(pthread_join(threads[i], NULL));
	say("%d moved and woken", awake);
}

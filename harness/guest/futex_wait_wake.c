#include "contract.h"

#include <linux/futex.h>

static long futex(volatile int *word, int operation, int value, void *timeout, volatile int *other,
		  int third)
{
	return syscall(SYS_futex, word, operation, value, timeout, other, third);
}

CONTRACT(futex_wait_wake, "FUTEX_WAIT checks the word, FUTEX_WAKE wakes as many as it is told")
{
	enum { waiters = 5 };
	volatile int *word =
	    OK((int *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	struct timespec short_time = {0, 20000000}, bad = {0, 1000000000};
	pid_t pid[waiters];
	long woken = 0;

	FAILS(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
	FAILS(futex(word, FUTEX_WAIT, 0, &short_time, NULL, 0), ETIMEDOUT);
	FAILS(futex(word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
	FAILS(futex((int *)((char *)(uintptr_t)word + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
	FAILS(futex((int *)8, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	EQ(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	FAILS(futex(word, 99, 0, NULL, NULL, 0), ENOSYS);
	for (int i = 0; i < waiters; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			while (word[0] == 0)
				if (futex(word, FUTEX_WAIT, 0, NULL, NULL, 0) != 0)
					CHECK(errno == EAGAIN || errno == EINTR);
			_exit(0);
		}
	}
	for (int i = 0; i < waiters; i++)
		await_asleep(pid[i]);
	word[0] = 1;
	EQ(futex(word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), 0);
	for (int i = 0; i < waiters; i++) {
		long got = OK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));

		CHECK(got <= 1);
		woken += got;
	}
	for (int i = 0; i < waiters; i++)
		reap_exit(pid[i], 0);
	CHECK(woken <= waiters);
	say("woken");
}

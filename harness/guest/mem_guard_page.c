#include "contract.h"

static void *overflow_thread(void *argument)
{
	volatile char frame[PAGE];

	frame[0] = *(volatile char *)argument;
	if (frame[0] == 2)
		return NULL;
	return overflow_thread((void *)(uintptr_t)frame) ? (void *)(uintptr_t)frame[0] : NULL;
}

CONTRACT(mem_guard_page, "a guard page below a thread's stack catches its overflow")
{
	pid_t pid = OK(fork());
	volatile char seed = 1;

	if (pid == 0) {
		pthread_attr_t attributes;
		pthread_t thread;

		THREAD_OK(pthread_attr_init(&attributes));
		THREAD_OK(pthread_attr_setstacksize(&attributes, 65536));
		THREAD_OK(pthread_attr_setguardsize(&attributes, 4 * PAGE));
		THREAD_OK(pthread_create(&thread, &attributes, overflow_thread,
					 (void *)(uintptr_t)&seed));
		pthread_join(thread, NULL);
		_exit(0);
	}
	reap_signal(pid, SIGSEGV);
	say("caught");
}

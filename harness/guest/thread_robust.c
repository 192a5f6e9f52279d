#include "contract.h"

static pthread_mutex_t mutex;

static void *die_holding(void *argument)
{
	THREAD_OK(pthread_mutex_lock(&mutex));
	return argument;
}

CONTRACT(thread_robust, "the lock of a thread or process that died is handed on with EOWNERDEAD")
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *shared;
	pthread_t thread;
	pid_t pid;

	shared = OK((pthread_mutex_t *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	THREAD_OK(pthread_mutexattr_init(&attributes));
	THREAD_OK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	THREAD_OK(pthread_mutex_init(&mutex, &attributes));
	THREAD_OK(pthread_create(&thread, NULL, die_holding, NULL));
	THREAD_OK(pthread_join(thread, NULL));
	EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
	THREAD_OK(pthread_mutex_consistent(&mutex));
	THREAD_OK(pthread_mutex_unlock(&mutex));
	THREAD_OK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	THREAD_OK(pthread_mutex_init(shared, &attributes));
	pid = OK(fork());
	if (pid == 0) {
		THREAD_OK(pthread_mutex_lock(shared));
		OK(kill(getpid(), SIGKILL));
	}
	reap_signal(pid, SIGKILL);
	EQ(pthread_mutex_lock(shared), EOWNERDEAD);
	THREAD_OK(pthread_mutex_consistent(shared));
	THREAD_OK(pthread_mutex_unlock(shared));
	THREAD_OK(pthread_mutex_lock(shared));
	say("handed on");
}

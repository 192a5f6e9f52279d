#include "contract.h"

enum { capacity = 4, items = 2000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static int queue[capacity], head, used;

static void *produce(void *argument)
{
	for (int i = 1; i <= items; i++) {
		THREAD_OK(pthread_mutex_lock(&mutex));
		while (used == capacity)
			THREAD_OK(pthread_cond_wait(&emptied, &mutex));
		queue[(head + used++) % capacity] = i;
		THREAD_OK(pthread_cond_signal(&filled));
		THREAD_OK(pthread_mutex_unlock(&mutex));
	}
	return argument;
}

static void *consume(void *argument)
{
	long *sum = argument;

	for (int i = 0; i < items; i++) {
		THREAD_OK(pthread_mutex_lock(&mutex));
		while (used == 0)
			THREAD_OK(pthread_cond_wait(&filled, &mutex));
		*sum += queue[head];
		head = (head + 1) % capacity;
		used--;
		THREAD_OK(pthread_cond_signal(&emptied));
		THREAD_OK(pthread_mutex_unlock(&mutex));
	}
	return NULL;
}

CONTRACT(thread_condition, "condition variables pass every item from producers to consumers")
{
	pthread_t producers[2], consumers[2];
	long sums[2] = {0, 0};

	for (int i = 0; i < 2; i++) {
		THREAD_OK(pthread_create(&producers[i], NULL, produce, NULL));
		THREAD_OK(pthread_create(&consumers[i], NULL, consume, &sums[i]));
	}
	for (int i = 0; i < 2; i++) {
		THREAD_OK(pthread_join(producers[i], NULL));
		THREAD_OK(pthread_join(consumers[i], NULL));
	}
	say("sum %ld", sums[0] + sums[1]);
}

#include "contract.h"

static volatile sig_atomic_t handled_by[2];
static pthread_t threads[2];
static volatile pid_t ids[2];

static void on_signal(int sign)
{
	(void)sign;
	for (int i = 0; i < 2; i++)
		if (ids[i] == gettid())
			handled_by[i]++;
}

static void *wait_thread(void *argument)
{
	struct bell *bells = argument;

	ids[1] = gettid();
	bell_ring(&bells[0]);
	bell_await(&bells[1]);
	return NULL;
}

CONTRACT(sig_threads, "tgkill hits its thread; a process signal goes to a thread that lets it in")
{
	struct bell bells[2];
	sigset_t set;

	bell_make(&bells[0]);
	bell_make(&bells[1]);
	ids[0] = gettid();
	handle(SIGUSR1, on_signal, SA_RESTART);
	THREAD_OK(pthread_create(&threads[1], NULL, wait_thread, bells));
	bell_await(&bells[0]);
	OK(syscall(SYS_tgkill, getpid(), ids[1], SIGUSR1));
	while (!handled_by[1])
		sched_yield();
	THREAD_OK(pthread_kill(pthread_self(), SIGUSR1));
	EQ(handled_by[0], 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	THREAD_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (int i = 2; i < 20; i++) {
		OK(kill(getpid(), SIGUSR1));
		while (handled_by[1] < i)
			sched_yield();
	}
	say("main %d, other %d", (int)handled_by[0], (int)handled_by[1]);
	bell_ring(&bells[1]);
	THREAD_OK(pthread_join(threads[1], NULL));
	OK(kill(getpid(), SIGUSR1));
	EQ(handled_by[0], 1);
	THREAD_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
	EQ(handled_by[0], 2);
}

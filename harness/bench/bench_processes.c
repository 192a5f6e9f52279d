/* Processes: making them, executing programs, switching and signalling between them. */
#include "bench.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(pid_t pid)
{
	int status;

	BENCH_OK(waitpid(pid, &status, 0));
	if (status != 0)
		bench_fail("a child");
}

static double run_pipe_ping_pong(uint64_t n)
{
	int there[2], back[2];
	char byte = 0;
	double start;
	pid_t pid;

	BENCH_OK(pipe(there));
	BENCH_OK(pipe(back));
	pid = BENCH_OK(fork());
	if (pid == 0) {
		BENCH_OK(close(there[1]));
		while (read(there[0], &byte, 1) == 1)
			BENCH_OK(write(back[1], &byte, 1));
		_exit(0);
	}
	start = bench_now();
	while (n--) {
		BENCH_OK(write(there[1], &byte, 1));
		BENCH_OK(read(back[0], &byte, 1));
	}
	start = bench_now() - start;
	BENCH_OK(close(there[1]));
	BENCH_OK(close(there[0]));
	BENCH_OK(close(back[0]));
	BENCH_OK(close(back[1]));
	reap(pid);
	return start;
}

static double run_fork_exit(uint64_t n)
{
	double start = bench_now();

	while (n--) {
		pid_t pid = BENCH_OK(fork());

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return bench_now() - start;
}

static double run_fork_exec(uint64_t n)
{
	double start = bench_now();

	while (n--) {
		pid_t pid = BENCH_OK(fork());

		if (pid == 0) {
			execl(bench_self, "bench", "--nothing", (char *)NULL);
			_exit(1);
		}
		reap(pid);
	}
	return bench_now() - start;
}

static volatile uint64_t delivered;

static void on_signal(int sign)
{
	(void)sign;
	delivered++;
}

static double run_signal(uint64_t n)
{
	struct sigaction action = {.sa_handler = on_signal};
	pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);
	uint64_t expected = delivered + n;
	double start;

	BENCH_OK(sigaction(SIGUSR1, &action, NULL));
	start = bench_now();
	while (n--)
		syscall(SYS_tgkill, pid, tid, SIGUSR1);
	start = bench_now() - start;
	if (delivered != expected)
		bench_fail("a signal was lost");
	return start;
}

static void wait_for(volatile int *word, int value)
{
	while (*word != value)
		syscall(SYS_futex, word, FUTEX_WAIT, !value, NULL, NULL, 0);
}

static void hand_over(volatile int *word, int value)
{
	*word = value;
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Two processes on one CPU that hand a word to each other: every operation is one switch. */
static double run_context_switch(uint64_t n)
{
	volatile int *word = BENCH_OK((volatile int *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
							   MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	cpu_set_t old, one;
	double start;
	pid_t pid;
	int cpu = 0;

	n = (n + 1) / 2;
	BENCH_OK(sched_getaffinity(0, sizeof(old), &old));
	while (!CPU_ISSET(cpu, &old))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	BENCH_OK(sched_setaffinity(0, sizeof(one), &one));
	pid = BENCH_OK(fork());
	if (pid == 0) {
		for (uint64_t i = 0; i < n; i++) {
			wait_for(word, 1);
			hand_over(word, 0);
		}
		_exit(0);
	}
	start = bench_now();
	for (uint64_t i = 0; i < n; i++) {
		hand_over(word, 1);
		wait_for(word, 0);
	}
	start = bench_now() - start;
	reap(pid);
	BENCH_OK(sched_setaffinity(0, sizeof(old), &old));
	BENCH_OK(munmap((void *)(uintptr_t)word, 4096));
	return start;
}

const struct bench bench_processes[] = {
    {"pipe_ping_pong", bench_per_operation, run_pipe_ping_pong, 0,
     "bytes there and back between two processes"},
    {"fork_exit", bench_per_operation, run_fork_exit, 0, "children that exit and are waited for"},
    {"fork_exec", bench_per_operation, run_fork_exec, 0,
     "children that execute this static program, exit and are waited for"},
    {"signal", bench_per_operation, run_signal, 0, "signals sent to oneself and handled"},
    {"context_switch", bench_per_operation, run_context_switch, 0,
     "switches between two processes on one CPU"},
    {0},
};

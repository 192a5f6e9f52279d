/*
 * A program that goes wrong on purpose, to prove that the runner notices.
 *
 *	misbehave exit N     exits with status N (exit3 is short for exit 3)
 *	misbehave hang       sleeps for ever
 *	misbehave spin       computes for ever
 *	misbehave segv       touches address 0
 *	misbehave abort      kills itself with SIGABRT
 *	misbehave stopped    stops itself
 *	misbehave garbage    prints bytes that are no text, and no newline
 *	misbehave flood      prints without end
 *	misbehave forkbomb   as a user who may have 40 processes, forks until it may not, and says
 *	                     how that ended; every process is gone when it exits
 *	misbehave memory     touches memory without end
 *	misbehave orphan     exits at once, leaving a child that sleeps for ever
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int misbehave_hang(void)
{
	for (;;)
		pause();
	return 1;
}

static int misbehave_spin(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
	return 1;
}

static int misbehave_segv(void)
{
	*(volatile int *)0 = 1;
	return 1;
}

static int misbehave_abort(void)
{
	abort();
}

static int misbehave_stopped(void)
{
	raise(SIGSTOP);
	return 0;
}

static int misbehave_garbage(void)
{
	static const char bytes[] = "\xff\xfe\0\x1b[7mEND misbehave status=0\r\xc3";

	return write(1, bytes, sizeof(bytes)) < 0;
}

static int misbehave_flood(void)
{
	static const char line[] = "and on it goes, and on it goes, and on it goes\n";

	while (write(1, line, sizeof(line) - 1) > 0)
		;
	return 1;
}

static int misbehave_forkbomb(void)
{
	struct rlimit limit = {40, 40};
	int children = 0, status;
	pid_t pid;

	if (setrlimit(RLIMIT_NPROC, &limit) != 0 || setgid(4321) != 0 || setuid(4321) != 0)
		return 1;
	while ((pid = fork()) > 0)
		if (++children > 1000)
			break;
	if (pid == 0)
		return misbehave_hang();
	printf("fork stopped: %s, %s\n", pid < 0 ? strerror(errno) : "not at all",
	       children < 40 ? "in time" : "too late");
	signal(SIGTERM, SIG_IGN);
	kill(-1, SIGTERM);
	while (wait(&status) > 0)
		;
	return pid < 0 && children < 40 ? 0 : 1;
}

static int misbehave_memory(void)
{
	for (;;) {
		char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (map == MAP_FAILED)
			return 1;
		memset(map, 1, 1 << 20);
	}
}

static int misbehave_orphan(void)
{
	if (fork() == 0)
		misbehave_hang();
	return 0;
}

static int misbehave_exit3(void)
{
	return 3;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {
	    {"exit3", misbehave_exit3},       {"hang", misbehave_hang},
	    {"spin", misbehave_spin},         {"segv", misbehave_segv},
	    {"abort", misbehave_abort},       {"stopped", misbehave_stopped},
	    {"garbage", misbehave_garbage},   {"flood", misbehave_flood},
	    {"forkbomb", misbehave_forkbomb}, {"memory", misbehave_memory},
	    {"orphan", misbehave_orphan},
	};

	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].run();
	fprintf(stderr, "usage: misbehave exit N");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " | %s", ways[i].name);
	fprintf(stderr, "\n");
	return 2;
}

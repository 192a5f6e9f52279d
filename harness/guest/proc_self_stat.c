#include "contract.h"

CONTRACT(proc_self_stat, "/proc/PID/stat has its 52 fields: ids, times, sizes")
{
	char *at = strrchr(strdup(get("/proc/self/stat")), ')');
	long fields[60];
	int count = 3, stopped;
	char path[64];
	pid_t pid;

	CHECK(at);
	say("state %c", at[2]);
	for (at += 4; *at >= '-' && *at <= '9'; at++)
		fields[++count] = strtol(at, &at, 10);
	say("%d fields", count);
	EQ(fields[4], getppid());
	EQ(fields[5], getpgrp());
	EQ(fields[6], getsid(0));
	EQ(fields[7], 0);
	EQ(fields[8], -1);
	EQ(fields[19], 0);
	EQ(fields[20], 1);
	CHECK(fields[22] > 0 && fields[23] > PAGE && fields[24] > 0);
	pid = OK(fork());
	if (pid == 0)
		for (;;)
			pause();
	OK(kill(pid, SIGSTOP));
	EQ(waitpid(pid, &stopped, WUNTRACED), pid);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	at = strrchr(strdup(get(path)), ')');
	say("stopped child: %c", at[2]);
	OK(kill(pid, SIGKILL));
	reap_signal(pid, SIGKILL);
}

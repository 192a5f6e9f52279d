#include "contract.h"

CONTRACT(proc_directory, "/proc lists live processes, and a process's entry goes with it")
{
	char path[64];
	struct dirent *entry;
	int self = 0, child = 0;
	pid_t pid = OK(fork());
	DIR *dir;

	if (pid == 0)
		for (;;)
			pause();
	dir = opendir("/proc");
	CHECK(dir);
	while ((entry = readdir(dir))) {
		self += atoi(entry->d_name) == getpid();
		child += atoi(entry->d_name) == pid;
	}
	closedir(dir);
	say("self %d child %d", self, child);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	OK(chdir(path));
	CHECK(exists("stat"));
	OK(kill(pid, SIGKILL));
	reap_signal(pid, SIGKILL);
	CHECK(!exists(path));
	EQ(open("stat", O_RDONLY), -1);
	CHECK(errno == ENOENT || errno == ESRCH);
	FAILS(mkdir("/proc/directory", 0755), ENOENT);
	say("gone");
}

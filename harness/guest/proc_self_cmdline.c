#include "contract.h"

/* Prints its own command line and environment as /proc tells them. */
HELPER(show_cmdline)
{
	char text[4096];
	int fd = OK(open("/proc/self/cmdline", O_RDONLY));
	ssize_t got = OK(read(fd, text, sizeof(text) - 1));

	text[got] = 0;
	for (ssize_t at = 0; at < got; at += (ssize_t)strlen(text + at) + 1)
		say("argument \"%s\"", text + at);
	fd = OK(open("/proc/self/environ", O_RDONLY));
	got = OK(read(fd, text, sizeof(text) - 1));
	text[got] = 0;
	for (ssize_t at = 0; at < got; at += (ssize_t)strlen(text + at) + 1)
		say("environment \"%s\"", text + at);
	say("comm %s", get("/proc/self/comm"));
	return 0;
}

CONTRACT(proc_self_cmdline, "/proc/self/cmdline and environ show what exec was given")
{
	char *arguments[] = {"zeroth", "--helper=show_cmdline", "", "two words", NULL};
	char *environment[] = {"A=1", "B=", NULL};
	pid_t pid;

	link_self("the-program");
	pid = OK(fork());
	if (pid == 0) {
		execve("the-program", arguments, environment);
		_exit(9);
	}
	reap_exit(pid, 0);
}

#include "contract.h"

CONTRACT(proc_exec_large, "arguments fill up to a quarter of the stack limit, then E2BIG")
{
	enum { each = 100000 };
	static char text[each + 1], huge[PAGE * 33];
	char *arguments[40] = {"contracts", "--helper=exit", "6"};
	struct rlimit limit;
	pid_t pid;

	OK(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = 8 << 20;
	OK(setrlimit(RLIMIT_STACK, &limit));
	link_self("self");
	memset(text, 'a', each);
	for (int i = 3; i < 18; i++)
		arguments[i] = text;
	pid = OK(fork());
	if (pid == 0) {
		execv("self", arguments);
		_exit(9);
	}
	reap_exit(pid, 6);
	for (int i = 18; i < 39; i++)
		arguments[i] = text;
	FAILS(execv("self", arguments), E2BIG);
	memset(huge, 'h', sizeof(huge) - 1);
	arguments[3] = huge;
	arguments[4] = NULL;
	FAILS(execv("self", arguments), E2BIG);
	huge[PAGE * 32 - 1] = 0;
	pid = OK(fork());
	if (pid == 0) {
		execv("self", arguments);
		_exit(9);
	}
	reap_exit(pid, 6);
	say("1.5 MB fit, 3.6 MB do not");
}

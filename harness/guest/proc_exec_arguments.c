#include "contract.h"

CONTRACT(proc_exec_arguments, "exec passes arguments and environment exactly")
{
	char *arguments[] = {
	    "any name", "--helper=arguments", "", "two words", "\xff\xc3\xa9\n", "-x", NULL};
	char *environment[] = {"A=1", "EMPTY=", "noequals", "B=two words", NULL};
	char *none[] = {NULL};
	pid_t pid;

	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		execve("self", arguments, environment);
		_exit(9);
	}
	reap_exit(pid, 0);
	arguments[2] = NULL;
	pid = OK(fork());
	if (pid == 0) {
		execve("self", arguments, none);
		_exit(9);
	}
	reap_exit(pid, 0);
}

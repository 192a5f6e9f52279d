#include "contract.h"

CONTRACT(proc_zombie,
	 "a dead child stays a zombie until it is waited for; SIG_IGN buries it at once")
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	char path[64];
	siginfo_t info;
	pid_t pid = OK(fork());
	const char *state;

	if (pid == 0)
		_exit(1);
	OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	state = proc_field(path, "State:\t");
	CHECK(state);
	say("state %c", state[0]);
	OK(kill(pid, 0));
	OK(kill(pid, SIGKILL));
	reap_exit(pid, 1);
	FAILS(kill(pid, 0), ESRCH);
	CHECK(!exists(path));
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++)
		if (OK(fork()) == 0)
			_exit(i);
	FAILS(wait(NULL), ECHILD);
	OK(sigaction(SIGCHLD, &action, NULL));
	if (OK(fork()) == 0)
		_exit(0);
	FAILS(wait(NULL), ECHILD);
	say("buried");
}

#include "contract.h"

static volatile int code_seen, status_seen, count;
static volatile pid_t pid_seen;

static void on_child(int sign, siginfo_t *info, void *context)
{
	(void)context;
	EQ(sign, SIGCHLD);
	code_seen = info->si_code;
	status_seen = info->si_status;
	pid_seen = info->si_pid;
	count++;
}

static void expect(pid_t pid, const char *what)
{
	sigset_t none;

	sigemptyset(&none);
	while (count == 0)
		sigsuspend(&none);
	count = 0;
	EQ(pid_seen, pid);
	say("%s: code %d status %d", what, code_seen, status_seen);
}

CONTRACT(sig_child_info, "SIGCHLD says how a child changed: exited, killed, stopped, continued")
{
	sigset_t block;
	pid_t pid;

	handle_info(SIGCHLD, on_child, 0);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	pid = OK(fork());
	if (pid == 0)
		_exit(42);
	expect(pid, "exit");
	reap_exit(pid, 42);
	pid = OK(fork());
	if (pid == 0)
		for (;;)
			pause();
	OK(kill(pid, SIGSTOP));
	expect(pid, "stop");
	OK(kill(pid, SIGCONT));
	expect(pid, "continue");
	OK(kill(pid, SIGTERM));
	expect(pid, "kill");
	reap_signal(pid, SIGTERM);
}

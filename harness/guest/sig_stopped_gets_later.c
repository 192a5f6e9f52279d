#include "contract.h"

static volatile sig_atomic_t count;

static void on_signal(int sign)
{
	(void)sign;
	count++;
}

CONTRACT(sig_stopped_gets_later, "a stopped process handles nothing until it is continued")
{
	struct bell ready, asked;
	int status, answers[2], value;
	sigset_t none;
	pid_t pid;

	bell_make(&ready);
	bell_make(&asked);
	OK(pipe(answers));
	pid = OK(fork());
	if (pid == 0) {
		handle(SIGUSR1, on_signal, 0);
		bell_ring(&ready);
		sigemptyset(&none);
		while (!count)
			usleep(1000);
		value = count;
		write_all(answers[1], &value, sizeof(value));
		_exit(0);
	}
	bell_await(&ready);
	OK(kill(pid, SIGSTOP));
	EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	for (int i = 0; i < 10; i++)
		OK(kill(pid, SIGUSR1));
	OK(fcntl(answers[0], F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 5; i++) {
		usleep(2000);
		FAILS(read(answers[0], &value, sizeof(value)), EAGAIN);
	}
	OK(fcntl(answers[0], F_SETFL, 0));
	OK(kill(pid, SIGCONT));
	read_all(answers[0], &value, sizeof(value));
	say("handled %d", value);
	reap_exit(pid, 0);
}

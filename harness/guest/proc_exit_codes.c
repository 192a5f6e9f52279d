#include "contract.h"

CONTRACT(proc_exit_codes, "exit codes keep eight bits, signals their number")
{
	static const int codes[] = {0, 1, 42, 127, 128, 255, 256, 257, -1};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		int status;
		pid_t pid = OK(fork());

		if (pid == 0)
			syscall(i % 2 ? SYS_exit : SYS_exit_group, codes[i]);
		status = reap(pid);
		say("exit %d: status %#x", codes[i], status);
	}
}

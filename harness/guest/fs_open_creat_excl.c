#include "contract.h"

CONTRACT(fs_open_creat_excl, "O_EXCL lets exactly one of many creators win")
{
	enum { contenders = 8, rounds = 20 };
	struct bell go;
	pid_t pid[contenders];

	for (int round = 0; round < rounds; round++) {
		char path[32];
		int winners = 0;

		snprintf(path, sizeof(path), "file-%d", round);
		bell_make(&go);
		for (int i = 0; i < contenders; i++) {
			pid[i] = OK(fork());
			if (pid[i] == 0) {
				bell_await(&go);
				if (open(path, O_CREAT | O_EXCL | O_WRONLY, 0644) >= 0)
					_exit(10);
				_exit(errno == EEXIST ? 11 : 12);
			}
		}
		for (int i = 0; i < contenders; i++)
			bell_ring(&go);
		for (int i = 0; i < contenders; i++) {
			int status = reap(pid[i]);

			CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 12);
			winners += WEXITSTATUS(status) == 10;
		}
		EQ(winners, 1);
		OK(close(go.fd[0]));
		OK(close(go.fd[1]));
	}
	say("one winner in each of %d rounds", rounds);
}

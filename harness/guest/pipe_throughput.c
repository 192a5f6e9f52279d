#include "contract.h"

CONTRACT(pipe_throughput, "eight megabytes through a pipe in odd pieces arrive unchanged")
{
	enum { total = 8 << 20 };
	static char block[40000];
	uint64_t at = 0;
	int pipes[2];
	pid_t pid;

	OK(pipe(pipes));
	pid = OK(fork());
	if (pid == 0) {
		size_t size = 1;

		OK(close(pipes[0]));
		while (at < total) {
			if (size > total - at)
				size = total - at;
			pattern_fill(block, size, at, 77);
			write_all(pipes[1], block, size);
			at += size;
			size = (size * 5 + 3) % sizeof(block) + 1;
		}
		_exit(0);
	}
	OK(close(pipes[1]));
	for (size_t size = 7; at < total;) {
		ssize_t got = OK(read(pipes[0], block, size));

		CHECK(got > 0);
		CHECK(pattern_matches(block, (size_t)got, at, 77));
		at += (size_t)got;
		size = (size * 3 + 11) % sizeof(block) + 1;
	}
	EQ(read(pipes[0], block, 1), 0);
	reap_exit(pid, 0);
	say("%d bytes", total);
}

#include "contract.h"

CONTRACT(pipe_chain, "a pipeline of eight processes passes everything along")
{
	enum { stages = 8, total = 300000 };
	static char block[8192];
	int first[2], in, pipes[2];
	pid_t pid[stages], writer;
	uint64_t at = 0;
	ssize_t got;

	OK(pipe2(first, O_CLOEXEC));
	in = first[0];
	link_self("self");
	for (int i = 0; i < stages; i++) {
		OK(pipe2(pipes, O_CLOEXEC));
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			OK(dup2(in, 0));
			OK(dup2(pipes[1], 1));
			execl("self", "contracts", "--helper=copy", NULL);
			_exit(9);
		}
		OK(close(in));
		OK(close(pipes[1]));
		in = pipes[0];
	}
	writer = OK(fork());
	if (writer == 0) {
		for (; at < total; at += 5000) {
			pattern_fill(block, 5000, at, 3);
			write_all(first[1], block, 5000);
		}
		_exit(0);
	}
	OK(close(first[1]));
	while ((got = OK(read(in, block, sizeof(block)))) > 0) {
		CHECK(pattern_matches(block, (size_t)got, at, 3));
		at += (size_t)got;
	}
	EQ(at, total);
	reap_exit(writer, 0);
	for (int i = 0; i < stages; i++)
		reap_exit(pid[i], 0);
	say("%d bytes through %d processes", total, stages);
}

#include "contract.h"

CONTRACT(pipe_atomic, "writes of up to PIPE_BUF bytes are never mixed")
{
	enum { writers = 4, records = 40, size = PIPE_BUF - 96 };
	static char record[size];
	int pipes[2], seen[writers] = {0};
	pid_t pid[writers];

	OK(pipe(pipes));
	for (int w = 0; w < writers; w++) {
		pid[w] = OK(fork());
		if (pid[w] == 0) {
			memset(record, 'a' + w, size);
			for (int i = 0; i < records; i++)
				EQ(write(pipes[1], record, size), size);
			_exit(0);
		}
	}
	OK(close(pipes[1]));
	for (int i = 0; i < writers * records; i++) {
		read_all(pipes[0], record, size);
		for (int at = 1; at < size; at++)
			EQ(record[at], record[0]);
		CHECK(record[0] >= 'a' && record[0] < 'a' + writers);
		seen[record[0] - 'a']++;
	}
	EQ(read(pipes[0], record, 1), 0);
	for (int w = 0; w < writers; w++) {
		reap_exit(pid[w], 0);
		EQ(seen[w], records);
	}
	say("%d records whole", writers * records);
}

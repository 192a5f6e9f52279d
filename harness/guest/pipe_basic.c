#include "contract.h"

CONTRACT(pipe_basic, "a pipe carries bytes in order, and ends when the writers are gone")
{
	char buffer[64] = "";
	int pipes[2], copy;
	struct stat st;

	OK(pipe(pipes));
	EQ(write(pipes[1], "one", 3), 3);
	EQ(write(pipes[1], "two", 3), 3);
	EQ(read(pipes[0], buffer, 2), 2);
	SAME(buffer, "on");
	EQ(read(pipes[0], buffer, sizeof(buffer)), 4);
	CHECK(memcmp(buffer, "etwo", 4) == 0);
	OK(fstat(pipes[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
	EQ(st.st_size, 0);
	FAILS(write(pipes[0], "x", 1), EBADF);
	FAILS(read(pipes[1], buffer, 1), EBADF);
	EQ(read(pipes[0], buffer, 0), 0);
	EQ(write(pipes[1], buffer, 0), 0);
	copy = OK(dup(pipes[1]));
	OK(close(pipes[1]));
	write_all(copy, "last", 4);
	OK(close(copy));
	EQ(read(pipes[0], buffer, sizeof(buffer)), 4);
	EQ(read(pipes[0], buffer, sizeof(buffer)), 0);
	EQ(read(pipes[0], buffer, sizeof(buffer)), 0);
	say("carried");
}

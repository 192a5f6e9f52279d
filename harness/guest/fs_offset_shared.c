#include "contract.h"

CONTRACT(fs_offset_shared, "dup and fork share the offset, another open does not")
{
	char byte;
	int fd, copy, other;
	pid_t pid;

	put("file", "abcdefgh");
	fd = OK(open("file", O_RDONLY));
	copy = OK(dup(fd));
	other = OK(open("file", O_RDONLY));
	EQ(read(fd, &byte, 1), 1);
	EQ(read(copy, &byte, 1), 1);
	EQ(byte, 'b');
	pid = OK(fork());
	if (pid == 0) {
		EQ(read(fd, &byte, 1), 1);
		EQ(byte, 'c');
		OK(lseek(copy, 5, SEEK_SET));
		_exit(0);
	}
	reap_exit(pid, 0);
	EQ(read(fd, &byte, 1), 1);
	EQ(byte, 'f');
	EQ(read(other, &byte, 1), 1);
	EQ(byte, 'a');
	say("shared");
}

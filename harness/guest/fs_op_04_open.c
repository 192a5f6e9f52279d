#include "contract.h"

CONTRACT(fs_op_04_open, "open gives the lowest descriptor and the access that was asked for")
{
	int first, second;
	char byte;

	put("file", "content");
	first = OK(open("file", O_RDONLY));
	second = OK(open("file", O_WRONLY));
	say("descriptors %d and %d", first, second);
	EQ(read(first, &byte, 1), 1);
	EQ(byte, 'c');
	FAILS(write(first, "x", 1), EBADF);
	FAILS(read(second, &byte, 1), EBADF);
	EQ(write(second, "C", 1), 1);
	OK(close(first));
	EQ(OK(open("file", O_RDWR)), first);
	EQ(read(first, &byte, 1), 1);
	EQ(byte, 'C');
	FAILS(open("missing", O_RDONLY), ENOENT);
	FAILS(open("file/below", O_RDONLY), ENOTDIR);
	FAILS(open(".", O_WRONLY), EISDIR);
}

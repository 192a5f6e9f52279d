#include "contract.h"

CONTRACT(fs_splice, "splice moves bytes between files and pipes")
{
	static char block[30000], back[30000];
	loff_t offset = 100;
	int pipes[2], other[2], in, out;
	size_t moved = 0;

	pattern_fill(block, sizeof(block), 0, 6);
	in = OK(open("in", O_RDWR | O_CREAT, 0644));
	write_all(in, block, sizeof(block));
	out = OK(open("out", O_RDWR | O_CREAT, 0644));
	OK(pipe(pipes));
	OK(pipe(other));
	EQ(splice(in, &offset, pipes[1], NULL, 20000, 0), 20000);
	EQ(offset, 20100);
	while (moved < 15000) {
		ssize_t got = OK(splice(pipes[0], NULL, out, NULL, 15000 - moved, 0));

		CHECK(got > 0);
		moved += (size_t)got;
	}
	EQ(pread(out, back, sizeof(back), 0), 15000);
	CHECK(memcmp(back, block + 100, 15000) == 0);
	EQ(splice(pipes[0], NULL, other[1], NULL, 3000, 0), 3000);
	read_all(other[0], back, 3000);
	CHECK(memcmp(back, block + 15100, 3000) == 0);
	read_all(pipes[0], back, 2000);
	CHECK(memcmp(back, block + 18100, 2000) == 0);
	FAILS(splice(in, NULL, out, NULL, 10, 0), EINVAL);
	FAILS(splice(pipes[0], &offset, out, NULL, 10, 0), ESPIPE);
	FAILS(splice(99, NULL, out, NULL, 10, 0), EBADF);
	FAILS(splice(pipes[0], NULL, other[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	OK(close(pipes[1]));
	EQ(splice(pipes[0], NULL, out, NULL, 10, 0), 0);
	say("spliced");
}

#include "contract.h"

CONTRACT(fs_large_file, "four megabytes written in odd pieces come back unchanged")
{
	enum { total = 4 << 20 };
	static char block[100003], back[65536];
	struct stat st;
	size_t at = 0;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	for (size_t size = 1; at < total; size = (size * 3 + 1) % sizeof(block)) {
		if (size > total - at)
			size = total - at;
		pattern_fill(block, size, at, 9);
		write_all(fd, block, size);
		at += size;
	}
	OK(fsync(fd));
	OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	OK(fstat(fd, &st));
	EQ(st.st_size, total);
	CHECK(st.st_blocks * 512 >= total);
	OK(lseek(fd, 0, SEEK_SET));
	for (at = 0; at < total; at += sizeof(back)) {
		read_all(fd, back, sizeof(back));
		CHECK(pattern_matches(back, sizeof(back), at, 9));
	}
	EQ(read(fd, back, 1), 0);
	say("%d bytes", total);
}

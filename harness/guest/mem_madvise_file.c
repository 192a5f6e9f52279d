#include "contract.h"

CONTRACT(mem_madvise_file,
	 "MADV_DONTNEED on files: shared pages come back, private changes are lost")
{
	char *shared, *private;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, PAGE));
	EQ(pwrite(fd, "from the file", 13, 0), 13);
	shared = OK((char *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	private = OK((char *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	memcpy(shared + 100, "stored", 7);
	memcpy(private + 200, "private", 8);
	OK(madvise(shared, PAGE, MADV_DONTNEED));
	OK(madvise(private, PAGE, MADV_DONTNEED));
	SAME(shared, "from the file");
	SAME(shared + 100, "stored");
	SAME(private + 100, "stored");
	SAME(private + 200, "");
	say("came back");
}

#include "contract.h"

CONTRACT(mem_mmap_errors, "mmap checks length, flags, descriptor, access and offset")
{
	int reader, writer, pipes[2];

	put("file", "content");
	reader = OK(open("file", O_RDONLY));
	writer = OK(open("file", O_WRONLY));
	OK(pipe(pipes));
	FAILS((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
	FAILS((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
	OK((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0));
	FAILS(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, reader, 100), EINVAL);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, OK(open(".", O_RDONLY)), 0), ENODEV);
	FAILS(syscall(SYS_mmap, 0, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	      ENOMEM);
	FAILS(syscall(SYS_mmap, 0, ~0UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(syscall(SYS_mmap, 1UL << 47, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		      -1, 0),
	      ENOMEM);
	FAILS(syscall(SYS_mmap, 0, 2 * PAGE, PROT_READ, MAP_PRIVATE, reader, -PAGE), EOVERFLOW);
	say("checked");
}

#include "contract.h"

#include <linux/futex.h>

CONTRACT(futex_shared_file,
	 "a futex in a file works between processes that mapped it at different places")
{
	volatile int *word;
	pid_t pid;
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, PAGE));
	word = OK((int *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	pid = OK(fork());
	if (pid == 0) {
		volatile int *other = OK((int *)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
						     OK(open("file", O_RDWR)), 0));

		CHECK(other != word);
		while (other[4] < 100) {
			int seen = other[4];

			if (seen % 2 == 0) {
				syscall(SYS_futex, &other[4], FUTEX_WAIT, seen, NULL, NULL, 0);
				continue;
			}
			other[4] = seen + 1;
			OK(syscall(SYS_futex, &other[4], FUTEX_WAKE, 1, NULL, NULL, 0));
		}
		_exit(0);
	}
	while (word[4] < 100) {
		int seen = word[4];

		if (seen % 2 == 1) {
			syscall(SYS_futex, &word[4], FUTEX_WAIT, seen, NULL, NULL, 0);
			continue;
		}
		word[4] = seen + 1;
		OK(syscall(SYS_futex, &word[4], FUTEX_WAKE, 1, NULL, NULL, 0));
	}
	OK(syscall(SYS_futex, &word[4], FUTEX_WAKE, 1, NULL, NULL, 0));
	reap_exit(pid, 0);
	EQ(pread(fd, (void *)(uintptr_t)&word[8], 4, 16), 4);
	say("counted to %d", word[8] >= 100 ? 100 : word[8]);
}

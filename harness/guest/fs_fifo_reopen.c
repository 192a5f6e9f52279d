#include "contract.h"

CONTRACT(fs_fifo_reopen, "a fifo serves one pair after the other and keeps nothing")
{
	enum { rounds = 30 };
	pid_t pid;

	OK(mkfifo("fifo", 0600));
	OK(mkfifo("answers", 0600));
	pid = OK(fork());
	if (pid == 0) {
		for (int i = 0; i < rounds; i++) {
			int fd = OK(open("fifo", O_WRONLY)), answer;

			write_all(fd, &i, sizeof(i));
			OK(close(fd));
			fd = OK(open("answers", O_RDONLY));
			read_all(fd, &answer, sizeof(answer));
			EQ(answer, i * 2);
			OK(close(fd));
		}
		_exit(0);
	}
	for (int i = 0; i < rounds; i++) {
		int fd = OK(open("fifo", O_RDONLY)), number;

		read_all(fd, &number, sizeof(number));
		EQ(read(fd, &number, 1), 0);
		OK(close(fd));
		number *= 2;
		fd = OK(open("answers", O_WRONLY));
		write_all(fd, &number, sizeof(number));
		OK(close(fd));
	}
	reap_exit(pid, 0);
	say("%d rounds", rounds);
}

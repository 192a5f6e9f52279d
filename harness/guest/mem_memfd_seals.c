#include "contract.h"

#ifndef MFD_ALLOW_SEALING
#define MFD_CLOEXEC       1
#define MFD_ALLOW_SEALING 2
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

static int memfd(unsigned flags)
{
	int fd = (int)OK(syscall(SYS_memfd_create, "sealed", flags));

	write_all(fd, "0123456789", 10);
	return fd;
}

static void *map(int fd, int prot, int flags)
{
	return mmap(NULL, PAGE, prot, flags, fd, 0);
}

static void sizes(void)
{
	int fd = memfd(MFD_ALLOW_SEALING);

	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	FAILS(ftruncate(fd, 9), EPERM);
	OK(ftruncate(fd, 20));
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	FAILS(ftruncate(fd, 21), EPERM);
	OK(ftruncate(fd, 20));
	EQ(pwrite(fd, "x", 1, 19), 1);
	FAILS(pwrite(fd, "x", 1, 20), EPERM);
	FAILS(fallocate(fd, 0, 0, 30), EPERM);
	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
	OK(close(fd));
}

static void writes(void)
{
	int fd = memfd(MFD_ALLOW_SEALING);
	char byte, *shared = OK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED)), *private;

	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	OK(mprotect(shared, PAGE, PROT_READ));
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	OK(munmap(shared, PAGE));
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), EPERM);
	FAILS((long)map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM);
	private = OK(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	private[0] = 'p';
	EQ(pread(fd, &byte, 1, 0), 1);
	EQ(byte, '0');
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SEAL);
	OK(close(fd));
}

static void future_writes(void)
{
	int fd = memfd(MFD_ALLOW_SEALING);
	char *shared = OK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED)), *reader;

	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	shared[0] = 's';
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	FAILS((long)map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM);
	reader = OK(map(fd, PROT_READ, MAP_SHARED));
	EQ(reader[0], 's');
	FAILS(mprotect(reader, PAGE, PROT_READ | PROT_WRITE), EACCES);
	OK(munmap(shared, PAGE));
	OK(close(fd));
}

CONTRACT(mem_memfd_seals, "a sealed memfd can't be changed in the ways that its seals forbid")
{
	char name[32];
	int fd = memfd(0), reader, pipe_fd[2];

	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	OK(close(fd));
	sizes();
	writes();
	future_writes();
	fd = memfd(MFD_ALLOW_SEALING);
	FAILS(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	reader = OK(open(name, O_RDONLY));
	FAILS(fcntl(reader, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	OK(pipe(pipe_fd));
	FAILS(fcntl(pipe_fd[1], F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
	FAILS(fcntl(pipe_fd[1], F_GET_SEALS), EINVAL);
	/* A child's mapping counts too. */
	OK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
	reap_exit(({
			  pid_t pid = OK(fork());
			  if (pid == 0)
				  _exit(0);
			  pid;
		  }),
		  0);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	say("sealed");
}

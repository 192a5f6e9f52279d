#include "contract.h"

CONTRACT(err_bad_pointers, "a bad pointer is EFAULT wherever one is passed")
{
	static char path[] = "file", page[PAGE];
	char *wild = pages(1);
	int fd, pipes[2];

	OK(munmap(wild, PAGE));
	put(path, "content");
	OK(mkdir("d", 0755));
	fd = OK(open(path, O_RDWR));
	OK(pipe(pipes));
	write_all(pipes[1], "data", 4);
	FAILS(syscall(SYS_open, wild, O_RDONLY), EFAULT);
	FAILS(syscall(SYS_openat, AT_FDCWD, wild, O_RDONLY), EFAULT);
	FAILS(syscall(SYS_stat, wild, page), EFAULT);
	FAILS(syscall(SYS_stat, path, wild), EFAULT);
	FAILS(syscall(SYS_lstat, path, wild), EFAULT);
	FAILS(syscall(SYS_fstat, fd, wild), EFAULT);
	FAILS(syscall(SYS_newfstatat, AT_FDCWD, path, wild, 0), EFAULT);
	FAILS(syscall(SYS_read, fd, wild, 5), EFAULT);
	FAILS(syscall(SYS_write, fd, wild, 5), EFAULT);
	FAILS(syscall(SYS_read, pipes[0], wild, 5), EFAULT);
	FAILS(syscall(SYS_write, pipes[1], wild, 5), EFAULT);
	FAILS(syscall(SYS_pread64, fd, wild, 5, 0), EFAULT);
	FAILS(syscall(SYS_pwrite64, fd, wild, 5, 0), EFAULT);
	FAILS(syscall(SYS_readv, fd, wild, 1), EFAULT);
	FAILS(syscall(SYS_writev, fd, wild, 1), EFAULT);
	FAILS(syscall(SYS_getdents64, OK(open("d", O_RDONLY)), wild, 1000), EFAULT);
	FAILS(syscall(SYS_mkdir, wild, 0755), EFAULT);
	FAILS(syscall(SYS_rmdir, wild), EFAULT);
	FAILS(syscall(SYS_unlink, wild), EFAULT);
	FAILS(syscall(SYS_rename, path, wild), EFAULT);
	FAILS(syscall(SYS_rename, wild, path), EFAULT);
	FAILS(syscall(SYS_link, path, wild), EFAULT);
	FAILS(syscall(SYS_symlink, path, wild), EFAULT);
	FAILS(syscall(SYS_symlink, wild, path), EFAULT);
	OK(symlink("x", "link"));
	FAILS(syscall(SYS_readlink, "link", wild, 100), EFAULT);
	FAILS(syscall(SYS_chdir, wild), EFAULT);
	FAILS(syscall(SYS_getcwd, wild, 1000), EFAULT);
	FAILS(syscall(SYS_chmod, wild, 0644), EFAULT);
	FAILS(syscall(SYS_chown, wild, 0, 0), EFAULT);
	FAILS(syscall(SYS_truncate, wild, 0), EFAULT);
	FAILS(syscall(SYS_access, wild, 0), EFAULT);
	FAILS(syscall(SYS_mknod, wild, S_IFREG | 0644, 0), EFAULT);
	FAILS(syscall(SYS_statfs, path, wild), EFAULT);
	FAILS(syscall(SYS_utimensat, AT_FDCWD, path, wild, 0), EFAULT);
	FAILS(syscall(SYS_fcntl, fd, F_GETLK, wild), EFAULT);
	FAILS(syscall(SYS_fcntl, fd, F_SETLK, wild), EFAULT);
	FAILS(syscall(SYS_pipe2, wild, 0), EFAULT);
	FAILS(syscall(SYS_poll, wild, 1, 0), EFAULT);
	FAILS(syscall(SYS_select, 10, wild, NULL, NULL, NULL), EFAULT);
	FAILS(syscall(SYS_sendfile, pipes[1], fd, wild, 5), EFAULT);
	FAILS(syscall(SYS_mount, wild, wild, wild, 0, NULL), EFAULT);
	say("faults");
}

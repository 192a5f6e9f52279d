#include "contract.h"

CONTRACT(fs_fsync, "the sync family accepts files and directories and refuses pipes")
{
	int pipes[2], dir, fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	write_all(fd, "content", 7);
	OK(fsync(fd));
	OK(fdatasync(fd));
	EQ(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
	EQ(sync_file_range(fd, 0, 7,
			   SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			       SYNC_FILE_RANGE_WAIT_AFTER),
	   0);
	FAILS(sync_file_range(fd, 0, 0, 0x80), EINVAL);
	FAILS(sync_file_range(fd, -1, 0, SYNC_FILE_RANGE_WRITE), EINVAL);
	OK(syncfs(fd));
	sync();
	dir = OK(open(".", O_RDONLY));
	OK(fsync(dir));
	OK(fdatasync(dir));
	OK(pipe(pipes));
	FAILS(fsync(pipes[0]), EINVAL);
	FAILS(fdatasync(pipes[1]), EINVAL);
	FAILS(sync_file_range(pipes[0], 0, 0, SYNC_FILE_RANGE_WRITE), ESPIPE);
	FAILS(fsync(99), EBADF);
	FAILS(syncfs(99), EBADF);
	fd = OK(open("synchronous", O_WRONLY | O_CREAT | O_SYNC, 0644));
	write_all(fd, "x", 1);
	fd = OK(open("synchronous", O_WRONLY | O_DSYNC));
	write_all(fd, "y", 1);
	SAME(get("synchronous"), "y");
	say("synced");
}

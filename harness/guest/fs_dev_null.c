#include "contract.h"

CONTRACT(fs_dev_null, "/dev/null swallows everything and yields nothing")
{
	char buffer[100];
	struct stat st;
	int fd = OK(open("/dev/null", O_RDWR));

	EQ(read(fd, buffer, sizeof(buffer)), 0);
	EQ(write(fd, buffer, sizeof(buffer)), sizeof(buffer));
	EQ(write(fd, NULL, 0), 0);
	OK(fstat(fd, &st));
	say("mode %o device %lx", st.st_mode, (unsigned long)st.st_rdev);
	OK(close(OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT | O_APPEND, 0644))));
	FAILS(ftruncate(fd, 0), EINVAL);
	FAILS(ioctl(fd, TCGETS, buffer), ENOTTY);
	EQ(isatty(fd), 0);
}

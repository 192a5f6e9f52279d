#include "contract.h"

CONTRACT(select_sets, "select counts bits in all three sets and clears the rest")
{
	struct timeval now = {0, 0};
	int full[2], empty[2];
	fd_set in, out, other;

	OK(pipe(full));
	OK(pipe(empty));
	write_all(full[1], "x", 1);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	FD_SET(full[0], &in);
	FD_SET(empty[0], &in);
	FD_SET(empty[1], &out);
	FD_SET(full[0], &other);
	EQ(select(64, &in, &out, &other, &now), 2);
	CHECK(FD_ISSET(full[0], &in) && !FD_ISSET(empty[0], &in));
	CHECK(FD_ISSET(empty[1], &out) && !FD_ISSET(full[0], &other));
	OK(close(full[1]));
	OK(close(empty[1]));
	FD_ZERO(&in);
	FD_SET(empty[0], &in);
	EQ(select(64, &in, NULL, NULL, &now), 1);
	FD_ZERO(&in);
	FD_SET(60, &in);
	FAILS(select(61, &in, NULL, NULL, &now), EBADF);
	FAILS(select(-1, NULL, NULL, NULL, &now), EINVAL);
	EQ(select(0, NULL, NULL, NULL, &now), 0);
	now.tv_sec = -1;
	FAILS(syscall(SYS_select, 0, NULL, NULL, NULL, &now), EINVAL);
	say("counted");
}

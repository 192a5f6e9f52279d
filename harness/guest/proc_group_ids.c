#include "contract.h"

CONTRACT(proc_group_ids, "group ids and supplementary groups")
{
	gid_t groups[8] = {5, 3, 100000, 7}, back[8];
	gid_t r, e, s;
	pid_t pid;

	OK(syscall(SYS_setgroups, 4, groups));
	EQ(getgroups(0, NULL), 4);
	EQ(getgroups(8, back), 4);
	for (int i = 0; i < 4; i++) {
		int found = 0;

		for (int k = 0; k < 4; k++)
			found += back[k] == groups[i];
		EQ(found, 1);
	}
	FAILS(getgroups(3, back), EINVAL);
	FAILS(syscall(SYS_setgroups, 70000, groups), EINVAL);
	FAILS(syscall(SYS_setgroups, 4, (void *)8), EFAULT);
	pid = OK(fork());
	if (pid == 0) {
		EQ(getgroups(0, NULL), 4);
		OK(syscall(SYS_setresgid, 10, 20, 30));
		OK(getresgid(&r, &e, &s));
		say("%u %u %u", r, e, s);
		OK(syscall(SYS_setresuid, 1000, 1000, 1000));
		FAILS(syscall(SYS_setgroups, 0, NULL), EPERM);
		FAILS(syscall(SYS_setgid, 5), EPERM);
		OK(syscall(SYS_setgid, 30));
		OK(getresgid(&r, &e, &s));
		say("%u %u %u", r, e, s);
		OK(syscall(SYS_setregid, -1, 10));
		OK(getresgid(&r, &e, &s));
		say("%u %u %u", r, e, s);
		_exit(0);
	}
	reap_exit(pid, 0);
	OK(syscall(SYS_setgroups, 0, NULL));
	EQ(getgroups(0, NULL), 0);
}

#include "contract.h"

CONTRACT(sys_permissions, "what only root may do is EPERM for others")
{
	struct timespec now;
	pid_t pid;

	OK(clock_gettime(CLOCK_REALTIME, &now));
	OK(mkdir("d", 0777));
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		FAILS(mount("none", "d", "tmpfs", 0, NULL), EPERM);
		FAILS(umount("/proc"), EPERM);
		FAILS(chroot("d"), EPERM);
		FAILS(clock_settime(CLOCK_REALTIME, &now), EPERM);
		FAILS(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), EPERM);
		FAILS(syscall(SYS_setdomainname, "x", 1), EPERM);
		FAILS(syscall(SYS_setuid, 0), EPERM);
		_exit(0);
	}
	reap_exit(pid, 0);
	say("refused");
}

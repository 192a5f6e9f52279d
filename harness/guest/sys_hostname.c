#include "contract.h"

CONTRACT(sys_hostname, "only root sets the host name, and its length is checked")
{
	struct utsname name, again;
	pid_t pid;

	OK(uname(&name));
	if (sethostname(name.nodename, strlen(name.nodename)) != 0 && errno == EPERM)
		skip("sethostname needs CAP_SYS_ADMIN");
	OK(uname(&again));
	SAME(again.nodename, name.nodename);
	FAILS(sethostname(name.nodename, 65), EINVAL);
	FAILS(sethostname(name.nodename, (size_t)-1), EINVAL);
	FAILS(sethostname(bad_pointer, 5), EFAULT);
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		FAILS(sethostname("x", 1), EPERM);
		_exit(0);
	}
	reap_exit(pid, 0);
	say("set");
}

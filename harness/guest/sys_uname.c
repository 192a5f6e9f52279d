#include "contract.h"

CONTRACT(sys_uname, "uname says Linux, the machine, and what /proc/sys/kernel says")
{
	struct utsname name;
	int major, minor;

	OK(uname(&name));
	say("%s %s", name.sysname, name.machine);
	EQ(sscanf(name.release, "%d.%d", &major, &minor), 2);
	CHECK(major >= 4);
	CHECK(name.version[0] == '#');
	CHECK(memchr(name.nodename, 0, sizeof(name.nodename)));
}

#include "contract.h"

#include <sys/prctl.h>

CONTRACT(proc_name, "a process's name is its program's, sixteen bytes at most, and can be set")
{
	char name[17] = "";

	OK(prctl(PR_SET_NAME, "a-name-that-is-far-too-long"));
	OK(prctl(PR_GET_NAME, name));
	say("%s", name);
	SAME(proc_field("/proc/self/status", "Name:\t"), "a-name-that-is-");
	SAME(get("/proc/self/comm"), "a-name-that-is-\n");
	OK(prctl(PR_SET_NAME, "short"));
	OK(prctl(PR_GET_NAME, name));
	say("%s", name);
	FAILS(prctl(PR_SET_NAME, 8), EFAULT);
	FAILS(prctl(0x7fff0000, 0, 0, 0, 0), EINVAL);
}

#include "contract.h"

CONTRACT(proc_self_status, "/proc/self/status tells name, state, ids, memory and signals")
{
	static const char *const fields[] = {
	    "Umask:", "Tgid:",    "Pid:",    "PPid:",   "Uid:",    "Gid:",   "VmSize:",
	    "VmRSS:", "Threads:", "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:"};
	unsigned long size, resident, mask;
	sigset_t set;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		CHECK(proc_field("/proc/self/status", fields[i]));
	EQ(atoi(proc_field("/proc/self/status", "Pid:")), getpid());
	EQ(atoi(proc_field("/proc/self/status", "PPid:")), getppid());
	EQ(atoi(proc_field("/proc/self/status", "Threads:")), 1);
	say("state %s", proc_field("/proc/self/status", "State:\t"));
	say("umask %s", proc_field("/proc/self/status", "Umask:\t"));
	OK(seteuid(1000));
	say("uid %s", proc_field("/proc/self/status", "Uid:\t"));
	OK(seteuid(0));
	size = strtoul(proc_field("/proc/self/status", "VmSize:"), NULL, 10);
	resident = strtoul(proc_field("/proc/self/status", "VmRSS:"), NULL, 10);
	CHECK(size >= resident && resident > 0);
	memset(pages(256), 1, 256 * PAGE);
	CHECK(strtoul(proc_field("/proc/self/status", "VmSize:"), NULL, 10) >= size + 1024);
	CHECK(strtoul(proc_field("/proc/self/status", "VmRSS:"), NULL, 10) >= resident + 900);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGUSR2, SIG_IGN);
	mask = strtoul(proc_field("/proc/self/status", "SigBlk:"), NULL, 16);
	say("blocked %lx", mask);
	mask = strtoul(proc_field("/proc/self/status", "SigIgn:"), NULL, 16);
	/* Not those that libc keeps to itself (32 to 34) and cannot be reset here when inherited
	 * ignored. */
	mask &= 0x7ffffffful;
	say("ignored %lx", mask);
}

#include "contract.h"

CONTRACT(sys_sysinfo, "sysinfo's numbers make sense")
{
	struct sysinfo info;
	struct timespec boot;

	OK(sysinfo(&info));
	OK(clock_gettime(CLOCK_BOOTTIME, &boot));
	CHECK(info.uptime > 0 || boot.tv_sec < 2);
	CHECK((time_t)info.uptime <= boot.tv_sec + 1 && (time_t)info.uptime + 60 >= boot.tv_sec);
	CHECK(info.mem_unit >= 1);
	CHECK(info.totalram * (uint64_t)info.mem_unit > 8 << 20);
	CHECK(info.freeram <= info.totalram);
	CHECK(info.procs >= 1);
	EQ(info.freeswap <= info.totalswap, 1);
	say("sane");
}

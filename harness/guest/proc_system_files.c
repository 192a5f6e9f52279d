#include "contract.h"

CONTRACT(proc_system_files,
	 "/proc/meminfo, stat, uptime, loadavg, version, filesystems, cpuinfo have their shape")
{
	static const char *const memory[] = {"MemTotal:", "MemFree:",   "MemAvailable:", "Buffers:",
					     "Cached:",   "SwapTotal:", "SwapFree:"};
	double up, idle, load[3];
	int running, total, last;
	long value;

	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
		const char *text = proc_field("/proc/meminfo", memory[i]);

		CHECK(text);
		EQ(sscanf(text, " %ld kB", &value), 1);
	}
	EQ(sscanf(proc_field("/proc/meminfo", "MemTotal:"), " %ld", &value), 1);
	CHECK(value > 8000);
	CHECK(proc_field("/proc/stat", "cpu "));
	CHECK(proc_field("/proc/stat", "cpu0 "));
	CHECK(proc_field("/proc/stat", "btime "));
	CHECK(proc_field("/proc/stat", "processes "));
	EQ(sscanf(get("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(up > 0);
	EQ(sscanf(get("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &load[0], &load[1], &load[2],
		  &running, &total, &last),
	   6);
	CHECK(running >= 1 && total >= running);
	CHECK(strncmp(get("/proc/version"), "Linux version ", 14) == 0);
	CHECK(proc_field("/proc/filesystems", "nodev\tproc"));
	CHECK(proc_field("/proc/filesystems", "nodev\ttmpfs"));
	CHECK(proc_field("/proc/cpuinfo", "processor\t: 0"));
	CHECK(get("/proc/cmdline")[0]);
	say("shaped");
}

#include "contract.h"

/* A value in kilobytes of the area that starts at this address. */
static long value_of(const void *start, const char *name)
{
	char line[512], want[32];
	FILE *file = fopen("/proc/self/smaps", "r");
	bool inside = false;
	long value = -1;

	CHECK(file);
	snprintf(want, sizeof(want), "%lx-", (unsigned long)start);
	while (value < 0 && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, want, strlen(want)))
			inside = true;
		else if (inside && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	}
	fclose(file);
	return value;
}

static void show(const void *start)
{
	static const char *const names[] = {"Size",          "Rss",          "Pss",
					    "Shared_Clean",  "Shared_Dirty", "Private_Clean",
					    "Private_Dirty", "Anonymous",    "Swap"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		say("%s %ld kB", names[i], value_of(start, names[i]));
}

CONTRACT(proc_smaps, "smaps counts what of a mapping is there, and with whom it is shared")
{
	/* Inaccessible neighbours keep it an area of its own. */
	char *around = OK(mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *start = around + PAGE;
	long rss, pss;
	pid_t pid;

	OK(mprotect(start, 6 * PAGE, PROT_READ | PROT_WRITE));
	OK(madvise(start, 6 * PAGE, MADV_NOHUGEPAGE));
	start[0] = start[PAGE] = start[4 * PAGE] = start[5 * PAGE] = 1;
	show(start);
	pid = OK(fork());
	if (pid == 0) {
		start[0] = 2;
		say("after a fork and a write:");
		show(start);
		_exit(0);
	}
	reap_exit(pid, 0);
	rss = atol(proc_field("/proc/self/smaps_rollup", "Rss:"));
	pss = atol(proc_field("/proc/self/smaps_rollup", "Pss:"));
	CHECK(rss >= 16 && pss <= rss && pss >= 16);
	CHECK(strstr(get("/proc/self/smaps_rollup"), "[rollup]\n"));
}

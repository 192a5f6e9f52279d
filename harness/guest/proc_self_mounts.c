#include "contract.h"

CONTRACT(proc_self_mounts, "/proc/self/mounts and /proc/mounts list mounts with six fields")
{
	char source[256], place[256], type[64], options[1024], line[2048];
	int freq, pass, procs = 0, seen = 0;
	FILE *mounts = fopen("/proc/self/mounts", "r");

	CHECK(mounts);
	while (fgets(line, sizeof(line), mounts)) {
		EQ(sscanf(line, "%255s %255s %63s %1023s %d %d", source, place, type, options,
			  &freq, &pass),
		   6);
		procs += strcmp(place, "/proc") == 0 && strcmp(type, "proc") == 0;
		CHECK(strncmp(options, "rw", 2) == 0 || strncmp(options, "ro", 2) == 0);
	}
	fclose(mounts);
	/* No word of "/": in a chroot it is not the root of a mount, and not listed. */
	say("/proc is %s", procs >= 1 ? "there" : "missing");
	OK(mkdir("a b", 0755));
	if (mount("some source", "a b", "tmpfs", MS_NOSUID | MS_NODEV, NULL) != 0 && errno == EPERM)
		skip("mount needs CAP_SYS_ADMIN");
	mounts = fopen("/proc/mounts", "r");
	CHECK(mounts);
	while (fgets(line, sizeof(line), mounts)) {
		if (strncmp(line, "some\\040source ", 15) == 0 &&
		    strstr(line, "/a\\040b tmpfs rw,nosuid,nodev"))
			seen++;
	}
	fclose(mounts);
	say("seen %d", seen);
	OK(umount("a b"));
}

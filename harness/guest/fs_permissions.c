#include "contract.h"

static void try_modes(const char *who)
{
	static const mode_t modes[] = {0400, 0200, 0040, 0020, 0004, 0002, 0077, 0707, 0666};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char path[32];
		int r, w;

		snprintf(path, sizeof(path), "f%03o", modes[i]);
		r = open(path, O_RDONLY);
		CHECK(r >= 0 || errno == EACCES);
		w = open(path, O_WRONLY);
		CHECK(w >= 0 || errno == EACCES);
		say("%s %03o: %s %s", who, modes[i], r >= 0 ? "read" : "-", w >= 0 ? "write" : "-");
	}
}

CONTRACT(fs_permissions, "owner, group and other bits decide, the first class that matches")
{
	static const mode_t modes[] = {0400, 0200, 0040, 0020, 0004, 0002, 0077, 0707, 0666};
	static const struct {
		const char *who;
		uid_t uid;
		gid_t gid, group;
	} users[] = {{"owner", 1000, 9, 9},
		     {"group", 1001, 2000, 9},
		     {"supplementary", 1001, 9, 2000},
		     {"other", 1001, 9, 9},
		     {"root", 0, 9, 9}};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char path[32];

		snprintf(path, sizeof(path), "f%03o", modes[i]);
		put(path, "");
		OK(chown(path, 1000, 2000));
		OK(chmod(path, modes[i]));
	}
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		pid_t pid = OK(fork());

		if (pid == 0) {
			OK(syscall(SYS_setgroups, 1, &users[i].group));
			OK(setresgid(users[i].gid, users[i].gid, users[i].gid));
			OK(setresuid(users[i].uid, users[i].uid, users[i].uid));
			try_modes(users[i].who);
			_exit(0);
		}
		reap_exit(pid, 0);
	}
}

#include "contract.h"

CONTRACT(fs_rename_race, "a name that is renamed over all the time never goes missing")
{
	enum { rounds = 300 };
	pid_t pid;
	int reads = 0;

	put("target", "0123456789abcdef");
	pid = OK(fork());
	if (pid == 0) {
		for (int i = 0; i < rounds; i++) {
			put("next", i % 2 ? "0123456789abcdef" : "fedcba9876543210");
			OK(rename("next", "target"));
		}
		_exit(0);
	}
	for (; reads < rounds; reads++) {
		const char *text = get("target");

		CHECK(strcmp(text, "0123456789abcdef") == 0 ||
		      strcmp(text, "fedcba9876543210") == 0);
	}
	reap_exit(pid, 0);
	say("%d whole reads", reads);
}

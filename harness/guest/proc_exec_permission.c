#include "contract.h"

static void attempt(const char *path)
{
	char name[64];
	pid_t pid = OK(fork());
	int status;

	if (pid == 0) {
		become(1000, 1000);
		snprintf(name, sizeof(name), "%s", path);
		execl(name, "contracts", "--helper=exit", "5", NULL);
		say("%s: %s", path, error_name(errno));
		_exit(77);
	}
	status = WEXITSTATUS(reap(pid));
	if (status != 77)
		say("%s: ran, %d", path, status);
}

CONTRACT(proc_exec_permission, "executing needs the x bit, even for root; reading is not needed")
{
	pid_t pid;

	copy_self("all", 0755);
	copy_self("owner", 0700);
	copy_self("unreadable", 0711);
	copy_self("none", 0666);
	OK(mkdir("closed", 0700));
	copy_self("closed/file", 0755);
	put("script", "#!./unreadable --helper=exit\n");
	OK(chmod("script", 0711));
	attempt("./all");
	attempt("./owner");
	attempt("./unreadable");
	attempt("./none");
	attempt("./closed/file");
	attempt("./script");
	pid = OK(fork());
	if (pid == 0) {
		execl("none", "contracts", "--helper=exit", "5", NULL);
		say("root, none: %s", error_name(errno));
		_exit(0);
	}
	reap_exit(pid, 0);
	pid = OK(fork());
	if (pid == 0) {
		execl("owner", "contracts", "--helper=exit", "5", NULL);
		_exit(9);
	}
	reap_exit(pid, 5);
}

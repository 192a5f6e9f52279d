#include "contract.h"

static void attempt(const char *path)
{
	char *arguments[] = {"x", NULL};

	errno = 0;
	execve(path, arguments, arguments + 1);
	say("%s: %s", strlen(path) > 50 ? "a long name" : path, error_name(errno));
}

CONTRACT(proc_exec_errors, "what cannot be executed says why")
{
	char name[300], *bad[] = {bad_pointer, NULL}, *arguments[] = {"x", NULL};
	int fd;

	memset(name, 'x', 299);
	name[299] = 0;
	OK(mkdir("d", 0755));
	put("text", "text");
	put("exec", "no format\n");
	OK(chmod("exec", 0755));
	put("short", "\x7f"
		     "ELF");
	OK(chmod("short", 0755));
	OK(symlink("loop", "loop"));
	copy_self("busy", 0755);
	fd = OK(open("busy", O_WRONLY));
	attempt("missing");
	attempt("d");
	attempt("text");
	attempt("text/x");
	attempt("exec");
	attempt("short");
	attempt("loop");
	attempt("");
	attempt(name);
	attempt("busy");
	attempt("/dev/null");
	OK(close(fd));
	FAILS(execve(bad_pointer, arguments, NULL), EFAULT);
	FAILS(execve("busy", bad_pointer, NULL), EFAULT);
	FAILS(execve("busy", bad, NULL), EFAULT);
	FAILS(execve("busy", arguments, bad_pointer), EFAULT);
	say("still here");
}

#include "contract.h"

static int run(const char *path, const char *argument)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		execl(path, "zeroth", argument, NULL);
		say("%s: %s", path, error_name(errno));
		_exit(99);
	}
	return WEXITSTATUS(reap(pid));
}

static void script(const char *path, const char *text)
{
	put(path, text);
	OK(chmod(path, 0755));
}

extern char **environ;

CONTRACT(proc_exec_script,
	 "#! scripts run their interpreter with one optional argument and the path")
{
	static char *none[] = {NULL};

	environ = none;
	link_self("self");
	script("plain", "#!self --helper=arguments\nignored\n");
	script("blanks", "#! \t self \t --helper=arguments \t \nignored\n");
	script("noend", "#!self --helper=arguments");
	script("words", "#!self --helper=arguments with more words\n");
	script("nested", "#!./plain from nested\n");
	script("missing", "#!./not-there\n");
	script("empty", "#!\n");
	script("zero", "");
	script("text", "just text\n");
	script("self-loop", "#!./self-loop\n");
	EQ(run("plain", "argument"), 0);
	EQ(run("blanks", "argument"), 0);
	EQ(run("noend", "argument"), 0);
	EQ(run("./plain", ""), 0);
	say("words: %d", run("words", "argument"));
	say("nested: %d", run("nested", "argument"));
	run("missing", "argument");
	run("empty", "argument");
	run("zero", "argument");
	run("text", "argument");
	run("self-loop", "argument");
	OK(chmod("plain", 0644));
	run("plain", "argument");
}

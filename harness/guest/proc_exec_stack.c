#include "contract.h"

#include <elf.h>
#include <sys/auxv.h>

extern char **environ;

/* Checks how the kernel laid out the arguments, the environment and the auxiliary vector. */
HELPER(check_stack)
{
	unsigned long *base = (unsigned long *)(argv - 2) - 1;
	unsigned long *auxv = (unsigned long *)environ;
	const char *end;

	EQ(base[0], argc + 2);
	EQ((uintptr_t)base % 16, 0);
	CHECK(argv[argc] == NULL);
	CHECK((char **)(argv + argc + 1) == environ);
	for (int i = -2; i < argc - 1; i++)
		CHECK(argv[i] + strlen(argv[i]) + 1 == argv[i + 1]);
	CHECK(argv[argc - 1] + strlen(argv[argc - 1]) + 1 == environ[0]);
	while (*auxv)
		auxv++;
	auxv++;
	EQ(getauxval(AT_PAGESZ), PAGE);
	EQ(getauxval(AT_UID), 0);
	EQ(getauxval(AT_EGID), 0);
	EQ(getauxval(AT_SECURE), 0);
	EQ(getauxval(AT_CLKTCK), 100);
	EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHDR) && getauxval(AT_ENTRY));
	CHECK(getauxval(AT_RANDOM) && getauxval(AT_SYSINFO_EHDR));
	CHECK(memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG) == 0);
	end = (const char *)getauxval(AT_EXECFN);
	SAME(end, "self");
	SAME((const char *)getauxval(AT_PLATFORM), "x86_64");
	CHECK((char *)auxv < argv[-2]);
	EQ(((uintptr_t)end + strlen(end) + 1 + 8) % PAGE, 0);
	say("laid out");
	return 0;
}

CONTRACT(proc_exec_stack, "exec lays out the new stack as Linux does, auxiliary vector included")
{
	char *arguments[] = {"contracts", "--helper=check_stack", "one", "two", NULL};
	char *environment[] = {"A=1", "B=2", NULL};
	pid_t pid;

	link_self("self");
	pid = OK(fork());
	if (pid == 0) {
		execve("self", arguments, environment);
		_exit(9);
	}
	reap_exit(pid, 0);
}

/* Programs that contracts execute as `contracts --helper=NAME ARG…` to see what survives exec. */
#include "contract.h"

extern char **environ;

/* Prints the arguments and the environment. */
HELPER(arguments)
{
	for (int i = 0; i < argc; i++)
		say("argument %d: %s", i, argv[i]);
	for (int i = 0; environ[i]; i++)
		say("environment %d: %s", i, environ[i]);
	return 0;
}

/* Prints all user and group ids, and whether the auxiliary vector calls this secure. */
HELPER(ids)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	OK(getresuid(&r, &e, &s));
	OK(getresgid(&rg, &eg, &sg));
	say("uid %u %u %u gid %u %u %u", r, e, s, rg, eg, sg);
	return 0;
}

/* Exits with the number given. */
HELPER(exit)
{
	return argc > 0 ? atoi(argv[0]) : 0;
}

/* Prints which descriptors below 64 are open. */
HELPER(descriptors)
{
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("descriptor %d is open", fd);
	return 0;
}

/* Prints the signals that are ignored, handled, blocked or pending. */
HELPER(signals)
{
	sigset_t blocked, pending;

	OK(sigprocmask(SIG_SETMASK, NULL, &blocked));
	OK(sigpending(&pending));
	for (int sign = 1; sign < NSIG; sign++) {
		struct sigaction action;

		if (sign >= 32 && sign < 35)
			continue;
		OK(sigaction(sign, NULL, &action));
		if (action.sa_handler == SIG_IGN)
			say("signal %d is ignored", sign);
		else if (action.sa_handler != SIG_DFL)
			say("signal %d is handled", sign);
		if (sigismember(&blocked, sign))
			say("signal %d is blocked", sign);
		if (sigismember(&pending, sign))
			say("signal %d is pending", sign);
	}
	return 0;
}

/* Copies standard input to standard output. */
HELPER(copy)
{
	char buffer[4096];
	ssize_t got;

	while ((got = read(0, buffer, sizeof(buffer))) > 0)
		write_all(1, buffer, (size_t)got);
	return got == 0 ? 0 : 1;
}

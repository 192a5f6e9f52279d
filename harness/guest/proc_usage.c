#include "contract.h"

CONTRACT(proc_usage, "times and getrusage count a process's computing and its dead children's")
{
	struct rusage self, children;
	struct tms before, after;
	pid_t pid;

	OK(times(&before));
	pid = OK(fork());
	if (pid == 0) {
		do
			OK(getrusage(RUSAGE_SELF, &self));
		while (self.ru_utime.tv_sec == 0 &&
		       self.ru_utime.tv_usec + self.ru_stime.tv_usec < 60000);
		_exit(0);
	}
	OK(getrusage(RUSAGE_CHILDREN, &children));
	EQ(children.ru_utime.tv_sec * 1000000 + children.ru_utime.tv_usec, 0);
	reap_exit(pid, 0);
	OK(getrusage(RUSAGE_CHILDREN, &children));
	CHECK((children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000 +
		  children.ru_utime.tv_usec + children.ru_stime.tv_usec >=
	      50000);
	OK(times(&after));
	CHECK(after.tms_cutime + after.tms_cstime > before.tms_cutime + before.tms_cstime);
	CHECK(after.tms_utime >= before.tms_utime);
	FAILS(syscall(SYS_getrusage, 99, &self), EINVAL);
	FAILS(syscall(SYS_getrusage, RUSAGE_SELF, (void *)8), EFAULT);
	say("counted");
}

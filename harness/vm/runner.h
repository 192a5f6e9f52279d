#ifndef VM_RUNNER_H
#define VM_RUNNER_H

/*
 * The runner: what its parts share.
 *
 * harness/vm boots guests under libvirt's embedded QEMU driver, gives them work, and judges them
 * and the images they wrote. Its parts:
 *
 *	main.c      the supervisor: options, one process per suite, counts, the closing line
 *	guest.c     one virtual machine and what becomes of it
 *	domain.c    the libvirt description of one
 *	console.c   its console: a log, a buffer, matching
 *	stray.c     guests that must not outlive the run
 *	image.c     images: made, copied, checked, damaged, by the repository's own scripts
 *	shell.c     a BusyBox shell on the console
 *	suite_*.c   the tests
 *
 * The supervisor runs each suite in a process of its own, so that two run at a time, and Check
 * runs each test of a suite in a further one.
 */

#include <check.h>
#include <stdbool.h>

struct runner {
	const char *top;   /* the repository */
	char work[4096];   /* build/vm */
	char kernel[4096]; /* the kernel under test */
	char initrd[4096]; /* and its initramfs; empty for none */
	char append[128];  /* words that this kernel always gets */
	bool linux_guest;  /* the kernel under test is Debian's: a trial of the runner itself */
	bool record;       /* write down what scenarios print instead of comparing it */
	char only[64];     /* the scenarios with this in their name alone; empty for all */
	unsigned slot; /* which of the suites that run at once this is: names its libvirt root */
};

extern struct runner runner;

/* A suite and how it is made. Slow ones stand first in the table of main.c. */
struct runner_suite {
	const char *name;
	Suite *(*make)(void);
};

Suite *suite_boot(void);
Suite *suite_contracts(void);
Suite *suite_disks(void);
Suite *suite_power(void);
Suite *suite_runner(void);
Suite *suite_scenarios(void);
Suite *suite_terminal(void);

/* A path below build/vm, in one of a few static buffers. */
const char *runner_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Adds a test to a suite, as a test case of its own: with the runner's time limit, a line of
 * progress before it, and whatever guest it left behind killed after it.
 */
void runner_test(Suite *suite, const char *name, const TTest *test);

/* The same for a test that is run once for every index from 0 to count - 1. */
void runner_loop_test(Suite *suite, const char *name, const TTest *test, int count);

#endif

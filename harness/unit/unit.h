/*
 * What every unit test file includes: Check, and the vocabulary of the sources under test.
 *
 * A file harness/unit/test_MODULE.c defines `Suite *suite_MODULE(void)` and is listed in the
 * makefile; main finds it by its name. Tests run forked, so each starts from a clean state; a
 * panic() of the code under test is SIGABRT: see suite_add_panics.
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

#define UNIT_LIST(...)                                                                             \
	(const TTest *const[])                                                                     \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

/* A suite of the given tests: suite_of("list", test_a, test_b). */
#define suite_of(name, ...) suite_with(name, NULL, NULL, __VA_ARGS__)
/* The same with functions that run, forked too, before and after each test. */
#define suite_with(name, setup, teardown, ...)                                                     \
	unit_add(suite_create(name), setup, teardown, 0, UNIT_LIST(__VA_ARGS__))
/* More tests for a suite, with their own set-up. */
#define suite_add_tests(suite, setup, teardown, ...)                                               \
	unit_add(suite, setup, teardown, 0, UNIT_LIST(__VA_ARGS__))
/* Tests that must end in a panic. */
#define suite_add_panics(suite, setup, ...)                                                        \
	unit_add(suite, setup, NULL, SIGABRT, UNIT_LIST(__VA_ARGS__))

/* One test n times, with _i from 0: a row of a table each. */
static inline void suite_add_loop(Suite *suite, void (*setup)(void), const TTest *test, size_t n)
{
	TCase *tcase = tcase_create(test->name);

	tcase_set_timeout(tcase, 120);
	if (setup)
		tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, test, 0, (int)n);
	suite_add_tcase(suite, tcase);
}

static inline Suite *unit_add(Suite *suite, void (*setup)(void), void (*teardown)(void), int signal,
			      const TTest *const *tests)
{
	TCase *tcase = tcase_create(signal ? "panics" : "tests");

	tcase_set_timeout(tcase, 120);
	if (setup || teardown)
		tcase_add_checked_fixture(tcase, setup, teardown);
	for (; *tests; tests++)
		tcase_add_test_raise_signal(tcase, *tests, signal);
	suite_add_tcase(suite, tcase);
	return suite;
}

#endif

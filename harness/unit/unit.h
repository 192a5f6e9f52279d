/*
 * What every unit test file includes: Check, and the vocabulary of the sources under test.
 *
 * A file harness/unit/test_MODULE.c defines `Suite *suite_MODULE(void)` and is listed in the
 * makefile; main finds it by its name. Tests run forked, so each starts from a clean state; a
 * panic() of the code under test is SIGABRT: tcase_add_test_raise_signal(tc, test, SIGABRT).
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

/* A suite with one test case that holds the given tests: suite_of("list", test_a, test_b). */
#define suite_of(name, ...) suite_with(name, NULL, NULL, __VA_ARGS__)
/* The same with functions that run, forked too, before and after each test. */
#define suite_with(name, setup, teardown, ...)                                                     \
	suite_of_tests(name, setup, teardown, (const TTest *const[]){__VA_ARGS__},                 \
		       sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

static inline Suite *suite_of_tests(const char *name, void (*setup)(void), void (*teardown)(void),
				    const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	if (setup || teardown)
		tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

#endif

/*
 * Runs the unit tests: unit [-r RESULTS] [-v] [SUITE ...]
 *
 * All suites, or the named ones. RESULTS gets "PASSED FAILED", for `make test` to add up. The
 * exit status is 0 when every test passed, and a suite name that does not exist is a failure.
 */
#include <getopt.h>

#include "unit.h"

#define SUITE(name) Suite *suite_##name(void);
#include "suites.h"
#undef SUITE

static const struct {
	const char *name;
	Suite *(*make)(void);
} suites[] = {
#define SUITE(name) {#name, suite_##name},
#include "suites.h"
#undef SUITE
};

static bool add_suites(SRunner *runner, int n, char **names)
{
	for (int arg = 0; arg < n; arg++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
			if (strcmp(names[arg], suites[i].name) == 0) {
				srunner_add_suite(runner, suites[i].make());
				found = true;
			}
		}
		if (!found) {
			fprintf(stderr, "unit: no suite is named %s\n", names[arg]);
			return false;
		}
	}
	if (n == 0)
		for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
			srunner_add_suite(runner, suites[i].make());
	return true;
}

int main(int argc, char **argv)
{
	const char *results = NULL;
	enum print_output output = CK_ENV;
	int opt;

	while ((opt = getopt(argc, argv, "r:v")) != -1) {
		if (opt == 'r') {
			results = optarg;
		} else if (opt == 'v') {
			output = CK_VERBOSE;
		} else {
			fprintf(stderr, "usage: unit [-r RESULTS] [-v] [SUITE ...]\n");
			return 2;
		}
	}

	SRunner *runner = srunner_create(NULL);
	if (!add_suites(runner, argc - optind, argv + optind))
		return 2;
	srunner_run_all(runner, output);

	int failed = srunner_ntests_failed(runner);
	int passed = srunner_ntests_run(runner) - failed;
	srunner_free(runner);

	if (results) {
		FILE *f = fopen(results, "w");
		if (!f || fprintf(f, "%d %d\n", passed, failed) < 0 || fclose(f) != 0) {
			perror(results);
			return 2;
		}
	}
	return failed ? 1 : 0;
}

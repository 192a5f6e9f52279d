/*
 * The supervisor.
 *
 * Suites wait in a table; up to --jobs of them run at a time, each in a process of its own with its
 * own libvirt root (a slot). A suite's process runs Check in fork mode and leaves its counts in
 * shared memory. Whatever ends a test or a suite, its slot's guests are killed afterwards; a signal
 * ends the suites first. The last line is "N passed, N failed".
 */
#include "runner.h"
#include "image.h"
#include "stray.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { slots_max = 8, test_seconds = 600, cases_max = 128 };

struct runner runner;

static const struct runner_suite suites[] = {
    {"contracts", suite_contracts}, {"boot", suite_boot},         {"scenarios", suite_scenarios},
    {"disks", suite_disks},         {"terminal", suite_terminal}, {"runner", suite_runner},
    {"power", suite_power},
};

enum { suite_count = sizeof(suites) / sizeof(suites[0]) };

struct counts {
	int passed, failed;
	bool finished;
};

static struct counts *counts; /* one for each suite, shared with its process */
static pid_t slot_process[slots_max];
static int slot_suite[slots_max];
static volatile sig_atomic_t stop_signal;

const char *runner_path(const char *format, ...)
{
	static char paths[8][4400];
	static unsigned next;
	char *path = paths[next++ % 8];
	char rest[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(rest, sizeof(rest), format, arguments);
	va_end(arguments);
	snprintf(path, sizeof(paths[0]), "%s/%s", runner.work, rest);
	return path;
}

/* The test cases of this process's suite, in the order in which Check will run them. */
static const char *case_names[cases_max];
static int case_count, case_running;
static const char *suite_name;

static void case_begin(void)
{
	printf("check-vm: %s: %s\n", suite_name, case_names[case_running++ % cases_max]);
	fflush(stdout);
}

static void case_end(void)
{
	stray_kill_all(runner_path("libvirt/%u", runner.slot));
}

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *test_case = tcase_create(name);

	if (case_count < cases_max)
		case_names[case_count++] = name;
	tcase_set_timeout(test_case, test_seconds);
	tcase_add_unchecked_fixture(test_case, case_begin, case_end);
	suite_add_tcase(suite, test_case);
	return test_case;
}

void runner_test(Suite *suite, const char *name, const TTest *test)
{
	tcase_add_test(add_case(suite, name), test);
}

void runner_loop_test(Suite *suite, const char *name, const TTest *test, int count)
{
	tcase_add_loop_test(add_case(suite, name), test, 0, count);
}

static void run_suite(int index)
{
	SRunner *check;

	suite_name = suites[index].name;
	check = srunner_create(suites[index].make());
	srunner_set_fork_status(check, CK_FORK);
	srunner_run_all(check, CK_NORMAL);
	counts[index].failed = srunner_ntests_failed(check);
	counts[index].passed = srunner_ntests_run(check) - counts[index].failed;
	counts[index].finished = true;
	srunner_free(check);
}

static void start_suite(unsigned slot, int index)
{
	pid_t process;

	fflush(NULL);
	process = fork();
	if (process == 0) {
		/* Check passes a signal on to its whole process group: that must not be our
		 * caller's. */
		setpgid(0, 0);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		runner.slot = slot;
		run_suite(index);
		exit(0);
	}
	if (process < 0) {
		perror("check-vm: fork");
		return;
	}
	slot_process[slot] = process;
	slot_suite[slot] = index;
}

static void end_slot(unsigned slot)
{
	struct counts *count = &counts[slot_suite[slot]];

	slot_process[slot] = 0;
	stray_kill_all(runner_path("libvirt/%u", slot));
	if (!count->finished && !stop_signal) {
		printf("check-vm: suite %s ended by itself\n", suites[slot_suite[slot]].name);
		count->failed++;
	}
}

static void on_signal(int number)
{
	stop_signal = number;
	for (int slot = 0; slot < slots_max; slot++)
		if (slot_process[slot] > 0)
			kill(slot_process[slot], SIGTERM);
}

static void wait_for_slot(void)
{
	pid_t gone = waitpid(-1, NULL, 0);

	for (unsigned slot = 0; slot < slots_max; slot++)
		if (gone > 0 && slot_process[slot] == gone)
			end_slot(slot);
}

static int free_slot(int jobs)
{
	for (int slot = 0; slot < jobs; slot++)
		if (slot_process[slot] == 0)
			return slot;
	return -1;
}

static bool is_chosen(const char *name, char **chosen)
{
	if (!chosen[0])
		return true;
	for (; *chosen; chosen++)
		if (strcmp(*chosen, name) == 0)
			return true;
	return false;
}

static void run_all(int jobs, char **chosen)
{
	int running = 0;

	for (int next = 0; (next < suite_count || running > 0);) {
		int slot = free_slot(jobs);

		while (next < suite_count && !is_chosen(suites[next].name, chosen))
			next++;
		if (next < suite_count && slot >= 0 && !stop_signal) {
			start_suite((unsigned)slot, next++);
		} else if (next >= suite_count || slot < 0 || stop_signal) {
			wait_for_slot();
		}
		running = 0;
		for (slot = 0; slot < slots_max; slot++)
			running += slot_process[slot] > 0;
		if (stop_signal && running == 0)
			return;
	}
}

/* Makes the directories, and the root image that most guests get a copy of. */
static bool prepare(void)
{
	static const char *const directories[] = {"", "images", "logs", "libvirt", "libvirt/0"};
	struct stat status;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (mkdir(runner_path("%s", directories[i]), 0755) != 0 && errno != EEXIST)
			return false;
	for (unsigned slot = 0; slot < slots_max; slot++)
		stray_kill_all(runner_path("libvirt/%u", slot));
	if (stat(runner.kernel, &status) != 0) {
		fprintf(stderr, "check-vm: there is no kernel %s\n", runner.kernel);
		return false;
	}
	printf("check-vm: making the root image\n");
	fflush(stdout);
	if (image_command("root.mkrootfs",
			  "scripts/mkrootfs --size 256M --block-size 4096 "
			  "--label root '%s'",
			  runner_path("images/root.img")) != 0) {
		fprintf(stderr, "check-vm: scripts/mkrootfs failed; see %s\n",
			runner_path("logs/root.mkrootfs.log"));
		return false;
	}
	return true;
}

/*
 * Linux calibrates its clock against the interval timer, and gives up when the host is busy; on
 * microvm it then has no clock at all and waits for ever. Under TCG the guest's clock is the
 * host's.
 */
static void choose_linux(void)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	char line[4096];
	double mhz;

	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		if (sscanf(line, "cpu MHz : %lf", &mhz) == 1) {
			snprintf(runner.append, sizeof(runner.append), "tsc_early_khz=%.0f",
				 mhz * 1000);
			break;
		}
	}
	if (cpuinfo)
		fclose(cpuinfo);
	runner.linux_guest = true;
	snprintf(runner.kernel, sizeof(runner.kernel), "%s/build/linux/vmlinux", runner.top);
	snprintf(runner.initrd, sizeof(runner.initrd), "%s/build/linux/initrd.img", runner.top);
}

static void usage(void)
{
	fputs(
	    "usage: vm-runner [--jobs N] [--linux] [--kernel FILE] [--initrd FILE] [--list] "
	    "[SUITE…]\n"
	    "Boots guests and judges them. --linux tries the runner itself with Debian's kernel;\n"
	    "--only takes the scenarios and conversations with NAME in their name alone, and\n"
	    "--record writes down what the scenarios print instead of comparing it.\n",
	    stderr);
	exit(2);
}

static int parse_options(int argc, char **argv)
{
	static const struct option options[] = {
	    {"jobs", required_argument, NULL, 'j'},   {"linux", no_argument, NULL, 'L'},
	    {"kernel", required_argument, NULL, 'k'}, {"initrd", required_argument, NULL, 'i'},
	    {"list", no_argument, NULL, 'l'},         {"only", required_argument, NULL, 'o'},
	    {"record", no_argument, NULL, 'r'},       {NULL, 0, NULL, 0},
	};
	int jobs = 2, option;

	while ((option = getopt_long(argc, argv, "j:", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'L':
			choose_linux();
			break;
		case 'k':
			snprintf(runner.kernel, sizeof(runner.kernel), "%s", optarg);
			break;
		case 'i':
			snprintf(runner.initrd, sizeof(runner.initrd), "%s", optarg);
			break;
		case 'o':
			snprintf(runner.only, sizeof(runner.only), "%s", optarg);
			break;
		case 'r':
			runner.record = true;
			break;
		case 'l':
			for (int i = 0; i < suite_count; i++)
				puts(suites[i].name);
			exit(0);
		default:
			usage();
		}
	}
	return jobs < 1 || jobs > slots_max ? 1 : jobs;
}

static int report(void)
{
	struct counts total = {0};
	FILE *results;

	for (int i = 0; i < suite_count; i++) {
		total.passed += counts[i].passed;
		total.failed += counts[i].failed;
	}
	mkdir("build/results", 0755);
	results = fopen("build/results/check-vm", "w");
	if (results) {
		fprintf(results, "%d %d\n", total.passed, total.failed);
		fclose(results);
	}
	printf("%d passed, %d failed\n", total.passed, total.failed);
	return total.failed || total.passed == 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	static char top[3000];
	int jobs;

	if (!getcwd(top, sizeof(top)))
		return 2;
	runner.top = top;
	snprintf(runner.work, sizeof(runner.work), "%s/build/vm", top);
	snprintf(runner.kernel, sizeof(runner.kernel), "%s/build/x86_64/aramid", top);
	jobs = parse_options(argc, argv);
	counts = mmap(NULL, sizeof(*counts) * suite_count, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || !prepare())
		return 2;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	run_all(jobs, argv + optind);
	if (stop_signal) {
		fprintf(stderr, "check-vm: ended by signal %d\n", (int)stop_signal);
		return 128 + stop_signal;
	}
	return report();
}

/*
 * crash [-n STATES] [-j JOBS] [WORKLOAD[/VARIANT]...]: crash replay at length. crash.h tells what
 * is tried. Each variant of a workload runs in a process of its own, JOBS of them at a time. The
 * states are shared out by weight; what a workload has too few states for goes to those after it.
 */
#include <getopt.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crash.h"
#include "unit.h"

struct unit {
	const struct crash_workload *workload;
	unsigned variant, share;
};

struct result {
	unsigned judged, outcomes;
};

static struct unit units[4096];
static unsigned unit_count;
static struct unit job; /* a child's */
static struct result job_result;

static struct {
	unsigned states, jobs;
	unsigned running, judged, outcomes, failed, done;
} total = {.states = 100000, .jobs = 2};

START_TEST(volumes_recover)
{
	job_result.judged =
	    crash_explore(job.workload, job.variant, job.share, &job_result.outcomes);
}
END_TEST

/* In a process of its own: the result goes to fd; what Check says of a failure, to stdout. */
static void run_child(int fd)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("crash");

	tcase_add_test(tcase, volumes_recover);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	if (failed) {
		fprintf(stderr, "\n");
		srunner_print(runner, CK_NORMAL);
	}
	ssize_t n = write(fd, &job_result, sizeof(job_result));
	exit(failed || n != sizeof(job_result));
}

static void show(const struct unit *unit, bool last)
{
	if (!isatty(2) && !last && total.done % 50)
		return;
	fprintf(stderr, "%s  %u of %u states, %u different outcomes, %u failures: %s/%u    %s",
		isatty(2) ? "\r" : "", total.judged, total.states, total.outcomes, total.failed,
		unit->workload->name, unit->variant, isatty(2) && !last ? "" : "\n");
}

struct running {
	pid_t pid;
	int fd;
	struct unit unit;
};

static void start(struct running *r, const struct unit *unit)
{
	int fds[2];

	fflush(NULL);
	if (pipe(fds) || (r->pid = fork()) < 0) {
		perror("crash");
		exit(2);
	}
	if (r->pid == 0) {
		close(fds[0]);
		job = *unit;
		run_child(fds[1]);
	}
	close(fds[1]);
	r->fd = fds[0];
	r->unit = *unit;
}

static void finish(struct running *r)
{
	struct result result = {0};
	int status;

	if (read(r->fd, &result, sizeof(result)) != sizeof(result))
		result = (struct result){0};
	close(r->fd);
	waitpid(r->pid, &status, 0);
	r->pid = 0;
	if (status) {
		total.failed++;
		fprintf(stderr, "\ncrash: %s/%u failed%s\n", r->unit.workload->name,
			r->unit.variant, WIFSIGNALED(status) ? " by a signal" : "");
	}
	total.judged += result.judged;
	total.outcomes += result.outcomes;
	total.done++;
	show(&r->unit, false);
}

static void run_all(void)
{
	struct running running[16] = {{0}};
	unsigned weight = 0, left = total.states;

	for (unsigned i = 0; i < unit_count; i++)
		weight += max(units[i].workload->weight, 1u);
	for (unsigned i = 0; i < unit_count; i++) {
		struct running *slot = NULL;
		unsigned own = max(units[i].workload->weight, 1u);

		for (unsigned k = 0; k < total.jobs && !slot; k++)
			if (!running[k].pid)
				slot = &running[k];
		while (!slot) {
			struct pollfd fds[16];

			for (unsigned k = 0; k < total.jobs; k++)
				fds[k] = (struct pollfd){.fd = running[k].fd, .events = POLLIN};
			poll(fds, total.jobs, -1);
			for (unsigned k = 0; k < total.jobs; k++) {
				if (!fds[k].revents)
					continue;
				finish(&running[k]);
				slot = &running[k];
				break;
			}
		}
		left = total.judged < total.states ? total.states - total.judged : 0;
		units[i].share = max((unsigned)((u64)left * own / weight), 1u);
		weight -= own;
		weight = max(weight, 1u);
		start(slot, &units[i]);
	}
	for (unsigned k = 0; k < total.jobs; k++)
		if (running[k].pid)
			finish(&running[k]);
}

static void add_units(const char *argument)
{
	const char *slash = argument ? strchr(argument, '/') : NULL;
	size_t length = slash ? (size_t)(slash - argument) : argument ? strlen(argument) : 0;
	unsigned before = unit_count;

	for (const struct crash_workload *w = crash_workloads; w->name; w++) {
		if (argument && (strlen(w->name) != length || memcmp(w->name, argument, length)))
			continue;
		for (unsigned v = 0; v < w->variants; v++)
			if (!slash || (unsigned)atoi(slash + 1) == v)
				units[unit_count++] = (struct unit){.workload = w, .variant = v};
	}
	if (unit_count == before) {
		fprintf(stderr, "crash: there is no workload %s\n", argument);
		exit(2);
	}
}

/* The long ones first, so that what they leave over goes to the many short ones. */
static int compare(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	if (x->workload->weight != y->workload->weight)
		return x->workload->weight > y->workload->weight ? -1 : 1;
	if (x->variant != y->variant)
		return x->variant < y->variant ? -1 : 1;
	return x->workload < y->workload ? -1 : x->workload > y->workload;
}

int main(int argc, char **argv)
{
	time_t began = time(NULL);
	int opt;

	while ((opt = getopt(argc, argv, "n:j:")) != -1) {
		if (opt == 'n') {
			total.states = (unsigned)atoi(optarg);
		} else if (opt == 'j') {
			total.jobs = clamp((unsigned)atoi(optarg), 1u, 16u);
		} else {
			fprintf(stderr, "usage: crash [-n STATES] [-j JOBS] "
					"[WORKLOAD[/VARIANT]...]\n");
			return 2;
		}
	}
	if (optind == argc)
		add_units(NULL);
	for (; optind < argc; optind++)
		add_units(argv[optind]);
	qsort(units, unit_count, sizeof(units[0]), compare);
	run_all();
	show(&units[unit_count - 1], true);
	printf("crash: %u states, %u different outcomes, %u of %u workloads failed, %lld s\n",
	       total.judged, total.outcomes, total.failed, unit_count,
	       (long long)(time(NULL) - began));
	return total.failed ? 1 : 0;
}

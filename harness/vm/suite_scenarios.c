/*
 * Scenarios: shell scripts that run in a guest of their own and must print exactly what is written
 * down for them, and exit with 0.
 *
 * scenarios/NAME.sh is the script and scenarios/NAME.out what it prints; `--linux --record` makes
 * the latter, so that what is expected is what Linux does. Lines of the script that begin with
 * "#: " say how:
 *
 *	#: A sentence, first, that the scenario proves.
 *	#: memory MIB		the guest's memory
 *	#: cpus N		its processors
 *	#: machine q35|microvm	its machine (else they alternate)
 *	#: append WORDS		more words for the kernel's command line, instead of rw
 *	#: boots N		the script is run in N boots with a reboot in between; $1 is which
 *	#: disk COMMAND		a host's shell command that makes a second disk, $disk: /dev/vdb
 *	#: blkdebug COMMAND	one that prints QEMU's inject-error list for that disk
 *	#: nofsck		the second disk is damaged on purpose: only the root is checked
 *	#: only aramid		not for the runner's own trial with Linux
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { scenarios_max = 128, line_size = 2048 };

struct scenario {
	char name[64];
	char append[256], disk[line_size], blkdebug[line_size];
	unsigned memory_mib, cpus, boots;
	enum guest_machine machine;
	bool no_fsck, only_aramid;
};

static char paths[scenarios_max][256];
static int scenario_count;

/* "#: key value" for this key: the value, else NULL. */
static char *value_of(char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line + 3, key, length) != 0 ||
	    (line[3 + length] != ' ' && line[3 + length] != '\0'))
		return NULL;
	return line + 3 + length + (line[3 + length] == ' ');
}

static void take_key(struct scenario *scenario, char *line)
{
	char *value;

	if ((value = value_of(line, "memory")))
		scenario->memory_mib = (unsigned)atoi(value);
	else if ((value = value_of(line, "cpus")))
		scenario->cpus = (unsigned)atoi(value);
	else if ((value = value_of(line, "machine")))
		scenario->machine = strcmp(value, "q35") == 0 ? MACHINE_Q35 : MACHINE_MICROVM;
	else if ((value = value_of(line, "append")))
		snprintf(scenario->append, sizeof(scenario->append), "%s", value);
	else if ((value = value_of(line, "boots")))
		scenario->boots = (unsigned)atoi(value);
	else if ((value = value_of(line, "disk")))
		snprintf(scenario->disk, sizeof(scenario->disk), "%s", value);
	else if ((value = value_of(line, "blkdebug")))
		snprintf(scenario->blkdebug, sizeof(scenario->blkdebug), "%s", value);
	else if (value_of(line, "nofsck"))
		scenario->no_fsck = true;
	else if (value_of(line, "only"))
		scenario->only_aramid = true;
}

static void read_scenario(struct scenario *scenario, int index)
{
	const char *slash = strrchr(paths[index], '/');
	char line[line_size];
	FILE *file = fopen(paths[index], "r");

	REQUIRE(file != NULL && slash != NULL, "cannot read %s", paths[index]);
	memset(scenario, 0, sizeof(*scenario));
	snprintf(scenario->name, sizeof(scenario->name), "%.*s", (int)strcspn(slash + 1, "."),
		 slash + 1);
	scenario->machine = index % 2 ? MACHINE_MICROVM : MACHINE_Q35;
	scenario->cpus = 1 + (unsigned)index / 2 % 2;
	scenario->boots = 1;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "#: ", 3) == 0)
			take_key(scenario, line);
	}
	fclose(file);
}

/* Makes the second disk, and its error list; *inject then is that list or NULL. */
static const char *make_disk(const struct scenario *scenario, const char *guest_name, char *inject,
			     size_t size)
{
	static char disk[4400];
	char log[128];

	snprintf(disk, sizeof(disk), "%s", runner_path("images/%s.vdb", guest_name));
	snprintf(log, sizeof(log), "%s.disk", guest_name);
	unlink(disk);
	REQUIRE(image_command(log, "disk='%s'; %s", disk, scenario->disk) == 0,
		"its disk command failed; see %s", runner_path("logs/%s.log", log));
	if (scenario->blkdebug[0]) {
		FILE *output;
		size_t length;

		snprintf(log, sizeof(log), "%s.blkdebug", guest_name);
		REQUIRE(image_command(log, "disk='%s'; %s", disk, scenario->blkdebug) == 0,
			"its blkdebug command failed");
		output = fopen(runner_path("logs/%s.log", log), "r");
		REQUIRE(output != NULL, "its blkdebug command left no output");
		length = fread(inject, 1, size - 1, output);
		fclose(output);
		inject[length] = '\0';
		inject[strcspn(inject, "\n")] = '\0';
	}
	return disk;
}

/* What the script printed: without the echo of the command and without the prompt. */
static char *output_of(const char *text)
{
	const char *start = strchr(text, '\n');
	char *output = strdup(start ? start + 1 : text);
	char *prompt;

	REQUIRE(output != NULL, "out of memory");
	prompt = strrchr(output, '@');
	while (prompt && prompt > output && prompt[-1] >= '0' && prompt[-1] <= '9')
		prompt--;
	if (prompt && prompt > output && prompt[-1] == '@')
		prompt[-1] = '\0';
	return output;
}

static void compare(const struct scenario *scenario, const char *guest_name, const char *printed)
{
	const char *actual = runner_path("logs/%s.out", guest_name);
	char expected[4400], log[128];
	FILE *file = fopen(actual, "w");
	static char difference[4096];
	size_t length;

	REQUIRE(file != NULL, "cannot write %s", actual);
	fputs(printed, file);
	fclose(file);
	snprintf(expected, sizeof(expected), "%s/harness/vm/scenarios/%s.out", runner.top,
		 scenario->name);
	snprintf(log, sizeof(log), "%s.diff", guest_name);
	if (runner.record) {
		image_command(log, "cp '%s' '%s'", actual, expected);
		return;
	}
	if (image_command(log, "diff -u '%s' '%s'", expected, actual) == 0)
		return;
	file = fopen(runner_path("logs/%s.log", log), "r");
	REQUIRE(file != NULL, "no diff");
	length = fread(difference, 1, sizeof(difference) - 1, file);
	fclose(file);
	difference[length] = '\0';
	guest_fail(__FILE__, __LINE__, "scenario %s prints something else:\n%s", scenario->name,
		   difference);
}

/* Runs the script in one boot after the other; returns all that it printed. */
static char *run_boots(const struct scenario *scenario, struct guest *guest)
{
	char line[128], *all = NULL;
	size_t size;
	FILE *out = open_memstream(&all, &size);

	REQUIRE(out != NULL, "out of memory");
	for (unsigned boot = 1; boot <= scenario->boots; boot++) {
		char *output;
		int status = -1;
		enum guest_event event;

		shell_must(guest, "dmesg -n 1", 0);
		snprintf(line, sizeof(line), "sh /s/%s.sh %u", scenario->name, boot);
		event = shell_run(guest, line, &status);
		REQUIRE(event == GUEST_MATCH, "scenario %s: %s; the console's end:\n%s",
			scenario->name, guest_event_name(event), guest_tail(guest));
		output = output_of(guest_text(guest));
		fputs(output, out);
		free(output);
		REQUIRE(status == 0, "scenario %s ends with status %d:\n%s", scenario->name, status,
			guest_text(guest));
		if (boot == scenario->boots)
			break;
		REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, "reboot\n"));
		REQUIRE_EVENT(guest, GUEST_RESET, guest_wait_end(guest));
		REQUIRE_EVENT(guest, GUEST_MATCH, shell_open(guest));
	}
	fclose(out);
	return all;
}

START_TEST(a_scenario_prints_what_is_written)
{
	struct guest_spec spec = {0};
	struct scenario scenario;
	struct guest *guest;
	char guest_name[80], *printed;
	static char inject[65536];

	read_scenario(&scenario, _i);
	if (scenario.only_aramid && runner.linux_guest)
		return;
	snprintf(guest_name, sizeof(guest_name), "scenario-%s", scenario.name);
	spec.name = guest_name;
	spec.machine = scenario.machine;
	spec.cpus = scenario.cpus;
	spec.memory_mib = scenario.memory_mib;
	spec.append = scenario.append[0] ? scenario.append : NULL;
	spec.disks[0].path = image_copy_root(guest_name);
	REQUIRE(image_command("scenario-script",
			      "{ echo mkdir /s; echo write %s /s/%s.sh; } | debugfs -w -f - '%s'",
			      paths[_i], scenario.name, spec.disks[0].path) == 0,
		"cannot put the script into the image");
	if (scenario.disk[0]) {
		spec.disks[1].path = make_disk(&scenario, guest_name, inject, sizeof(inject));
		spec.disks[1].blkdebug = inject[0] ? inject : NULL;
	}
	guest = shell_boot(&spec);
	printed = run_boots(&scenario, guest);
	shell_poweroff(guest);
	guest_destroy(guest);
	compare(&scenario, guest_name, printed);
	free(printed);
	image_judge(spec.disks[0].path, guest_name);
	if (scenario.disk[0] && !scenario.no_fsck)
		image_judge(spec.disks[1].path, guest_name);
	else if (scenario.disk[0])
		unlink(spec.disks[1].path);
}
END_TEST

Suite *suite_scenarios(void)
{
	Suite *suite = suite_create("scenarios");
	glob_t found;

	if (glob("harness/vm/scenarios/*.sh", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && scenario_count < scenarios_max; i++)
			if (!runner.only[0] || strstr(found.gl_pathv[i], runner.only))
				snprintf(paths[scenario_count++], sizeof(paths[0]), "%s",
					 found.gl_pathv[i]);
		globfree(&found);
	}
	runner_loop_test(suite, "scenarios print what is written down for them",
			 a_scenario_prints_what_is_written, scenario_count);
	return suite;
}

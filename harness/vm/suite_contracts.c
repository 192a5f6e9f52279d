/*
 * Contracts: the same static program on the host's Linux and in the guest.
 *
 * harness/guest builds one program that holds all of them. It is run once natively; then one guest
 * of each shape runs all of them in one go, and its console is taken apart into one result for each
 * contract. A contract that takes the guest down is noted as such, and the next guest carries on
 * behind it, so that one panic does not hide a hundred results. The results lie in memory that all
 * the suite's processes share, and one test for each contract and shape then compares them.
 *
 * The program's protocol (docs/testing.md): "BEGIN name", lines that begin with "| ",
 * "END name status=N", and "DONE …" at the very end.
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { contracts_max = 1024, name_size = 64, text_size = 8192, status_skip = 77, guests_max = 8 };

enum { NOT_RUN = -1, LOST = -2 };

struct result {
	int status;           /* or NOT_RUN, or LOST: the guest did not live to its end */
	enum guest_event end; /* what became of a guest that lost it */
	size_t length;
	char text[text_size];
};

static const struct shape {
	const char *name;
	enum guest_machine machine;
	unsigned cpus;
} shapes[] = {
    {"q35-2", MACHINE_Q35, 2},
    {"microvm-1", MACHINE_MICROVM, 1},
};

enum { shape_count = sizeof(shapes) / sizeof(shapes[0]) };

static const char program[] = "build/guest/contracts";
static char names[contracts_max][name_size];
static int contract_count;

/* One row for the host, then one for each shape. */
static struct result *results;

static struct result *result_of(int row, int contract)
{
	return &results[(size_t)row * contracts_max + (size_t)contract];
}

static int find_contract(const char *name)
{
	for (int i = 0; i < contract_count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static void list_contracts(void)
{
	char line[1024], command[256];
	FILE *list;

	snprintf(command, sizeof(command), "%s --list", program);
	list = access(program, X_OK) == 0 ? popen(command, "r") : NULL;
	if (!list)
		return;
	while (contract_count < contracts_max && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\t\n")] = '\0';
		snprintf(names[contract_count++], name_size, "%.*s", name_size - 1, line);
	}
	pclose(list);
}

/* Takes in one line of the program's output; *running is the contract that it is about. */
static void take_line(int row, const char *line, int *running)
{
	char name[name_size];
	int status;

	if (sscanf(line, "BEGIN %63s", name) == 1) {
		*running = find_contract(name);
	} else if (sscanf(line, "END %63s status=%d", name, &status) == 2) {
		if (find_contract(name) >= 0)
			result_of(row, find_contract(name))->status = status;
		*running = -1;
	} else if (strncmp(line, "| ", 2) == 0 && *running >= 0) {
		struct result *result = result_of(row, *running);
		int added = snprintf(result->text + result->length, text_size - result->length,
				     "%s\n", line + 2);

		result->length += (size_t)added;
		if (result->length >= text_size)
			result->length = text_size - 1;
	}
}

static void run_natively(void)
{
	char line[text_size];
	const char *directory = runner_path("native");
	const char *become_root =
	    geteuid() == 0 ? "" : "unshare --user --map-root-user --mount --fork ";
	int running = -1;
	FILE *output;

	image_command("contracts-native",
		      "rm -rf '%s' && mkdir '%s' && { %s%s --all '%s'; rm -rf '%s'; }", directory,
		      directory, become_root, program, directory, directory);
	output = fopen(runner_path("logs/contracts-native.log"), "r");
	REQUIRE(output != NULL, "the native run left no log");
	while (fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = '\0';
		take_line(0, line, &running);
	}
	fclose(output);
}

START_TEST(the_host_runs_them)
{
	run_natively();
	REQUIRE(contract_count >= 1, "%s lists no contracts", program);
	REQUIRE(result_of(0, contract_count - 1)->status != NOT_RUN,
		"the native run did not reach its end; see %s",
		runner_path("logs/contracts-native.log"));
}
END_TEST

/* Puts the names of what is left to run into the image; returns how many there are. */
static int write_names(int row, const char *image, const char *guest_name)
{
	const char *path = runner_path("images/%s.names", guest_name);
	FILE *file = fopen(path, "w");
	int count = 0;

	REQUIRE(file != NULL, "cannot write %s", path);
	for (int i = 0; i < contract_count; i++) {
		if (result_of(row, i)->status == NOT_RUN) {
			fprintf(file, "%s\n", names[i]);
			count++;
		}
	}
	fclose(file);
	REQUIRE(image_command("contracts-names", "debugfs -w -R 'write %s /root/names' '%s'", path,
			      image) == 0,
		"cannot put the names into the image");
	unlink(path);
	return count;
}

/* One guest: runs what is left until it is through or has died. Returns whether it lived. */
static bool run_guest(int row, const struct shape *shape, int attempt)
{
	struct guest_spec spec = {.machine = shape->machine, .cpus = shape->cpus};
	enum guest_event event;
	struct guest *guest;
	char name[64];
	int running = -1;

	snprintf(name, sizeof(name), "contracts-%s-%d", shape->name, attempt);
	spec.name = name;
	spec.disks[0].path = image_copy_root(name);
	if (write_names(row, spec.disks[0].path, name) == 0)
		return true;
	guest = shell_boot(&spec);
	shell_must(guest, "mkdir -p /root/c", 0);
	event = guest_send(guest, "contracts --all /root/c $(cat names)\n");
	while (event == GUEST_MATCH) {
		char line[text_size];

		event = guest_expect(guest, "^.*\n");
		if (event != GUEST_MATCH)
			break;
		snprintf(line, sizeof(line), "%s", guest_text(guest));
		line[strcspn(line, "\n")] = '\0';
		take_line(row, line, &running);
		if (strncmp(line, "DONE ", 5) == 0) {
			REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, "@[0-9]+@ "));
			shell_poweroff(guest);
			guest_destroy(guest);
			image_judge(spec.disks[0].path, name);
			return true;
		}
	}
	if (running >= 0) {
		result_of(row, running)->status = LOST;
		result_of(row, running)->end = event;
	}
	REQUIRE(running >= 0, "between two contracts %s; the console's end:\n%s",
		guest_event_name(event), guest_tail(guest));
	guest_destroy(guest);
	return false;
}

START_TEST(a_guest_runs_them)
{
	const struct shape *shape = &shapes[_i];

	for (int attempt = 1; attempt <= guests_max; attempt++)
		if (run_guest(_i + 1, shape, attempt))
			return;
	guest_fail(__FILE__, __LINE__, "%d guests died of their contracts", guests_max);
}
END_TEST

START_TEST(guest_and_host_agree)
{
	const char *shape = shapes[_i / contract_count].name;
	int contract = _i % contract_count;
	const struct result *host = result_of(0, contract);
	const struct result *guest = result_of(_i / contract_count + 1, contract);
	const char *name = names[contract];

	ck_assert_msg(host->status == 0 || host->status == status_skip,
		      "%s fails natively (status %d):\n%s", name, host->status, host->text);
	ck_assert_msg(guest->status != NOT_RUN, "%s was not run on %s", name, shape);
	ck_assert_msg(guest->status != LOST, "%s on %s: %s while it ran, after saying:\n%s", name,
		      shape, guest_event_name(guest->end), guest->text);
	ck_assert_msg(guest->status == 0 || guest->status == host->status,
		      "%s fails on %s (status %d):\n%s", name, shape, guest->status, guest->text);
	ck_assert_msg(host->status != 0 || strcmp(host->text, guest->text) == 0,
		      "%s says different things.\nThe host:\n%sThe guest, on %s:\n%s", name,
		      host->text, shape, guest->text);
}
END_TEST

Suite *suite_contracts(void)
{
	Suite *suite = suite_create("contracts");

	list_contracts();
	results = mmap(NULL, sizeof(*results) * contracts_max * (shape_count + 1),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return suite;
	for (int row = 0; row <= shape_count; row++)
		for (int i = 0; i < contract_count; i++)
			result_of(row, i)->status = NOT_RUN;
	runner_test(suite, "the host runs the contracts", the_host_runs_them);
	runner_loop_test(suite, "guests run the contracts", a_guest_runs_them, shape_count);
	runner_loop_test(suite, "guest and host agree", guest_and_host_agree,
			 shape_count * contract_count);
	return suite;
}

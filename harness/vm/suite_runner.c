/*
 * Guests that fail on purpose.
 *
 * A runner that cannot fail proves nothing: each of these misbehaves in one way, and the test
 * passes only when the runner says so, and says which way it was.
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>
#include <string.h>

START_TEST(a_panic_is_reported)
{
	struct guest_spec spec = {.name = "fails-panic", .root = "/dev/vdz", .append = "ro"};
	struct guest *guest;

	spec.disks[0].path = image_copy_root(spec.name);
	guest = guest_start(&spec);
	REQUIRE(guest != NULL, "it does not start: %s", guest_error());
	REQUIRE_EVENT(guest, GUEST_PANIC, shell_open(guest));
	guest_destroy(guest);
	image_judge(spec.disks[0].path, spec.name);
}
END_TEST

START_TEST(a_hang_is_reported)
{
	struct guest_spec spec = {.name = "fails-hang", .append = "ro", .patience = 10};
	struct guest *guest;

	spec.disks[0].path = image_copy_root(spec.name);
	guest = shell_boot(&spec);
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, "sleep 100000\n"));
	REQUIRE_EVENT(guest, GUEST_HANG, guest_expect(guest, "@([0-9]+)@ "));
	guest_destroy(guest);
}
END_TEST

START_TEST(a_triple_fault_is_reported)
{
	struct guest_spec spec = {.name = "fails-triple-fault", .patience = 30};
	struct guest *guest;

	spec.kernel = runner_path("guests/triple_fault");
	spec.initrd = "";
	guest = guest_start(&spec);
	REQUIRE(guest != NULL, "it does not start: %s", guest_error());
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, "about to fault"));
	REQUIRE_EVENT(guest, GUEST_RESET, shell_open(guest));
	guest_destroy(guest);
}
END_TEST

START_TEST(an_exit_of_qemu_is_reported)
{
	struct guest_spec spec = {.name = "fails-exit", .patience = 30};
	struct guest *guest;

	spec.kernel = runner_path("guests/debug_exit");
	spec.initrd = "";
	guest = guest_start(&spec);
	REQUIRE(guest != NULL, "it does not start: %s", guest_error());
	REQUIRE_EVENT(guest, GUEST_DIED, shell_open(guest));
	guest_destroy(guest);
}
END_TEST

START_TEST(a_bad_exit_status_is_reported)
{
	struct guest_spec spec = {.name = "fails-status"};
	struct guest *guest;
	int status = -1;

	spec.disks[0].path = image_copy_root(spec.name);
	guest = shell_boot(&spec);
	REQUIRE_EVENT(guest, GUEST_MATCH, shell_run(guest, "(exit 3)", &status));
	REQUIRE(status == 3, "status %d, not 3", status);
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec.disks[0].path, spec.name);
}
END_TEST

START_TEST(a_power_off_is_not_a_prompt)
{
	struct guest_spec spec = {.name = "fails-off"};
	struct guest *guest;
	int status;

	spec.disks[0].path = image_copy_root(spec.name);
	guest = shell_boot(&spec);
	REQUIRE_EVENT(guest, GUEST_OFF,
		      shell_run(guest, "trap '' TERM; poweroff; sleep 1000", &status));
	guest_destroy(guest);
	image_judge(spec.disks[0].path, spec.name);
}
END_TEST

START_TEST(a_damaged_image_is_reported)
{
	const char *path = image_copy_root("fails-image");

	REQUIRE(image_is_clean(path, "fails-image"), "the copy is not even clean before");
	REQUIRE(image_command("fails-image.debugfs", "debugfs -w -R 'clri /etc/passwd' '%s'",
			      path) == 0,
		"debugfs failed");
	REQUIRE(!image_is_clean(path, "fails-image"),
		"an image with a cleared inode passes as clean");
}
END_TEST

/* scripts/run has its own judgement, with statuses for scripts to use. */
START_TEST(scripts_run_propagates_statuses)
{
	static const struct {
		const char *commands;
		int status;
	} cases[] = {
	    {"true", 0},
	    {"echo out; exit 3", 3},
	    {"kill -9 $$", 137},
	};
	const char *path = image_copy_root("fails-run");
	const char *kernel = runner.linux_guest ? "--linux" : "";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = image_command(
		    "fails-run", "echo '%s' | scripts/run %s --snapshot --timeout 300 '%s'",
		    cases[i].commands, kernel, path);

		REQUIRE(status == cases[i].status, "'%s' in the guest: status %d, not %d; see %s",
			cases[i].commands, status, cases[i].status,
			runner_path("logs/fails-run.log"));
	}
}
END_TEST

Suite *suite_runner(void)
{
	Suite *suite = suite_create("runner");

	runner_test(suite, "a panic is reported", a_panic_is_reported);
	runner_test(suite, "a hang is reported", a_hang_is_reported);
	runner_test(suite, "a triple fault is reported", a_triple_fault_is_reported);
	runner_test(suite, "an exit of QEMU is reported", an_exit_of_qemu_is_reported);
	runner_test(suite, "a bad exit status is reported", a_bad_exit_status_is_reported);
	runner_test(suite, "a power-off is no prompt", a_power_off_is_not_a_prompt);
	runner_test(suite, "a damaged image is reported", a_damaged_image_is_reported);
	runner_test(suite, "scripts/run propagates statuses", scripts_run_propagates_statuses);
	return suite;
}

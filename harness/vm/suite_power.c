/*
 * Power cuts: QEMU is killed while a guest writes. The image it leaves must be what replaying its
 * journal repairs, and the next boot must find everything that the guest had been told is safe.
 *
 * What is in flight when QEMU dies is lost or torn, at whatever moment that is; what was reported
 * safe before is known from the console. So no round depends on timing, however it ends.
 *
 * Once more with a log of what reached the disk (scripts/power-log), from which a power cut at any
 * point is made.
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>

static const struct cut {
	enum guest_machine machine;
	unsigned cpus;
	const char *seen; /* the power fails once this was printed */
	unsigned saved;
} cuts[] = {
    {MACHINE_MICROVM, 1, "^saved 3$", 3},
    {MACHINE_Q35, 2, "^saved 40$", 40},
    {MACHINE_MICROVM, 2, "^saved 150$", 150},
};

static void put_scripts(const char *image)
{
	REQUIRE(image_command("power-scripts",
			      "{ echo mkdir /s; for f in load verify; do "
			      "echo write harness/vm/power/$f.sh /s/$f.sh; done; } | "
			      "debugfs -w -f - '%s'",
			      image) == 0,
		"cannot put the scripts into the image");
}

/* e2fsck replays the journal of a copy and finishes orphans, and repairs nothing else. */
static void expect_only_replay(const char *image, const char *name)
{
	char log[64];

	snprintf(log, sizeof(log), "%s.replay", name);
	REQUIRE(image_command(log,
			      "copy='%s.copy'; cp --sparse=always '%s' \"$copy\"; "
			      "PATH=$PATH:/sbin; e2fsck -fy \"$copy\" >\"$copy.log\"; status=$?; "
			      "cat \"$copy.log\"; rm \"$copy\"; "
			      "[ $status -le 1 ] && ! grep -q '? yes' \"$copy.log\"",
			      image, image) == 0,
		"e2fsck repairs more than the journal and orphans; see %s",
		runner_path("logs/%s.log", log));
}

START_TEST(what_was_saved_survives_a_power_cut)
{
	const struct cut *cut = &cuts[_i];
	struct guest_spec spec = {.machine = cut->machine, .cpus = cut->cpus};
	char name[32], again[40], line[64];
	struct guest *guest;

	snprintf(name, sizeof(name), "power-%d", _i);
	snprintf(again, sizeof(again), "%s-again", name);
	spec.name = name;
	spec.disks[0].path = image_copy_root(name);
	put_scripts(spec.disks[0].path);
	guest = shell_boot(&spec);
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, "sh /s/load.sh\n"));
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, cut->seen));
	guest_destroy(guest);
	expect_only_replay(spec.disks[0].path, name);

	spec.name = again; /* the end of the first is still being reported under its name */
	guest = shell_boot(&spec);
	shell_shows(guest, "dmesg | grep journal", "journal recovered");
	snprintf(line, sizeof(line), "sh /s/verify.sh %u", cut->saved);
	shell_shows(guest, line, "all there");
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec.disks[0].path, name);
}
END_TEST

/* Not only at the moment when QEMU died: `make power-log` looks at more points, and volumes. */
START_TEST(any_point_of_what_was_written_recovers)
{
	REQUIRE(image_command("power-log", "scripts/power-log -n 40") == 0,
		"a state is not what it must be; see %s", runner_path("logs/power-log.log"));
}
END_TEST

Suite *suite_power(void)
{
	Suite *suite = suite_create("power");

	runner_loop_test(suite, "what was saved survives a power cut",
			 what_was_saved_survives_a_power_cut, sizeof(cuts) / sizeof(cuts[0]));
	runner_test(suite, "any point of what was written recovers",
		    any_point_of_what_was_written_recovers);
	return suite;
}

/* Guests of every shape come up, do a little work, and power off with a clean image. */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>

static const struct shape {
	const char *name;
	enum guest_machine machine;
	unsigned cpus, memory_mib;
} shapes[] = {
    {"q35-1", MACHINE_Q35, 1, 256},          {"q35-2", MACHINE_Q35, 2, 256},
    {"microvm-1", MACHINE_MICROVM, 1, 256},  {"microvm-2", MACHINE_MICROVM, 2, 256},
    {"q35-4", MACHINE_Q35, 4, 256},          {"q35-32m", MACHINE_Q35, 1, 32},
    {"microvm-32m", MACHINE_MICROVM, 1, 32},
};

START_TEST(boots_works_and_powers_off)
{
	const struct shape *shape = &shapes[_i];
	struct guest_spec spec = {.machine = shape->machine, .cpus = shape->cpus};
	struct guest *guest;
	char name[64], line[32];

	if (runner.linux_guest && shape->memory_mib < 64)
		return;
	snprintf(name, sizeof(name), "boot-%s", shape->name);
	spec.name = name;
	spec.memory_mib = shape->memory_mib;
	spec.disks[0].path = image_copy_root(name);
	guest = shell_boot(&spec);
	shell_shows(guest, "uname -m", "^x86_64$");
	snprintf(line, sizeof(line), "^%u$", shape->cpus);
	shell_shows(guest, "nproc", line);
	shell_must(guest, "echo kept >/root/kept && sync", 0);
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec.disks[0].path, name);
}
END_TEST

Suite *suite_boot(void)
{
	Suite *suite = suite_create("boot");

	runner_loop_test(suite, "every machine boots, works and powers off",
			 boots_works_and_powers_off, sizeof(shapes) / sizeof(shapes[0]));
	return suite;
}

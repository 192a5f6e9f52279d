/* verify: runs the checker of the ext4 room, and shows what it says. */
#include <getopt.h>
#include <stdio.h>

#include "command.h"
#include "common.h"
#include "ext4/verify.h"

static bool quiet;

static void show_damage(struct ext4_verify *verify, const char *text)
{
	if (!quiet)
		puts(printable(text));
}

static bool go_on(struct ext4_verify *verify, u32 group, u32 groups)
{
	progress_percent(group, groups);
	return !interrupted();
}

int run_verify(int argc, char **argv)
{
	const struct volume_options options = {.mode = IMAGE_READ, .finish = true};
	struct ext4_verify verify = {.damage = show_damage, .go_on = go_on};
	struct volume volume;
	int c, status, err;

	while ((c = getopt(argc, argv, "+q")) != -1) {
		if (c == '?')
			return usage_error();
		quiet = true;
	}
	if (quiet)
		messages_set_level(-1);
	status = open_operands(argc, argv, 0, 0, &options, &volume);
	if (status)
		return status;
	progress_start("verify", 0);
	err = ext4_verify(volume.super, &verify);
	progress_end();
	if (err && !interrupted())
		report_error(err, "%s", volume.spec);
	if (!err && verify.problems && !quiet)
		printf("%s: damaged: %llu problems\n", volume.spec, verify.problems);
	else if (!err && !quiet)
		printf("%s: clean: %llu files, %llu directories, %llu blocks\n", volume.spec,
		       verify.files, verify.directories, verify.blocks);
	return volume_close(&volume, verify.problems ? STATUS_DAMAGED : STATUS_OK);
}

/* The commands, and what main.c knows of each. */
#ifndef ARAMID_FS_COMMAND_H
#define ARAMID_FS_COMMAND_H

#include <limits.h>

#include "volume.h"

struct option;

struct command {
	const char *name, *sub; /* "tar" "in"; sub NULL for most */
	const char *arguments;  /* of the usage line */
	const char *summary;    /* one line */
	const char *help;       /* the options, and what else must be said */
	/* argv[0] is the command's name; options are its own to parse. An enum status. */
	int (*run)(int argc, char **argv);
};

/* "usage: aramid-fs NAME ARGUMENTS" on stderr; STATUS_USAGE. */
int usage_error(void);
/* The same after a message. */
int usage_report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- what command lines have in common ---- */

enum { OPTION_NO_SYNC = 256, OPTION_OWN /* a command's own long options count from here */ };
/* The long options of every command that writes. */
#define WRITER_OPTIONS                                                                             \
	{                                                                                          \
		"no-sync", no_argument, NULL, OPTION_NO_SYNC                                       \
	}

/* getopt_long(), but the options above are taken here, if options->mode writes; else they are '?'.
 */
int next_option(int argc, char **argv, const char *shorts, const struct option *longs,
		struct volume_options *options);
/* volume_open() of argv[optind], behind which there must be `least` to `most` names. */
int open_operands(int argc, char **argv, int least, int most, const struct volume_options *options,
		  struct volume *out);

int run_cat(int argc, char **argv);
int run_df(int argc, char **argv);
int run_get(int argc, char **argv);
int run_info(int argc, char **argv);
int run_ln(int argc, char **argv);
int run_ls(int argc, char **argv);
int run_mkdir(int argc, char **argv);
int run_mount(int argc, char **argv);
int run_mv(int argc, char **argv);
int run_put(int argc, char **argv);
int run_rm(int argc, char **argv);
int run_stat(int argc, char **argv);
int run_tar_in(int argc, char **argv);
int run_tar_out(int argc, char **argv);
int run_tree(int argc, char **argv);
int run_verify(int argc, char **argv);

#endif

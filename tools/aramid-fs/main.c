/*
 * aramid-fs: looks into images of ext2, ext3 and ext4, and changes them, without root and without
 * mounting anything, with the kernel's own file system code.
 *
 *   volume.c image_disk.c   the image, locked, as a disk; the volume on it, mounted
 *   hooks.c                 the seams of the kernel's sources (host/) as this program wants them
 *   copy.c                  one file's contents and attributes from here to there
 *   show.c change.c         the commands that look and those that change names
 *   transfer.c tar.c        files and trees in and out
 *   verify.c                the checker's report
 *   mount.c fuse_*.c        the volume as a mount, through FUSE
 */
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "common.h"

#define IMAGE_HELP                                                                                 \
	"IMAGE is a file, or a block device, with a volume of ext2, ext3 or ext4; IMAGE@N is\n"    \
	"partition N of it.\n"
#define NO_SYNC_HELP                                                                               \
	"  --no-sync          leave it to this machine when data is on stable storage\n"

static const struct command commands[] = {
    {"cat", NULL, "IMAGE FILE...", "write files to standard output", IMAGE_HELP, run_cat},
    {"df", NULL, "[-b] IMAGE", "show how much is used and free",
     "  -b                 in bytes\n" IMAGE_HELP, run_df},
    {"get", NULL, "[-r] IMAGE SOURCE... DEST", "copy files out of the image",
     "  -r                 directories, too, with what is in them\n"
     "Modes and times are kept, owners when root runs it. DEST is a directory or, for one\n"
     "SOURCE, a new name.\n" IMAGE_HELP,
     run_get},
    {"info", NULL, "IMAGE", "show what the volume is", IMAGE_HELP, run_info},
    {"ln", NULL, "[-s] [-f] IMAGE TARGET NAME", "make a link",
     "  -s                 symbolic\n"
     "  -f                 replace what NAME was, unless it is a directory\n" NO_SYNC_HELP
	 IMAGE_HELP,
     run_ln},
    {"ls", NULL, "[-laiRd0] IMAGE [NAME...]", "list directories",
     "  -l                 with mode, links, owner, size and time\n"
     "  -i                 with inode numbers\n"
     "  -a                 with . and ..\n"
     "  -R                 and all directories below\n"
     "  -d                 a directory itself, not what is in it\n"
     "  -0                 names as they are, each ended by a zero byte; else bytes that can't be\n"
     "                     printed are shown as \\ooo\n" IMAGE_HELP,
     run_ls},
    {"mkdir", NULL, "[-p] [-m MODE] [--owner UID:GID] IMAGE NAME...", "make directories",
     "  -p                 with parents; no error if it is there\n"
     "  -m, --mode MODE    octal; 755 otherwise\n"
     "  --owner UID:GID    0:0 otherwise\n" NO_SYNC_HELP IMAGE_HELP,
     run_mkdir},
    {"mount", NULL, "[-r] [-f] [-o OPTIONS] IMAGE DIR", "mount the volume through FUSE",
     "  -r                 read-only\n"
     "  -f                 stay in the foreground\n"
     "  -o OPTIONS         mount options of ext4, and\n"
     "                       allow_other  others may use the mount, too\n"
     "                       fakeroot     every permission for who mounts, new files are root's\n"
     "  --no-sync          leave it to this machine when data is on stable storage\n"
     "Ends when the directory is unmounted (fusermount3 -u DIR), or by SIGINT or "
     "SIGTERM.\n" IMAGE_HELP,
     run_mount},
    {"mv", NULL, "[-n] IMAGE SOURCE... DEST", "rename or move in the image",
     "  -n                 never replace anything\n" NO_SYNC_HELP IMAGE_HELP, run_mv},
    {"put", NULL, "[-r] [--owner UID:GID|keep] [--mode MODE] IMAGE SOURCE... DEST",
     "copy files into the image",
     "  -r                 directories, too, with what is in them\n"
     "  --owner UID:GID    who owns them in the image: 0:0 otherwise; keep: whoever does here\n"
     "  -m, --mode MODE    permissions of files, octal; as here otherwise\n"
     "Times, extended attributes, hard links, holes and special files are kept. DEST is a\n"
     "directory or, for one SOURCE, a new name; SOURCE - is standard input.\n" NO_SYNC_HELP
	 IMAGE_HELP,
     run_put},
    {"rm", NULL, "[-r] [-f] IMAGE NAME...", "remove files",
     "  -r                 directories, too, with what is in them\n"
     "  -f                 no error if there is no such file\n" NO_SYNC_HELP IMAGE_HELP,
     run_rm},
    {"stat", NULL, "[-L] IMAGE NAME...", "show all there is to know of files",
     "  -L                 follow symbolic links\n" IMAGE_HELP, run_stat},
    {"tar", "in", "[-C DIR] [-f FILE] IMAGE", "unpack a tar archive into the image",
     "  -C DIR             below this directory of the image\n"
     "  -f FILE            instead of standard input; compressed ones are recognised\n"
     "Owners, modes, times, extended attributes, devices, links and holes are kept.\n" NO_SYNC_HELP
	 IMAGE_HELP,
     run_tar_in},
    {"tar", "out", "[-C DIR] [-f FILE] IMAGE [NAME...]", "pack the image's files into an archive",
     "  -C DIR             from this directory of the image\n"
     "  -f FILE            instead of standard output\n"
     "The archive is of pax format, without compression.\n" IMAGE_HELP,
     run_tar_out},
    {"tree", NULL, "IMAGE [NAME]", "show directories as a tree", IMAGE_HELP, run_tree},
    {"verify", NULL, "[-q] IMAGE", "look at everything in the volume and report damage",
     "  -q                 only say whether there is any, by the exit status\n"
     "Exit status 5: there is damage. Nothing is repaired: e2fsck does that.\n" IMAGE_HELP,
     run_verify},
};

static const struct command *running;

static const char *full_name(const struct command *c)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s%s%s", c->name, c->sub ? " " : "", c->sub ? c->sub : "");
	return name;
}

static void print_usage(FILE *to)
{
	fprintf(to, "usage: aramid-fs %s %s\n", full_name(running), running->arguments);
}

int usage_error(void)
{
	print_usage(stderr);
	return STATUS_USAGE;
}

int usage_report(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("aramid-fs: ", stderr);
	vfprintf(stderr, fmt, ap);
	putc('\n', stderr);
	va_end(ap);
	return usage_error();
}

int next_option(int argc, char **argv, const char *shorts, const struct option *longs,
		struct volume_options *options)
{
	int c;

	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) == OPTION_NO_SYNC) {
		if (options->mode == IMAGE_READ)
			return '?';
		options->mode = IMAGE_WRITE_NOSYNC;
	}
	return c;
}

int open_operands(int argc, char **argv, int least, int most, const struct volume_options *options,
		  struct volume *out)
{
	int names = argc - optind - 1;

	if (names < least || names > most)
		return usage_error();
	return volume_open(argv[optind], options, out);
}

static void help_all(FILE *to)
{
	fputs(
	    "usage: aramid-fs COMMAND [OPTION]... IMAGE[@PARTITION] [ARGUMENT]...\n\n"
	    "Works on images of ext2, ext3 and ext4 without mounting them, or mounts them without\n"
	    "being root. Commands:\n\n",
	    to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-8s %s\n", full_name(&commands[i]), commands[i].summary);
	fputs(
	    "\nEach takes --journal FILE, too: the image of the device that the volume's journal "
	    "is\n"
	    "on, if it is not in IMAGE itself.\n"
	    "\naramid-fs COMMAND --help says more. Exit status: 0 all done; 1 something was not;\n"
	    "2 wrong usage; 3 the image can't be used; 4 it is in use; 5 damage was found.\n",
	    to);
}

static const struct command *find(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0 &&
		    (!commands[i].sub || (argc > 2 && strcmp(argv[2], commands[i].sub) == 0)))
			return &commands[i];
	return NULL;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

/* Takes --journal FILE, which all commands know, out of the arguments. False: its value is missing.
 */
static bool take_journal(int *argc, char **argv)
{
	static const char name[] = "--journal";
	const size_t n = sizeof(name) - 1;

	for (int i = 1; i < *argc && strcmp(argv[i], "--"); i++) {
		int words = 1;

		if (strncmp(argv[i], name, n) || (argv[i][n] && argv[i][n] != '='))
			continue;
		if (argv[i][n]) {
			volume_set_journal(argv[i] + n + 1);
		} else {
			if (i + 1 == *argc)
				return false;
			volume_set_journal(argv[i + 1]);
			words = 2;
		}
		memmove(&argv[i], &argv[i + words],
			(size_t)(*argc - i - words + 1) * sizeof(*argv));
		*argc -= words;
		i--;
	}
	return true;
}

int main(int argc, char **argv)
{
	int status;

	setlocale(LC_CTYPE, "");
	if (!take_journal(&argc, argv) || argc < 2) {
		help_all(stderr);
		return STATUS_USAGE;
	}
	running = find(argc, argv);
	if (!running && wants_help(argc, argv)) {
		help_all(stdout);
		return STATUS_OK;
	}
	if (!running) {
		fprintf(stderr, "aramid-fs: there is no command \"%s\"%s\n", argv[1],
			strcmp(argv[1], "tar") ? "" : " without in or out");
		help_all(stderr);
		return STATUS_USAGE;
	}
	argc -= running->sub ? 2 : 1;
	argv += running->sub ? 2 : 1;
	if (wants_help(argc, argv)) {
		print_usage(stdout);
		printf("%s.\n%s", running->summary, running->help);
		return STATUS_OK;
	}
	interrupts_catch();
	status = running->run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("aramid-fs: standard output can't be written\n", stderr);
		status = status ? status : STATUS_FAILED;
	}
	return status;
}

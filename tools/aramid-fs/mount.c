/*
 * mount: the volume as a directory of this machine.
 *
 * Unless it stays in the foreground, a child does all the work, from the first look at the image
 * on (locks and threads do not survive a fork), and the parent ends with the child's status when
 * the mount stands or has failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "common.h"
#include "fuse_int.h"
#include "vfs/pagecache.h"

#define THREADS 8

struct mounting {
	const char *image, *directory;
	bool foreground, others, automatic;
	char *volume_options; /* those that are not FUSE's; NULL: none */
	char *name;           /* what mount(8) shows as the source */
	int ready;            /* where the parent waits for the status; -1: there is none */
};

/* Sorts "a,b=c" into what FUSE, what we, and what the volume takes. */
static void sort_options(struct mounting *m, char *text, struct volume_options *volume)
{
	for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
		if (strcmp(at, "allow_other") == 0) {
			m->others = true;
		} else if (strcmp(at, "fakeroot") == 0) {
			fuse_fakeroot = true;
		} else if (strcmp(at, "ro") == 0) {
			volume->mode = IMAGE_READ;
		} else if (strcmp(at, "rw") != 0) {
			char *old = m->volume_options;

			m->volume_options =
			    need_format("%s%s%s", old ? old : "", old ? "," : "", at);
			free(old);
		}
	}
}

/* "x,y" with what must not be taken for an end, escaped. */
static char *escape(const char *text)
{
	char *out = need_memory(strlen(text) * 2 + 1), *at = out;

	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	return out;
}

static struct fuse_session *session_new(const struct mounting *m)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;
	char *name = escape(m->name);
	char *options = need_format("fsname=%s,subtype=aramid-fs%s%s%s", name,
				    fuse_all_permitted ? "" : ",default_permissions",
				    m->others ? ",allow_other" : "", fuse_read_only ? ",ro" : "");

	if (fuse_opt_add_arg(&args, "aramid-fs") || fuse_opt_add_arg(&args, "-o") ||
	    fuse_opt_add_arg(&args, options))
		session = NULL;
	else
		session = fuse_session_new(&args, &fuse_operations, sizeof(fuse_operations), NULL);
	fuse_opt_free_args(&args);
	free(options);
	free(name);
	return session;
}

static void tell_parent(struct mounting *m, int status)
{
	unsigned char byte = (unsigned char)status;
	int null;

	if (m->ready < 0)
		return;
	if (write(m->ready, &byte, 1) != 1)
		_exit(STATUS_INTERNAL);
	close(m->ready);
	m->ready = -1;
	null = open("/dev/null", O_RDWR);
	if (null >= 0 && !status) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (null > STDERR_FILENO)
		close(null);
}

static int loop(struct fuse_session *session)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, THREADS);
	fuse_loop_cfg_set_idle_threads(config, THREADS);
	result = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return result;
}

/* The volume is mounted here; serves it until the end. */
static int serve(struct mounting *m)
{
	struct fuse_session *session = session_new(m);
	int status = STATUS_FAILED, err;

	if (!session)
		return status;
	fuse_session = session;
	err = nodes_start();
	if (err) {
		report_error(err, "%s", m->image);
		goto destroy;
	}
	/* libfuse installs its handlers only where there are none. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	if (fuse_set_signal_handlers(session))
		goto nodes;
	if (fuse_session_mount(session, m->directory)) {
		report("%s: can't be mounted on", m->directory);
		goto signals;
	}
	status = STATUS_OK;
	tell_parent(m, status);
	err = loop(session);
	if (err < 0)
		report_error(err, "%s", m->directory);
	fuse_session_unmount(session);
      signals:
	fuse_remove_signal_handlers(session);
nodes:
	nodes_end();
destroy:
	fuse_session_destroy(session);
	return status;
}

static int work(struct mounting *m, struct volume_options *options)
{
	struct volume volume;
	int status;

	options->mount_options = m->volume_options;
	fuse_all_permitted = fuse_fakeroot || (geteuid() == 0 && !m->others);
	fuse_read_only = options->mode == IMAGE_READ;
	status = volume_open(m->image, options, &volume);
	if (!status) {
		if (!fuse_read_only)
			writeback_start_thread();
		status = serve(m);
		status = volume_close(&volume, status);
	}
	tell_parent(m, status);
	return status;
}

/* Forks: the parent ends with the status that the child tells, or with that of its death. */
static void go_background(struct mounting *m)
{
	unsigned char status;
	int ends[2], wait_status;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0) {
		report_error(-errno, "no process to work in the background");
		exit(STATUS_FAILED);
	}
	if (pid == 0) {
		close(ends[0]);
		setsid();
		m->ready = ends[1];
		return;
	}
	close(ends[1]);
	if (read(ends[0], &status, 1) == 1)
		_exit(status);
	waitpid(pid, &wait_status, 0);
	_exit(WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : STATUS_INTERNAL);
}

int run_mount(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"read-only", no_argument, NULL, 'r'},
	    {"foreground", no_argument, NULL, 'f'},
	    {"options", required_argument, NULL, 'o'},
	    WRITER_OPTIONS,
	    {0},
	};
	struct volume_options options = {.mode = IMAGE_WRITE};
	struct mounting m = {.ready = -1};
	int c, status;

	while ((c = next_option(argc, argv, "+rfo:", longs, &options)) != -1)
		switch (c) {
		case 'r':
			options.mode = IMAGE_READ;
			break;
		case 'f':
			m.foreground = true;
			break;
		case 'o':
			sort_options(&m, optarg, &options);
			break;
		default:
			return usage_error();
		}
	if (argc - optind != 2)
		return usage_error();
	m.image = argv[optind];
	m.directory = argv[optind + 1];
	m.name = realpath(m.image, NULL);
	if (!m.name)
		m.name = need_format("%s", m.image);
	if (!m.foreground)
		go_background(&m);
	status = work(&m, &options);
	free(m.volume_options);
	free(m.name);
	return status;
}

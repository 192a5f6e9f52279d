#include "stray.h"

#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int read_pid(const char *path)
{
	FILE *file = fopen(path, "r");
	int pid = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

/* Whether the process's arguments name the libvirt root. */
static int has_root(int pid, const char *root)
{
	char path[64], text[65536];
	size_t length, root_length = strlen(root);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	return memmem(text, length, root, root_length) != NULL;
}

static int kill_one(int pid, const char *root)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int killed = 0;

	if (fd < 0)
		return 0;
	if (has_root(pid, root) && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0) {
		struct pollfd gone = {.fd = fd, .events = POLLIN};

		poll(&gone, 1, -1);
		killed = 1;
	}
	close(fd);
	return killed;
}

int stray_kill_all(const char *root)
{
	char pattern[4200];
	glob_t files;
	int count = 0;

	snprintf(pattern, sizeof(pattern), "%s/run/qemu/*.pid", root);
	if (glob(pattern, 0, NULL, &files) != 0)
		return 0;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		int pid = read_pid(files.gl_pathv[i]);

		if (pid > 1)
			count += kill_one(pid, root);
	}
	globfree(&files);
	return count;
}

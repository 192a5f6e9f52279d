#include "image.h"
#include "guest.h"
#include "runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the end of a log is quoted in a message. */
static const char *log_tail(const char *path)
{
	static char text[2048];
	FILE *file = fopen(path, "r");
	size_t length = 0;

	if (!file)
		return "";
	if (fseek(file, -(long)(sizeof(text) - 1), SEEK_END) != 0)
		rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

int image_command(const char *name, const char *format, ...)
{
	char command[8192], whole[16384];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	snprintf(whole, sizeof(whole),
		 "{ cd '%s' && PATH=$PATH:/usr/sbin:/sbin; %s; } >'%s' 2>&1 </dev/null", runner.top,
		 command, runner_path("logs/%s.log", name));
	status = system(whole); // NOLINT(cert-env33-c): the commands are this program's own
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

const char *image_make(const char *name, const char *options)
{
	static char path[4096];
	char log[256];

	snprintf(path, sizeof(path), "%s", runner_path("images/%s.img", name));
	snprintf(log, sizeof(log), "%s.mkrootfs", name);
	REQUIRE(image_command(log, "scripts/mkrootfs %s '%s'", options, path) == 0,
		"scripts/mkrootfs %s failed:\n%s", options,
		log_tail(runner_path("logs/%s.log", log)));
	return path;
}

const char *image_copy_root(const char *name)
{
	static char path[4096];
	char log[256];

	snprintf(path, sizeof(path), "%s", runner_path("images/%s.img", name));
	snprintf(log, sizeof(log), "%s.copy", name);
	REQUIRE(image_command(log, "cp --sparse=always '%s' '%s'", runner_path("images/root.img"),
			      path) == 0,
		"cannot copy the root image:\n%s", log_tail(runner_path("logs/%s.log", log)));
	return path;
}

bool image_is_clean(const char *path, const char *name)
{
	char log[256];

	snprintf(log, sizeof(log), "%s.fsck", name);
	return image_command(log, "scripts/fsck '%s'", path) == 0;
}

void image_judge(const char *path, const char *name)
{
	REQUIRE(image_is_clean(path, name), "the image %s is not clean:\n%s", path,
		log_tail(runner_path("logs/%s.fsck.log", name)));
	unlink(path);
}

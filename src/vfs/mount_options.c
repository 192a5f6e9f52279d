/* The comma list of mount(2)'s data. */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/mount.h"

int mount_options_for_each(const char *text,
			   int (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	char *copy = text ? kstrdup(text, MM_NORMAL) : NULL;
	int err = 0;
	if (!copy)
		return text ? -ENOMEM : 0;
	for (char *at = copy; at && !err;) {
		char *next = strchr(at, ',');
		if (next)
			*next++ = '\0';
		char *value = strchr(at, '=');
		if (value)
			*value++ = '\0';
		if (*at)
			err = fn(arg, at, value ? value : "");
		at = next;
	}
	kfree(copy);
	return err && err != -ENOMEM ? -EINVAL : err;
}

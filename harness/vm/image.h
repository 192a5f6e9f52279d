#ifndef VM_IMAGE_H
#define VM_IMAGE_H

/*
 * Images. They are made by the repository's own scripts and by e2fsprogs, as a person would make
 * them, in build/vm/images. Every function fails the running test when it cannot do its work.
 */

#include <stdbool.h>

/* Runs a shell command with its output in build/vm/logs/NAME.log; returns its exit status. */
int image_command(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The path of a new image of the built-in BusyBox recipe, made with these mkrootfs options. */
const char *image_make(const char *name, const char *options);

/* A copy of the shared root image (4 KiB blocks, 256 MiB), for one guest to write to. */
const char *image_copy_root(const char *name);

/* Whether scripts/fsck calls the image clean. What it says is in logs/NAME.fsck.log. */
bool image_is_clean(const char *path, const char *name);

/* Fails the test unless the image is clean, and removes it if it is. */
void image_judge(const char *path, const char *name);

#endif

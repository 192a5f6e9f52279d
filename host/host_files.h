/*
 * The start of a hosted program that uses files: a root, and a process that stands in it.
 */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include "lib/types.h"
#include "vfs/path.h"

/*
 * vfs_init(), and for "the running process" (host_cred.h) that root as working directory, an empty
 * table of descriptors and this umask. false: no memory. The caller owns the reference that it gets
 * on the root, a tmpfs.
 */
bool host_files_start(u32 umask, struct path *root) __must_check;

#endif

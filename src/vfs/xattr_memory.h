/*
 * Extended attributes that live in memory, for file systems that do (tmpfs).
 *
 * A list in order of creation, zeroed when empty and new. Changes are serialised by the caller;
 * readers may come at any time.
 */
#ifndef ARAMID_VFS_XATTR_MEMORY_H
#define ARAMID_VFS_XATTR_MEMORY_H

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"

struct xattr_memory {
	struct spinlock lock;
	struct list_head entries; /* lock */
};

void xattr_memory_init(struct xattr_memory *memory);
void xattr_memory_clear(struct xattr_memory *memory);
/* As the operations of struct inode_ops. list: without trusted. unless wanted. */
ssize_t __must_check xattr_memory_get(struct xattr_memory *memory, const char *name, void *value,
				      size_t size);
ssize_t __must_check xattr_memory_list(struct xattr_memory *memory, bool trusted, char *buf,
				       size_t size);
int __must_check xattr_memory_set(struct xattr_memory *memory, const char *name, const void *value,
				  size_t size, int flags);
/* Bytes of memory that are held. */
size_t xattr_memory_bytes(struct xattr_memory *memory);

#endif

/*
 * Making and ending open files: what file.c shares with open.c, pipe.c and fdtable.c.
 */
#ifndef ARAMID_VFS_FILE_INT_H
#define ARAMID_VFS_FILE_INT_H

#include "vfs/file.h"

/* An empty file description with one reference. -ENFILE, -ENOMEM. */
int __must_check file_alloc(u32 flags, struct file **out);
/* For one that never was opened: frees it and nothing else. */
void file_free(struct file *file);
/* Every close of a descriptor: locks of the table's owner, ops->flush; drops the reference. */
int file_close(struct file *file, const void *table_owner);
/* Locks the position if others could use it now; says whether. */
bool file_pos_lock(struct file *file);
void file_pos_unlock(struct file *file, bool locked);
/* One more writer, or -ETXTBSY. */
int __must_check inode_write_count_get(struct inode *inode);
void file_init(void);
/* The last reference goes: forgets its watches (vfs/epoll.c). */
void epoll_file_release(struct file *file);

#define FILE_MODE_OPENED (1u << 8) /* ops->open has succeeded: release is due */
#define FILE_MODE_WRITER (1u << 9) /* counted in mount->writers and inode->write_count */

#endif

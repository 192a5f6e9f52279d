/*
 * Pseudo file systems: trees whose files are made up when they are read (procfs, sysfs).
 *
 * A tree is described by constant tables of struct pseudo_entry. A directory has a static part
 * (children) and may have a dynamic one (lookup and iterate). What distinguishes the instances of
 * one entry, say /proc/12/stat from /proc/13/stat, is a struct pseudo_key of plain numbers: it
 * names an object without holding it, so entries never keep a process alive, and a callback whose
 * object has gone answers -ESRCH (or -ENOENT).
 *
 * A text file is generated as a whole at the first read from its start into a buffer of the open
 * file; further reads go on in it. Names are looked up anew each time (SUPER_DONTCACHE); inodes
 * live while they are in use.
 *
 * Locking: tables are constant after start-up. An open text file has a mutex for its buffer.
 */
#ifndef ARAMID_VFS_PSEUDO_H
#define ARAMID_VFS_PSEUDO_H

#include "lib/types.h"
#include "vfs/inode.h"
#include "vfs/path.h"

struct file_ops;

struct pseudo_key {
	u64 id[2];
};

/* Text under construction. After a failed allocation further text is dropped and error stays set.
 */
struct text_buffer {
	char *data;
	size_t length, capacity;
	int error;
};

void text_printf(struct text_buffer *text, const char *fmt, ...) __printf(2, 3);
void text_append(struct text_buffer *text, const void *data, size_t n);
void text_free(struct text_buffer *text);

/* What an instance of an entry has; preset to the entry's mode and root. */
struct pseudo_attributes {
	u32 mode; /* permission bits */
	u32 uid, gid;
	u32 major, minor; /* of a device */
};

struct pseudo_entry {
	const char *name;
	u32 mode; /* with S_IFMT */
	/* Regular files: show makes the text; store takes what one write(2) brought,
	 * NUL-terminated. NULL: not readable, not writable. file_ops: instead of both. */
	int (*show)(struct text_buffer *text, const struct pseudo_key *key);
	int (*store)(const char *text, size_t n, const struct pseudo_key *key);
	const struct file_ops *file_ops;
	/* Symbolic links: a kmalloc'ed target, and (for links that lead to objects rather than
	 * names) the path itself. */
	int (*link)(const struct pseudo_key *key, char **target);
	int (*jump)(const struct pseudo_key *key, struct path *out);
	/* Directories. */
	const struct pseudo_entry *children; /* ends with name NULL */
	int (*lookup)(const struct pseudo_key *key, const struct qstr *name,
		      const struct pseudo_entry **entry, struct pseudo_key *child);
	/* The first dynamic child at or after *cursor: its name, entry, key; *cursor becomes its
	 * position. -ENOENT: no more. */
	int (*iterate)(const struct pseudo_key *key, u64 *cursor, char name[32],
		       const struct pseudo_entry **entry, struct pseudo_key *child);
	/* NULL: as preset. -ESRCH when the object has gone. */
	int (*attributes)(const struct pseudo_key *key, struct pseudo_attributes *out);
	/* Keeps what chmod and chown set, for attributes to tell. NULL: they are -EPERM. */
	int (*setattr)(const struct pseudo_key *key, const struct attr *attr);
};

/* For fs_type.mount: makes the root inode of a tree. */
int __must_check pseudo_mount(struct super_block *super, const struct pseudo_entry *root, u64 magic,
			      struct inode **out);

/* The key of a file opened on an entry with file_ops. */
const struct pseudo_key *pseudo_key_of(const struct inode *inode);

#endif

/*
 * The path walker's state: shared by path lookup (path.c) and open (open.c), which decides about
 * the last component itself.
 */
#ifndef ARAMID_VFS_NAMEI_INT_H
#define ARAMID_VFS_NAMEI_INT_H

#include "vfs/inode.h"
#include "vfs/path.h"

struct walk_frame {
	char *buffer;     /* the link text that next points into; NULL: the caller's name */
	const char *next; /* what is left to walk */
};

struct walk {
	struct path path; /* where we are; referenced */
	struct path root; /* what ".." stops at; referenced once has_root */
	bool has_root;
	unsigned int flags; /* LOOKUP_* */
	unsigned int links; /* symbolic links followed so far */
	struct walk_frame now;
	struct walk_frame
	    *stack; /* texts to go on with after the current one; made at the first nested link */
	unsigned int depth;
	/* After walk_to_last(): the component that path.dentry should contain. */
	struct qstr last;
	enum path_last kind;
	bool trailing_slash;
	bool jumped; /* the last step was a link of procfs, straight to a file that exists */
};

/* base NULL: dirfd decides. On error nothing is held. */
int __must_check walk_start(struct walk *walk, int dirfd, const struct path *base, const char *name,
			    unsigned int flags);
/* Goes as far as the directory of the last component, following links on the way. */
int __must_check walk_to_last(struct walk *walk);
/* The last component in the cache or the file system: referenced dentry, maybe negative. kind is
 * PATH_LAST_NORMAL. */
int __must_check walk_lookup_last(struct walk *walk, struct dentry **out);
/* The last component is the link `dentry` (reference consumed): afterwards walk_to_last() goes on.
 */
int __must_check walk_follow_last(struct walk *walk, struct dentry *dentry);
/* Moves to a positive dentry of the current directory (reference consumed), and onto what is
 * mounted there. */
int __must_check walk_enter(struct walk *walk, struct dentry *dentry);
/* "." , ".." or nothing as the last component. */
int __must_check walk_special_last(struct walk *walk);
void walk_end(struct walk *walk);

#endif

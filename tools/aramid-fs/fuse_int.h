/*
 * The volume as FUSE's kernel half sees it.
 *
 * A node is an inode that the kernel knows: it pins a path that leads to the inode, until the
 * kernel forgets as often as it has looked it up. Nodes are found by inode number, so that hard
 * links are one node. An open file or directory is a handle. Both are in lists, so that a session
 * that ends while the kernel still uses them leaves nothing that keeps the volume from being
 * unmounted.
 *
 * Every request runs under the credentials of who asked: new files belong to them. Permissions are
 * not asked about again: the kernel checks them ("default_permissions"), for which it asks for a
 * directory's attributes after each change of it. It need not where they stop nobody: with
 * fakeroot, and when root has mounted for itself alone.
 */
#ifndef ARAMID_FS_FUSE_INT_H
#define ARAMID_FS_FUSE_INT_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <pthread.h>

#include "volume.h"

struct node {
	struct node *next; /* in its bucket; nodes_mutex */
	u64 ino, lookups;  /* nodes_mutex */
	struct path path;
};

struct handle {
	struct list_head node;
	struct file *file;
	pthread_mutex_t mutex; /* a directory's position */
};

extern const struct fuse_lowlevel_ops fuse_operations;
extern bool fuse_fakeroot, fuse_read_only;
/* Nobody whom permissions would stop can get at the volume, so nobody need ask about them. */
extern bool fuse_all_permitted;
extern struct fuse_session *fuse_session;

int nodes_start(void); /* the root */
void nodes_end(void);  /* all of them, and handles */
struct node *node_of(fuse_ino_t ino);
/* The path's inode as the kernel may know it: a reference on path is taken over. Counts one
 * lookup. */
struct node *node_get(const struct path *path, u64 ino);
void node_forget(fuse_ino_t ino, u64 lookups);
fuse_ino_t node_id(const struct node *node);

struct handle *handle_new(struct file *file); /* takes over the reference */
void handle_drop(struct handle *handle);

#endif

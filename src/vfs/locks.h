/*
 * Record locks (POSIX and open-file-description) and flock, as the rest of vfs sees them; the calls
 * are in vfs/vfs.h.
 */
#ifndef ARAMID_VFS_LOCKS_H
#define ARAMID_VFS_LOCKS_H

struct inode;

/* The inode goes away: frees what is left of its lock state. Nobody holds a lock on it. */
void locks_inode_free(struct inode *inode);

#endif

/*
 * Files that are not data: devices, FIFOs, sockets.
 */
#ifndef ARAMID_VFS_SPECIAL_H
#define ARAMID_VFS_SPECIAL_H

struct file_ops;

extern const struct file_ops chardev_file_ops; /* open goes to the registered device */
extern const struct file_ops fifo_file_ops;    /* vfs/pipe.c */

#endif

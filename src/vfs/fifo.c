/* FIFOs: pipes with a name. See pipe.c. */
#include "vfs/file.h"
#include "vfs/inode_int.h"
#include "vfs/mount_int.h"
#include "vfs/pipe_int.h"
#include "vfs/special.h"

#include <linux/fcntl.h>

/* The pipe of the FIFO, made if need be, with this file counted in. */
static int fifo_join(struct inode *inode, struct file *file, struct pipe **out)
{
	struct pipe *pipe;

	rwsem_write_lock(&inode->rwsem);
	pipe = inode->pipe;
	if (!pipe) {
		pipe = pipe_alloc();
		if (!pipe) {
			rwsem_write_unlock(&inode->rwsem);
			return -ENOMEM;
		}
		pipe->inode = inode;
		inode->pipe = pipe;
	}
	mutex_lock(&pipe->lock);
	pipe->files++;
	if (file->mode & FILE_READ) {
		pipe->readers++;
		pipe->reader_opens++;
	}
	if (file->mode & FILE_WRITE) {
		pipe->writers++;
		pipe->writer_opens++;
	}
	mutex_unlock(&pipe->lock);
	rwsem_write_unlock(&inode->rwsem);
	pipe_wake(&pipe->readable, 0);
	pipe_wake(&pipe->writable, 0);
	*out = pipe;
	return 0;
}

static int fifo_open(struct inode *inode, struct file *file)
{
	struct pipe *pipe;
	u32 seen;
	int err;

	err = fifo_join(inode, file, &pipe);
	if (err)
		return err;
	file->private = pipe;
	file->ops = &pipe_file_ops;
	file->mode = (file->mode & ~(u32)FILE_SEEKABLE) | FILE_STREAM;
	/* Opened again through /proc, a pipe is taken as it is: nobody else may ever come. */
	if (inode->super == super_anonymous)
		return 0;
	if ((file->mode & (FILE_READ | FILE_WRITE)) == FILE_READ) {
		seen = READ_ONCE(pipe->writer_opens);
		if (!READ_ONCE(pipe->writers) && !(file->flags & O_NONBLOCK))
			err = wait_event_interruptible(&pipe->readable,
						       READ_ONCE(pipe->writer_opens) != seen ||
							   READ_ONCE(pipe->writers));
	} else if ((file->mode & (FILE_READ | FILE_WRITE)) == FILE_WRITE) {
		seen = READ_ONCE(pipe->reader_opens);
		if (!READ_ONCE(pipe->readers) && (file->flags & O_NONBLOCK))
			err = -ENXIO;
		else if (!READ_ONCE(pipe->readers))
			err = wait_event_interruptible(&pipe->writable,
						       READ_ONCE(pipe->reader_opens) != seen ||
							   READ_ONCE(pipe->readers));
	}
	if (err)
		pipe_release(file);
	return err;
}

const struct file_ops fifo_file_ops = {.open = fifo_open};

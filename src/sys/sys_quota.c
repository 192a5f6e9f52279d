/* quotactl and quotactl_fd. */
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/quota.h>

/* cmd: a command and, in its lowest byte, a type. */
static int split(unsigned long cmd, unsigned int *command, unsigned int *type)
{
	*command = (unsigned int)cmd >> SUBCMDSHIFT;
	*type = (unsigned int)cmd & SUBCMDMASK;
	return *type < MAXQUOTAS ? 0 : -EINVAL;
}

SYSCALL(quotactl)
{
	unsigned int command, type;
	int err = split(args[0], &command, &type);

	if (err)
		return err;
	return vfs_quotactl_device((const char __user *)args[1], command, type, (u32)args[2],
				   (void __user *)args[3]);
}

SYSCALL(quotactl_fd)
{
	unsigned int command, type;
	struct fd_ref ref = fd_borrow((int)args[0]);
	long result = -EBADF;

	if (ref.file && !(ref.file->mode & FILE_PATH_ONLY)) {
		result = split(args[1], &command, &type);
		if (!result)
			result = vfs_quotactl(ref.file->inode->super, command, type, (u32)args[2],
					      (void __user *)args[3]);
	}
	fd_return(ref);
	return result;
}

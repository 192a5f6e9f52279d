#include "host_files.h"

#include "host_cred.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

bool host_files_start(u32 umask, struct path *root)
{
	vfs_init(root);
	struct fs_context *context = fs_context_create(root);
	struct file_table *files = file_table_create();

	if (!context || !files)
		return false;
	context->umask = umask;
	host_set_fs(context);
	host_set_files(files);
	return true;
}

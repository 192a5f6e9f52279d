/*
 * The initramfs on whatever bytes: it is unpacked or refused, in a tree of its own, and the tree
 * can be taken away again.
 */
#include "../unit/cpio_image.h"
#include "host_cred.h"
#include "host_files.h"
#include "lib/assert.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/vfs.h"

#include <stdlib.h>

static struct path root;

static void start(void)
{
	VERIFY(host_files_start(022, &root));
	VERIFY_EQ(vfs_mkdir(-100, "/tree", 0755), 0);
}

/* A good archive, for a start. */
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max);

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	static struct cpio_image image;

	if (size < CPIO_HEADER || seed % 64 == 0) {
		cpio_sample(&image);
		size = image.size < max ? image.size : max;
		memcpy(data, image.bytes, size);
	}
	return LLVMFuzzerMutate(data, size, max);
}

static void stand_in(const struct path *path)
{
	path_get(path);
	fs_context_set_root(current_fs(), path);
	path_get(path);
	fs_context_set_cwd(current_fs(), path);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct path tree;

	if (!root.mount)
		start();
	VERIFY_EQ(path_lookup(-100, "/tree", LOOKUP_FOLLOW, &tree), 0);
	VERIFY_EQ(mount_new("none", &tree, "tmpfs", 0, "size=1M,nr_inodes=1000"), 0);
	path_put(&tree);
	VERIFY_EQ(path_lookup(-100, "/tree", LOOKUP_FOLLOW, &tree), 0);
	stand_in(&tree);
	if (initramfs_unpack(data, size)) {
		/* refused: what it made until then goes with the tree */
	}
	stand_in(&root);
	VERIFY_EQ(mount_umount(&tree, UMOUNT_DETACH), 0);
	path_put(&tree);
	return 0;
}

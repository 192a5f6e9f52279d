/*
 * Credentials and per-process file context, as vfs sees them. The current_*() functions are a seam:
 * src/sys returns the running thread's, the hosted build a settable one.
 */
#ifndef ARAMID_VFS_CRED_H
#define ARAMID_VFS_CRED_H

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "vfs/path.h"

#define CRED_GROUPS_MAX 65536

/* Immutable once installed; reference counted; replaced as a whole. */
struct cred {
	u32 refs; /* atomic */
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding,
	    cap_ambient; /* CAP_* bits */
	u32 securebits;
	bool no_new_privs;
	u32 group_count;
	u32 *groups; /* sorted */
};

struct cred *cred_dup(const struct cred *cred); /* a private copy to change; NULL on no memory */
void cred_get(const struct cred *cred);
void cred_put(const struct cred *cred);
bool cred_in_group(const struct cred *cred, u32 gid); /* fsgid or supplementary */
bool cred_capable(const struct cred *cred, int cap); /* CAP_* of linux/capability.h, in effective */

const struct cred *current_cred(void); /* valid while the thread does not change it */
static inline bool capable(int cap)
{
	return cred_capable(current_cred(), cap);
}

/* Working directory, root and umask; shared by threads (CLONE_FS). */
struct fs_context {
	u32 refs; /* atomic */
	struct spinlock lock;
	struct path root, cwd; /* lock */
	u32 umask;             /* lock */
	struct list_head node; /* all of them, for pivot_root */
};

struct fs_context *current_fs(void);
struct fs_context *
fs_context_create(const struct path *root); /* takes references; NULL on no memory */
struct fs_context *fs_context_dup(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);
/* Takes the path's references into its own; the old ones are put. */
void fs_context_set_root(struct fs_context *fs, const struct path *root);
void fs_context_set_cwd(struct fs_context *fs, const struct path *cwd);
/* Whoever has `from` as root or working directory gets `to` (pivot_root). */
void fs_context_replace_all(const struct path *from, const struct path *to);

struct file_table;
struct file_table *current_files(void); /* vfs/fdtable.h */

/* Resource limits that vfs needs: RLIMIT_* of linux/resource.h. Seam. */
u64 current_rlimit(unsigned int resource);
/* Seam: sends SIGXFSZ or SIGPIPE to the running thread. */
void current_send_signal(int sig);

#endif

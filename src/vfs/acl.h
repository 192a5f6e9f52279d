/*
 * POSIX access control lists (POSIX.1e draft 17, as Linux has them).
 *
 * A list says more exactly than nine bits who may do what: entries for the owner, for users and
 * groups by number, for the owning group, for others, and a mask that limits all but the owner and
 * others. A directory may also have a default list, which what is made in it inherits.
 *
 * In memory a list is a constant, reference-counted struct acl. inode->acl[] caches both of an
 * inode: ACL_UNKNOWN until the file system was asked, NULL if there is none, which is also what
 * inodes of file systems without lists have from the start, so that they pay nothing. Users see
 * lists as the extended attributes system.posix_acl_access and system.posix_acl_default.
 *
 * The mode's bits and the access list always agree: the group bits are the mask's, if there is one.
 * A list that says no more than the mode does is not stored.
 */
#ifndef ARAMID_VFS_ACL_H
#define ARAMID_VFS_ACL_H

#include "lib/types.h"

struct inode;

enum acl_type {
	ACL_LIST_ACCESS,
	ACL_LIST_DEFAULT,
	ACL_LISTS,
};

struct acl_entry {
	u16 tag;  /* ACL_USER_OBJ … of linux/posix_acl.h */
	u16 perm; /* ACL_READ | ACL_WRITE | ACL_EXECUTE */
	u32 id;   /* of ACL_USER and ACL_GROUP, otherwise ACL_UNDEFINED_ID */
};

struct acl {
	u32 refs; /* atomic */
	u32 count;
	struct acl_entry entries[];
};

#define ACL_UNKNOWN ((struct acl *)1)

/* More entries than this are refused (-EINVAL): what fits into the largest attribute value. */
#define ACL_ENTRIES_MAX 8191u

struct acl *acl_alloc(u32 count); /* one reference; NULL on no memory */
struct acl *acl_ref(struct acl *acl);
void acl_put(struct acl *acl); /* NULL is fine */

/* Tags in order, each where it must be, permissions in range: -EINVAL otherwise. */
int __must_check acl_check(const struct acl *acl);
/* To and from the form of the system calls. value of no entries: *out is NULL. -EINVAL,
 * -EOPNOTSUPP (another version), -ENOMEM. */
int __must_check acl_from_xattr(const void *value, size_t size, struct acl **out);
/* The size; size 0 only asks. -ERANGE */
ssize_t __must_check acl_to_xattr(const struct acl *acl, void *value, size_t size);
/* Puts the permission bits that agree with the list into *mode. Whether they say everything. */
bool acl_is_mode(const struct acl *acl, u32 *mode);
/* ACL_LISTS if the name is none of the two attributes'. */
enum acl_type acl_type_of_name(const char *name);
const char *acl_name(enum acl_type type);

/* The inode's list, referenced; NULL if it has none. */
int __must_check acl_get(struct inode *inode, enum acl_type type, struct acl **out);
/* The cached list is now this one (a reference is taken); for file systems. */
void acl_cache_set(struct inode *inode, enum acl_type type, struct acl *acl);
void acl_inode_clear(struct inode *inode);
/* setxattr(2), getxattr(2) of the two attributes. set: acl NULL removes; rwsem held for writing. */
int __must_check acl_set(struct inode *inode, enum acl_type type, struct acl *acl);
ssize_t __must_check acl_get_xattr(struct inode *inode, enum acl_type type, void *value,
				   size_t size);
/* Whether the running thread, who is not the owner, has mask: 0, -EACCES, or -EAGAIN if there is
 * no list and the mode decides. */
int __must_check acl_permission(struct inode *inode, unsigned int mask);
/* After chmod: makes the access list agree with the mode. rwsem held for writing. */
int __must_check acl_chmod(struct inode *inode);

/* Takes the umask out of the mode of what is about to be made in dir, unless a default list will
 * decide instead. dir's rwsem is held. */
int __must_check acl_umask(struct inode *dir, u32 *mode);
/* What something made in dir inherits: sets lists[] (NULL or referenced) and takes from *mode what
 * they don't grant. For file systems, when they create. */
int __must_check acl_inherit(struct inode *dir, u32 *mode, struct acl *lists[ACL_LISTS]);
void acl_put_all(struct acl *lists[ACL_LISTS]);

#endif

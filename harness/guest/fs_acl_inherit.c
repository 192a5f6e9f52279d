#include "contract.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[5];
};

#define NOBODY ((unsigned int)ACL_UNDEFINED_ID)

static void show(const char *name, const char *attribute)
{
	struct list list;
	ssize_t n = lgetxattr(name, attribute, &list, sizeof(list));

	if (n < 0) {
		say("%s: mode %o, %s: %s", name, lstat_of(name).st_mode, attribute,
		    error_name(errno));
		return;
	}
	EQ(n, sizeof(list));
	say("%s: mode %o, %s: %o %o %o %o %o", name, lstat_of(name).st_mode, attribute,
	    list.entries[0].e_perm, list.entries[1].e_perm, list.entries[2].e_perm,
	    list.entries[3].e_perm, list.entries[4].e_perm);
}

CONTRACT(fs_acl_inherit, "a default list is inherited instead of the umask")
{
	static const struct list list = {{POSIX_ACL_XATTR_VERSION},
					 {{ACL_USER_OBJ, 7, NOBODY},
					  {ACL_USER, 6, 1000},
					  {ACL_GROUP_OBJ, 5, NOBODY},
					  {ACL_MASK, 7, NOBODY},
					  {ACL_OTHER, 5, NOBODY}}};

	OK(mkdir("d", 0755));
	if (setxattr("d", DEFAULT, &list, sizeof(list), 0) && errno == EOPNOTSUPP)
		skip("this file system keeps no lists");
	OK(chdir("d"));
	umask(077);
	OK(close(OK(open("file", O_CREAT | O_WRONLY, 0666))));
	OK(close(OK(open("private", O_CREAT | O_WRONLY, 0600))));
	OK(mkdir("dir", 0777));
	OK(mkfifo("fifo", 0640));
	OK(symlink("file", "link"));
	show("file", ACCESS);
	show("file", DEFAULT);
	show("private", ACCESS);
	show("dir", ACCESS);
	show("dir", DEFAULT);
	show("fifo", ACCESS);
	say("link: %o", lstat_of("link").st_mode);
	SHOW_VALUE(lgetxattr("link", ACCESS, NULL, 0));
	OK(close(OK(open("dir/file", O_CREAT | O_WRONLY, 0666))));
	show("dir/file", ACCESS);
	OK(removexattr(".", DEFAULT));
	SHOW(removexattr(".", DEFAULT));
	OK(close(OK(open("masked", O_CREAT | O_WRONLY, 0666))));
	show("masked", ACCESS);
}

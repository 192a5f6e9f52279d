#include "contract.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[7];
};

#define NOBODY ((unsigned int)ACL_UNDEFINED_ID)

static int may(unsigned int uid, unsigned int gid, int mode)
{
	int error;

	OK(setegid(gid));
	OK(seteuid(uid));
	errno = 0;
	error = faccessat(AT_FDCWD, "f", mode, AT_EACCESS) ? errno : 0;
	OK(seteuid(0));
	OK(setegid(0));
	return error;
}

CONTRACT(fs_acl_permissions, "access control lists decide, and agree with the mode")
{
	static const struct list list = {{POSIX_ACL_XATTR_VERSION},
					 {{ACL_USER_OBJ, 6, NOBODY},
					  {ACL_USER, 6, 1000},
					  {ACL_USER, 0, 1001},
					  {ACL_GROUP_OBJ, 6, NOBODY},
					  {ACL_GROUP, 5, 2000},
					  {ACL_MASK, 4, NOBODY},
					  {ACL_OTHER, 1, NOBODY}}};
	static const unsigned int who[][2] = {
	    {1000, 1}, {1001, 3000}, {1002, 3000}, {1003, 2000}, {1004, 1}};
	struct list found, bad = list;
	int fd;

	OK(chmod(".", 0755));
	put("f", "contents");
	OK(chown("f", 500, 3000));
	if (setxattr("f", ACCESS, &list, sizeof(list), 0) && errno == EOPNOTSUPP)
		skip("this file system keeps no lists");
	say("mode %o", stat_of("f").st_mode & 07777);
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		for (int mode = 1; mode < 8; mode <<= 1)
			say("uid %u gid %u mask %d: %s", who[i][0], who[i][1], mode,
			    may(who[i][0], who[i][1], mode) ? "no" : "yes");
	OK(setegid(1));
	OK(seteuid(1000));
	fd = OK(open("f", O_RDONLY));
	OK(close(fd));
	SHOW(open("f", O_WRONLY));
	SHOW(setxattr("f", ACCESS, &list, sizeof(list), 0));
	OK(seteuid(0));
	OK(setegid(0));
	OK(chmod("f", 0765));
	EQ(getxattr("f", ACCESS, &found, sizeof(found)), sizeof(found));
	for (int i = 0; i < 7; i++)
		say("entry %d: tag %x perm %o", i, found.entries[i].e_tag, found.entries[i].e_perm);
	SHOW_VALUE(getxattr("f", ACCESS, &found, 10));
	SHOW_VALUE(getxattr("f", ACCESS, NULL, 0));
	bad.entries[5].e_tag = ACL_OTHER;
	SHOW(setxattr("f", ACCESS, &bad, sizeof(bad), 0));
	bad.header.a_version = 1;
	SHOW(setxattr("f", ACCESS, &bad, sizeof(bad), 0));
	SHOW(setxattr("f", ACCESS, &list, 3, 0));
	SHOW(setxattr("f", ACCESS, &list, sizeof(list) - 1, 0));
	SHOW(setxattr("f", "system.posix_acl_default", &list, sizeof(list), 0));
	SHOW(removexattr("f", ACCESS));
	say("mode %o", stat_of("f").st_mode & 07777);
	SHOW_VALUE(getxattr("f", ACCESS, &found, sizeof(found)));
	SHOW(removexattr("f", ACCESS));
}

#include "contract.h"

#include <sys/xattr.h>

CONTRACT(fs_xattr_namespaces, "each namespace of attributes has its permissions")
{
	char value[20];

	put("mine", "1");
	put("theirs", "2");
	if (setxattr("mine", "trusted.t", "one", 3, 0))
		skip("trusted attributes can't be set here");
	if (setxattr("mine", "user.u", "one", 3, 0))
		skip("user attributes can't be set here");
	OK(chmod(".", 0755));
	OK(mkdir("sticky", 0777));
	OK(chmod("sticky", 01777));
	OK(mkdir("open", 0777));
	OK(chmod("open", 0777));
	OK(symlink("mine", "link"));
	OK(mkfifo("fifo", 0666));
	SHOW(lsetxattr("link", "user.u", "1", 1, 0));
	SHOW_VALUE(lgetxattr("link", "user.u", value, sizeof(value)));
	SHOW_VALUE(getxattr("link", "user.u", value, sizeof(value)));
	SHOW(lsetxattr("link", "trusted.l", "1", 1, 0));
	SHOW_VALUE(lgetxattr("link", "trusted.l", value, sizeof(value)));
	SHOW_VALUE(getxattr("link", "trusted.l", value, sizeof(value)));
	SHOW(setxattr("fifo", "user.u", "1", 1, 0));
	SHOW(setxattr("fifo", "trusted.u", "1", 1, 0));
	SHOW(setxattr("mine", "security.contract", "1", 1, 0));
	OK(chown("mine", 1000, 1000));
	OK(chmod("theirs", 0640));
	OK(seteuid(1000));
	SHOW(setxattr("mine", "user.x", "1", 1, 0));
	SHOW(setxattr("theirs", "user.x", "1", 1, 0));
	SHOW_VALUE(getxattr("theirs", "user.x", value, sizeof(value)));
	SHOW(setxattr("mine", "trusted.x", "1", 1, 0));
	SHOW_VALUE(getxattr("mine", "trusted.t", value, sizeof(value)));
	SHOW(removexattr("mine", "trusted.t"));
	SHOW(setxattr("mine", "security.contract", "2", 1, 0));
	SHOW_VALUE(getxattr("mine", "security.contract", value, sizeof(value)));
	SHOW(removexattr("mine", "security.contract"));
	SHOW(setxattr("sticky", "user.x", "1", 1, 0));
	SHOW(setxattr("open", "user.x", "1", 1, 0));
	SHOW(removexattr("mine", "user.u"));
	OK(seteuid(0));
	SHOW_VALUE(getxattr("mine", "trusted.t", value, sizeof(value)));
}

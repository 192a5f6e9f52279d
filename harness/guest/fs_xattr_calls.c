#include "contract.h"

#include <sys/xattr.h>

/* Whether the file's list of names has this one. */
static int listed(const char *path, const char *name)
{
	static char list[4096];
	ssize_t n = OK(listxattr(path, list, sizeof(list)));

	for (char *at = list; at < list + n; at += strlen(at) + 1)
		if (!strcmp(at, name))
			return 1;
	return 0;
}

CONTRACT(fs_xattr_calls, "extended attributes: sizes, flags and errors")
{
	static char large[70000], text[300];
	char value[20];
	int fd;

	put("f", "contents");
	if (setxattr("f", "user.first", "one", 3, 0) && errno == EOPNOTSUPP)
		skip("this file system keeps no attributes");
	SHOW_VALUE(getxattr("f", "user.first", NULL, 0));
	SHOW_VALUE(getxattr("f", "user.first", value, sizeof(value)));
	CHECK(!memcmp(value, "one", 3));
	SHOW_VALUE(getxattr("f", "user.first", value, 2));
	SHOW_VALUE(getxattr("f", "user.none", value, sizeof(value)));
	SHOW(setxattr("f", "user.first", "two", 3, XATTR_CREATE));
	SHOW(setxattr("f", "user.none", "two", 3, XATTR_REPLACE));
	SHOW(setxattr("f", "user.first", "three", 5, XATTR_REPLACE));
	SHOW(setxattr("f", "user.second", "", 0, XATTR_CREATE));
	SHOW_VALUE(getxattr("f", "user.second", value, sizeof(value)));
	SHOW(setxattr("f", "user.x", "x", 1, XATTR_CREATE | XATTR_REPLACE));
	SHOW(setxattr("f", "user.x", "x", 1, 8));
	SHOW(setxattr("f", "user.", "x", 1, 0));
	SHOW(setxattr("f", "", "x", 1, 0));
	SHOW(setxattr("f", "nospace", "x", 1, 0));
	SHOW(setxattr("f", "other.x", "x", 1, 0));
	SHOW(setxattr("f", "system.x", "x", 1, 0));
	SHOW(setxattr("f", "user.x", large, 65537, 0));
	SHOW(setxattr("f", "user.x", (void *)8, 10, 0));
	SHOW(setxattr("f", (char *)8, "x", 1, 0));
	SHOW(setxattr("none", "user.x", "x", 1, 0));
	memset(text, 'n', sizeof(text));
	memcpy(text, "user.", 5);
	text[256] = '\0';
	SHOW(setxattr("f", text, "x", 1, 0));
	text[255] = '\0';
	SHOW(setxattr("f", text, "x", 1, 0));
	SHOW(removexattr("f", text));
	CHECK(listed("f", "user.first") && listed("f", "user.second") && !listed("f", text));
	SHOW_VALUE(listxattr("f", value, 3));
	fd = OK(open("f", O_RDWR));
	SHOW(fsetxattr(fd, "user.third", "by descriptor", 13, 0));
	SHOW_VALUE(fgetxattr(fd, "user.third", value, sizeof(value)));
	SHOW(fremovexattr(fd, "user.first"));
	SHOW(fremovexattr(fd, "user.first"));
	CHECK(flistxattr(fd, large, sizeof(large)) > 0);
	CHECK(!listed("f", "user.first") && listed("f", "user.third"));
	OK(close(fd));
	fd = OK(open("f", O_RDONLY | O_PATH));
	SHOW(fsetxattr(fd, "user.x", "x", 1, 0));
	SHOW_VALUE(fgetxattr(fd, "user.third", value, sizeof(value)));
	OK(close(fd));
	SHOW(fsetxattr(99, "user.x", "x", 1, 0));
	OK(rename("f", "g"));
	SHOW_VALUE(getxattr("g", "user.third", value, sizeof(value)));
	OK(link("g", "h"));
	SHOW_VALUE(getxattr("h", "user.third", value, sizeof(value)));
}

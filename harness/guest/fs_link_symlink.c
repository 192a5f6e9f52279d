#include "contract.h"

CONTRACT(fs_link_symlink, "linkat links a symbolic link itself unless told to follow")
{
	put("file", "content");
	OK(symlink("file", "soft"));
	OK(linkat(AT_FDCWD, "soft", AT_FDCWD, "hard-to-soft", 0));
	CHECK(S_ISLNK(lstat_of("hard-to-soft").st_mode));
	EQ(lstat_of("soft").st_nlink, 2);
	OK(linkat(AT_FDCWD, "soft", AT_FDCWD, "hard-to-file", AT_SYMLINK_FOLLOW));
	CHECK(S_ISREG(lstat_of("hard-to-file").st_mode));
	EQ(lstat_of("file").st_nlink, 2);
	OK(unlink("soft"));
	SAME(get("hard-to-soft"), "content");
	say("linked");
}

#include "contract.h"

CONTRACT(fs_rmdir_cwd, "a removed working directory still resolves but holds nothing")
{
	char path[PATH_MAX];
	struct stat st;

	OK(mkdir("d", 0755));
	OK(chdir("d"));
	OK(rmdir("../d"));
	FAILS(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
	FAILS(open("file", O_CREAT | O_WRONLY, 0644), ENOENT);
	FAILS(mkdir("e", 0755), ENOENT);
	FAILS(symlink("x", "y"), ENOENT);
	OK(stat(".", &st));
	EQ(st.st_nlink, 0);
	OK(chdir(".."));
	CHECK(!exists("d"));
	say("held nothing");
}

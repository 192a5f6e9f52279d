#include "contract.h"

CONTRACT(fs_chdir, "chdir, fchdir and getcwd agree")
{
	char base[PATH_MAX], here[PATH_MAX + 64], path[PATH_MAX + 64];
	int fd;

	CHECK(getcwd(base, sizeof(base)));
	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	put("file", "");
	fd = OK(open("d", O_RDONLY));
	OK(chdir("d/e"));
	CHECK(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/d/e", base);
	SAME(here, path);
	OK(rename("../../d", "../../renamed"));
	CHECK(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/renamed/e", base);
	SAME(here, path);
	OK(fchdir(fd));
	CHECK(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/renamed", base);
	SAME(here, path);
	EQ(syscall(SYS_getcwd, here, sizeof(here)), strlen(path) + 1);
	FAILS(syscall(SYS_getcwd, here, strlen(path)), ERANGE);
	FAILS(syscall(SYS_getcwd, here, 0), ERANGE);
	OK(chdir(base));
	FAILS(chdir("file"), ENOTDIR);
	FAILS(chdir("missing"), ENOENT);
	FAILS(fchdir(OK(open("file", O_RDONLY))), ENOTDIR);
	FAILS(fchdir(99), EBADF);
	say("agreed");
}

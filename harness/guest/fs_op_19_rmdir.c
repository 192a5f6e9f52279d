#include "contract.h"

CONTRACT(fs_op_19_rmdir, "rmdir removes an empty directory")
{
	struct stat st;

	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	FAILS(rmdir("d"), ENOTEMPTY);
	OK(rmdir("d/e"));
	OK(rmdir("d"));
	FAILS(stat("d", &st), ENOENT);
	FAILS(rmdir("d"), ENOENT);
	OK(mkdir("d", 0700));
	OK(rmdir("d/"));
	say("removed");
}

#include "contract.h"

CONTRACT(fs_name_max, "names of 255 bytes work, 256 are too long, paths end at 4096")
{
	char name[300], path[PATH_MAX + 16];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	put(name, "long");
	SAME(get(name), "long");
	OK(unlink(name));
	OK(mkdir(name, 0755));
	OK(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	FAILS(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
	FAILS(mkdir(name, 0755), ENAMETOOLONG);
	FAILS(symlink("x", name), ENAMETOOLONG);
	FAILS(rename(".", name), EBUSY);
	memset(path, '/', sizeof(path));
	path[4095] = 0;
	OK(access(path, F_OK));
	path[4095] = '/';
	path[4096] = 0;
	FAILS(access(path, F_OK), ENAMETOOLONG);
	for (int i = 0; i < 4096; i += 2)
		memcpy(path + i, "./", 2);
	path[4095] = 0;
	OK(access(path, F_OK));
	say("limits as documented");
}

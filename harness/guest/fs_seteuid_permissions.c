#include "contract.h"

CONTRACT(fs_seteuid_permissions, "seteuid takes rights away and gives them back")
{
	put("secret", "secret");
	OK(chmod("secret", 0600));
	OK(chmod(".", 0755));
	OK(seteuid(1000));
	FAILS(open("secret", O_RDONLY), EACCES);
	FAILS(open("new", O_CREAT | O_WRONLY, 0644), EACCES);
	FAILS(mkdir("d", 0755), EACCES);
	FAILS(unlink("secret"), EACCES);
	FAILS(mknod("node", S_IFIFO | 0600, 0), EACCES);
	FAILS(chroot("."), EPERM);
	OK(seteuid(0));
	SAME(get("secret"), "secret");
	OK(mkdir("d", 0755));
	say("taken and given back");
}

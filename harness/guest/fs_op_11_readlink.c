#include "contract.h"

CONTRACT(fs_op_11_readlink, "readlink returns the target, cut to the buffer, without a NUL")
{
	char buffer[64];

	OK(symlink("target/of/the/link", "link"));
	put("file", "");
	memset(buffer, '#', sizeof(buffer));
	EQ(readlink("link", buffer, sizeof(buffer)), 18);
	CHECK(memcmp(buffer, "target/of/the/link#", 19) == 0);
	memset(buffer, '#', sizeof(buffer));
	EQ(readlink("link", buffer, 6), 6);
	CHECK(memcmp(buffer, "target#", 7) == 0);
	FAILS(syscall(SYS_readlink, "link", buffer, 0), EINVAL);
	FAILS(syscall(SYS_readlink, "link", buffer, -1), EINVAL);
	FAILS(readlink("file", buffer, sizeof(buffer)), EINVAL);
	FAILS(readlink(".", buffer, sizeof(buffer)), EINVAL);
	FAILS(readlink("missing", buffer, sizeof(buffer)), ENOENT);
	say("read back");
}

#include "contract.h"

CONTRACT(fs_access, "access asks for the real user, faccessat2 with AT_EACCESS for the effective")
{
	pid_t pid;

	put("secret", "");
	OK(chmod("secret", 0600));
	put("exec", "");
	OK(chmod("exec", 0711));
	OK(access("secret", R_OK | W_OK));
	FAILS(access("secret", X_OK), EACCES);
	OK(access("exec", X_OK));
	OK(access(".", R_OK | W_OK | X_OK));
	FAILS(access("missing", F_OK), ENOENT);
	FAILS(access("secret", 8), EINVAL);
	pid = OK(fork());
	if (pid == 0) {
		OK(setresuid(1000, 0, 0));
		OK(open("secret", O_RDONLY));
		FAILS(access("secret", R_OK), EACCES);
		OK(access("secret", F_OK));
		FAILS(access("exec", R_OK), EACCES);
		OK(access("exec", X_OK));
		OK(syscall(SYS_faccessat2, AT_FDCWD, "secret", R_OK, AT_EACCESS));
		FAILS(syscall(SYS_faccessat2, AT_FDCWD, "secret", R_OK, 0), EACCES);
		FAILS(syscall(SYS_faccessat2, AT_FDCWD, "secret", R_OK, 0x8000), EINVAL);
		_exit(0);
	}
	reap_exit(pid, 0);
	say("asked");
}

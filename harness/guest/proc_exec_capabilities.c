#include "contract.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

HELPER(capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	OK(syscall(SYS_capget, &header, data));
	say("uid %d permitted %x effective %x", (int)geteuid(), data[0].permitted,
	    data[0].effective);
	return 0;
}

static void run(const char *what, unsigned int uid, bool no_new)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		if (uid)
			become(uid, uid);
		if (no_new)
			OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		say("%s, user %u%s", what, uid, no_new ? ", no new privileges" : "");
		execl("program", "contracts", "--helper=capabilities", NULL);
		say("%s", error_name(errno));
		_exit(0);
	}
	reap_exit(pid, 0);
}

static void give(unsigned int flags, unsigned int permitted)
{
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | flags,
				    .data[0].permitted = permitted};

	OK(setxattr("program", "security.capability", &data, sizeof(data), 0));
}

CONTRACT(proc_exec_capabilities, "a program's own capabilities are its process's")
{
	static const struct vfs_cap_data some = {.magic_etc = VFS_CAP_REVISION_2};
	const unsigned int chown_cap = 1u << CAP_CHOWN, fowner = 1u << CAP_FOWNER;
	struct statvfs vfs;

	OK(statvfs(".", &vfs));
	if (vfs.f_flag & ST_NOSUID)
		skip("the file system is mounted nosuid");
	for (int cap = 0; cap <= CAP_FOWNER; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1)
			skip("capabilities are bounded");
	OK(chmod(".", 0755));
	copy_self("program", 0755);
	if (setxattr("program", "security.capability", &some, sizeof(some), 0) &&
	    (errno == EPERM || errno == EOPNOTSUPP))
		skip("capabilities can't be given");
	if (getxattr("program", "security.capability", NULL, 0) != sizeof(some))
		skip("capabilities are those of a user namespace");
	OK(removexattr("program", "security.capability"));
	run("none", 1000, false);
	give(0, chown_cap | fowner);
	run("permitted", 1000, false);
	give(VFS_CAP_FLAGS_EFFECTIVE, chown_cap);
	run("effective", 1000, false);
	run("effective", 1000, true);
	give(VFS_CAP_FLAGS_EFFECTIVE, 1u << 31);
	OK(prctl(PR_CAPBSET_DROP, 31, 0, 0, 0));
	run("out of bounds", 1000, false);
	OK(chmod("program", 04755));
	give(VFS_CAP_FLAGS_EFFECTIVE, fowner);
	run("set-user-ID", 1000, false);
	/* Who changes the owner or the contents takes them away. */
	OK(chown("program", 0, 0));
	SHOW_VALUE(getxattr("program", "security.capability", NULL, 0));
	give(VFS_CAP_FLAGS_EFFECTIVE, fowner);
	SHOW_VALUE(getxattr("program", "security.capability", NULL, 0));
	OK(truncate("program", 100));
	SHOW_VALUE(getxattr("program", "security.capability", NULL, 0));
}

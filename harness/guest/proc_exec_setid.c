#include "contract.h"

CONTRACT(proc_exec_setid, "setuid and setgid programs get their file's ids, others none")
{
	static const struct {
		const char *name;
		uid_t uid;
		gid_t gid;
		mode_t mode;
	} programs[] = {{"plain", 1001, 2001, 0755},   {"setuid", 1001, 2001, 04755},
			{"setgid", 1001, 2001, 02755}, {"both", 1001, 2001, 06755},
			{"root", 0, 0, 04755},         {"lock", 1001, 2001, 02744}};
	struct statvfs vfs;

	OK(statvfs(".", &vfs));
	if (vfs.f_flag & ST_NOSUID)
		skip("the file system is mounted nosuid");
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		pid_t pid;

		copy_self(programs[i].name, 0700);
		OK(chown(programs[i].name, programs[i].uid, programs[i].gid));
		OK(chmod(programs[i].name, programs[i].mode));
		say("%s", programs[i].name);
		pid = OK(fork());
		if (pid == 0) {
			become(1000, 1000);
			execl(programs[i].name, "contracts", "--helper=ids", NULL);
			say("%s", error_name(errno));
			_exit(0);
		}
		reap_exit(pid, 0);
	}
}

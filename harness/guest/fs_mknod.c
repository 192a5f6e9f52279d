#include "contract.h"

CONTRACT(fs_mknod, "mknod makes regular files, fifos and devices")
{
	struct stat st;

	OK(mknod("reg", S_IFREG | 0640, 0));
	OK(mknod("zero", 0600, 0));
	OK(mknod("fifo", S_IFIFO | 0600, 0));
	OK(mknod("sock", S_IFSOCK | 0600, 0));
	say("%o %o %o %o", lstat_of("reg").st_mode, lstat_of("zero").st_mode,
	    lstat_of("fifo").st_mode, lstat_of("sock").st_mode);
	FAILS(mknod("reg", S_IFREG | 0640, 0), EEXIST);
	FAILS(mknod("dir", S_IFDIR | 0755, 0), EPERM);
	FAILS(mknod("link", S_IFLNK | 0755, 0), EINVAL);
	FAILS(mknod("missing/x", S_IFREG | 0640, 0), ENOENT);
	FAILS(open("sock", O_RDWR), ENXIO);
	if (mknod("dev", S_IFCHR | 0644, (1 << 8) | 5) != 0 && errno == EPERM)
		skip("mknod of devices is not permitted");
	OK(stat("dev", &st));
	say("%o %lx", st.st_mode, (unsigned long)st.st_rdev);
	OK(mknod("nodev", S_IFCHR | 0600, (250 << 8) | 250));
	FAILS(open("nodev", O_RDWR), ENXIO);
}

#include "contract.h"

CONTRACT(fs_getdents_types, "d_type tells the kind of each entry, or that it is unknown")
{
	struct {
		const char *name;
		unsigned char type;
	} kinds[] = {{"file", DT_REG},  {"dir", DT_DIR},  {"link", DT_LNK},
		     {"fifo", DT_FIFO}, {"null", DT_CHR}, {"disk", DT_BLK}};
	struct dirent *entry;
	int known = 0;
	DIR *dir;

	put("file", "");
	OK(mkdir("dir", 0755));
	OK(symlink("x", "link"));
	OK(mkfifo("fifo", 0600));
	if (mknod("null", S_IFCHR | 0600, (1 << 8) | 3) != 0 && errno == EPERM)
		skip("mknod of devices is not permitted");
	OK(mknod("disk", S_IFBLK | 0600, (254 << 8) | 9));
	dir = opendir(".");
	CHECK(dir);
	while ((entry = readdir(dir)))
		for (size_t i = 0; i < 6; i++)
			if (strcmp(entry->d_name, kinds[i].name) == 0) {
				CHECK(entry->d_type == kinds[i].type ||
				      entry->d_type == DT_UNKNOWN);
				EQ(entry->d_ino, lstat_of(entry->d_name).st_ino);
				known++;
			}
	closedir(dir);
	say("%d kinds", known);
	say("null is device %lx", (unsigned long)lstat_of("null").st_rdev);
	say("disk is device %lx", (unsigned long)lstat_of("disk").st_rdev);
}

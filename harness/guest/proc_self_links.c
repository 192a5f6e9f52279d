#include "contract.h"

CONTRACT(proc_self_links, "/proc/self leads to this process: exe, cwd, root, fd")
{
	char path[64], target[PATH_MAX], here[PATH_MAX];
	struct dirent *entry;
	int fd, count = 0;
	ssize_t length;
	DIR *dir;

	length = OK(readlink("/proc/self", target, sizeof(target) - 1));
	target[length] = 0;
	EQ(atoi(target), getpid());
	length = OK(readlink("/proc/self/cwd", target, sizeof(target) - 1));
	target[length] = 0;
	CHECK(getcwd(here, sizeof(here)));
	SAME(target, here);
	EQ(readlink("/proc/self/root", target, sizeof(target)), 1);
	copy_self("program", 0755);
	EQ(stat_of("/proc/self/exe").st_size, stat_of("program").st_size);
	put("file", "content");
	fd = OK(open("file", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = OK(readlink(path, target, sizeof(target) - 1));
	target[length] = 0;
	snprintf(here + strlen(here), 10, "/file");
	SAME(target, here);
	SAME(get(path), "content");
	EQ(stat_of(path).st_ino, stat_of("file").st_ino);
	OK(unlink("file"));
	length = OK(readlink(path, target, sizeof(target) - 1));
	target[length] = 0;
	say("%s", strrchr(target, '/') + 1);
	SAME(get(path), "content");
	dir = opendir("/proc/self/fd");
	CHECK(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	say("%d descriptors", count);
	FAILS(readlink("/proc/self/fd/77", target, 10), ENOENT);
	FAILS(open("/proc/999999999/stat", O_RDONLY), ENOENT);
}

#include "contract.h"

static const struct timespec old[2] = {{1000, 0}, {1000, 0}};

static bool changed(const char *path)
{
	bool is = stat_of(path).st_mtim.tv_sec != 1000;

	OK(utimensat(AT_FDCWD, path, old, 0));
	return is;
}

CONTRACT(fs_times_update, "changes of content and of entries update mtime, nothing else does")
{
	struct stat before, after;
	char byte;
	int fd;

	put("file", "content");
	OK(mkdir("d", 0755));
	OK(utimensat(AT_FDCWD, "file", old, 0));
	OK(utimensat(AT_FDCWD, "d", old, 0));
	fd = OK(open("file", O_RDWR));
	EQ(read(fd, &byte, 1), 1);
	say("read: %d", changed("file"));
	EQ(write(fd, "x", 1), 1);
	say("write: %d", changed("file"));
	EQ(write(fd, "x", 0), 0);
	say("empty write: %d", changed("file"));
	OK(ftruncate(fd, 3));
	say("ftruncate: %d", changed("file"));
	OK(chmod("file", 0600));
	say("chmod: %d", changed("file"));
	OK(close(OK(open("file", O_WRONLY | O_TRUNC))));
	say("O_TRUNC: %d", changed("file"));
	put("d/new", "");
	say("create inside: %d", changed("d"));
	put("d/new", "more");
	say("write inside: %d", changed("d"));
	OK(rename("d/new", "d/newer"));
	say("rename inside: %d", changed("d"));
	OK(link("file", "d/link"));
	say("link inside: %d", changed("d"));
	OK(unlink("d/link"));
	say("unlink inside: %d", changed("d"));
	before = stat_of("file");
	do {
		OK(chmod("file", 0644));
		after = stat_of("file");
	} while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		 after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	CHECK(after.st_ctim.tv_sec > 1000);
	EQ(after.st_mtim.tv_sec, 1000);
}

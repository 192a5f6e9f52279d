#include "contract.h"

#include <linux/fiemap.h>
#include <linux/fs.h>

CONTRACT(fs_fiemap, "FIEMAP shows a file's extents, those without data, and the last")
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 8 * sizeof(struct fiemap_extent)];
	} u;
	char data[PAGE] = "data";
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));

	EQ(pwrite(fd, data, PAGE, 0), PAGE);
	EQ(pwrite(fd, data, PAGE, 64 * PAGE), PAGE);
	if (fallocate(fd, 0, 128 * PAGE, 16 * PAGE) != 0)
		skip("this file system preallocates nothing");
	for (int pass = 0; pass < 3; pass++) {
		memset(&u, 0, sizeof(u));
		u.map.fm_length = pass == 1 ? 66 * PAGE - 10 : FIEMAP_MAX_OFFSET;
		u.map.fm_start = pass == 1 ? 64 * PAGE + 10 : 0;
		u.map.fm_flags = FIEMAP_FLAG_SYNC;
		u.map.fm_extent_count = pass == 2 ? 0 : 8;
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map) != 0 && errno == EOPNOTSUPP)
			skip("this file system has no FIEMAP");
		say("%u extents", u.map.fm_mapped_extents);
		for (unsigned i = 0; pass < 2 && i < u.map.fm_mapped_extents; i++) {
			struct fiemap_extent *e = &u.map.fm_extents[i];

			say("at %llu: %llu bytes, flags %#x", (unsigned long long)e->fe_logical,
			    (unsigned long long)e->fe_length, e->fe_flags);
			CHECK(e->fe_physical != 0);
		}
	}
	memset(&u, 0, sizeof(u));
	SHOW(ioctl(fd, FS_IOC_FIEMAP, &u.map));
	u.map.fm_length = PAGE;
	u.map.fm_flags = 0x1000;
	SHOW(ioctl(fd, FS_IOC_FIEMAP, &u.map));
	say("refused flags %#x", u.map.fm_flags);
	SHOW(ioctl(fd, FS_IOC_FIEMAP, NULL));
}

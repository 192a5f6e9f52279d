#include "contract.h"

enum { files = 600 };

static int count_with_buffer(size_t size, unsigned char *seen)
{
	struct entry {
		uint64_t ino;
		int64_t offset;
		uint16_t length;
		uint8_t type;
		char name[];
	};
	_Alignas(8) char buffer[4096];
	int fd = OK(open("d", O_RDONLY | O_DIRECTORY));
	int total = 0;
	long got;

	while ((got = OK(syscall(SYS_getdents64, fd, buffer, size))) > 0) {
		for (long at = 0; at < got; total++) {
			struct entry *entry = (struct entry *)(buffer + at);
			int number;

			CHECK(entry->length % 8 == 0 && entry->length >= 24);
			CHECK(entry->ino != 0);
			CHECK(strlen(entry->name) + 20 <= entry->length);
			at += entry->length;
			CHECK(at <= got);
			if (sscanf(entry->name, "file%d", &number) == 1) {
				seen[number]++;
				CHECK(entry->type == DT_REG || entry->type == DT_UNKNOWN);
			}
		}
	}
	OK(close(fd));
	return total;
}

CONTRACT(fs_getdents_large, "getdents64 lists a large directory through any buffer")
{
	char tiny[8];

	OK(mkdir("d", 0755));
	for (int i = 0; i < files; i++) {
		char path[32];

		snprintf(path, sizeof(path), "d/file%d", i);
		OK(close(OK(open(path, O_CREAT | O_WRONLY, 0644))));
	}
	for (size_t size = 64; size <= 4096; size *= 4) {
		unsigned char seen[files] = {0};

		EQ(count_with_buffer(size, seen), files + 2);
		for (int i = 0; i < files; i++)
			EQ(seen[i], 1);
	}
	FAILS(syscall(SYS_getdents64, OK(open("d", O_RDONLY)), tiny, sizeof(tiny)), EINVAL);
	FAILS(syscall(SYS_getdents64, OK(open("d/file0", O_RDONLY)), tiny, 8), ENOTDIR);
	say("%d files seen once each", files);
}

/*
 * Makes a disk as a power cut would have left it, from the log that QEMU's blklogwrites driver
 * wrote.
 *
 *     write_log LOG                        how many entries it has
 *     write_log LOG BASE OUT N SEED        OUT: BASE with the first N entries
 *
 * Of the writes among them that no flush follows, SEED (0: all are there) chooses in pieces of 4
 * KiB which reached the disk, and tears some at 512 bytes. Prints which of the rounds of
 * power/load.sh was surely reported safe by then: each begins with "record N" in a block, and only
 * after the one before was.
 *
 * The format is that of Linux's dm-log-writes: a block with the superblock, then for each entry a
 * block with its header, and the data.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x6a736677736872ull

enum { FLUSH = 1, FUA = 2, DISCARD = 4, MARK = 8, SECTOR = 512, PIECE = 8 * SECTOR };

struct log_super {
	uint64_t magic, version, entries;
	uint32_t sector_size;
} __attribute__((packed));

struct log_entry {
	uint64_t sector, sectors, flags, data_size;
};

static const uint8_t *image;
static size_t image_size;
static uint64_t entry_count, block;
static uint64_t random_state;

static void die(const char *what)
{
	fprintf(stderr, "write_log: %s: %s\n", what, errno ? strerror(errno) : "not as it must be");
	exit(1);
}

static const uint8_t *map_file(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die(path);
	void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		die(path);
	close(fd);
	*size = (size_t)st.st_size;
	return data;
}

static void open_log(const char *path)
{
	struct log_super super;

	image = map_file(path, &image_size);
	errno = 0;
	if (image_size < sizeof(super))
		die(path);
	memcpy(&super, image, sizeof(super));
	block = le32toh(super.sector_size);
	entry_count = le64toh(super.entries);
	if (le64toh(super.magic) != MAGIC || block < SECTOR)
		die(path);
}

/* The entry at *at, which then is behind it. */
static struct log_entry next_entry(size_t *at, const uint8_t **data)
{
	struct log_entry raw, entry;

	if (*at > image_size || image_size - *at < block)
		die("an entry");
	memcpy(&raw, image + *at, sizeof(raw));
	entry = (struct log_entry){le64toh(raw.sector), le64toh(raw.sectors), le64toh(raw.flags),
				   le64toh(raw.data_size)};
	*at += block;
	*data = image + *at;
	if (entry.flags & DISCARD)
		return entry;
	if (entry.sectors > (image_size - *at) / block)
		die("an entry's data");
	*at += entry.sectors * block;
	return entry;
}

static uint32_t random_number(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 33);
}

/* The largest N of a line "record N" that the data has. */
static unsigned last_record(const uint8_t *data, size_t n, unsigned last)
{
	static const char word[] = "record ";
	const uint8_t *end = data + n, *at = data;

	while ((at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1))) {
		unsigned value = 0;

		for (at += sizeof(word) - 1; at < end && *at >= '0' && *at <= '9'; at++)
			value = value * 10 + (unsigned)(*at - '0');
		if (at < end && *at == '\n' && value > last)
			last = value;
	}
	return last;
}

static void put(uint8_t *to, size_t size, const struct log_entry *entry, const uint8_t *data,
		bool whole)
{
	size_t offset = entry->sector * block, n = entry->sectors * block;

	if (offset > size || n > size - offset)
		die("an entry's place");
	for (size_t at = 0; at < n; at += PIECE) {
		size_t part = n - at < PIECE ? n - at : PIECE;

		if (!whole && random_number() % 2)
			continue;
		if (!whole && random_number() % 8 == 0) /* torn */
			part = part / SECTOR * (random_number() % 8) / 8 * SECTOR;
		memcpy(to + offset + at, data + at, part);
	}
}

static void make(const char *base, const char *out, uint64_t entries, uint64_t seed)
{
	size_t size, at = block, durable = 0;
	const uint8_t *from = map_file(base, &size), *data;
	unsigned record = 0;
	int fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die(out);
	uint8_t *to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		die(out);
	for (size_t i = 0; i < size; i += PIECE) { /* holes stay holes */
		static const uint8_t zero[PIECE];
		size_t part = size - i < PIECE ? size - i : PIECE;

		if (memcmp(from + i, zero, part))
			memcpy(to + i, from + i, part);
	}
	for (uint64_t i = 0; i < entries; i++)
		if (next_entry(&at, &data).flags & FLUSH)
			durable = i + 1;
	random_state = seed * 0x9e3779b97f4a7c15ull + entries;
	at = block;
	for (uint64_t i = 0; i < entries; i++) {
		struct log_entry entry = next_entry(&at, &data);

		if (entry.flags & (MARK | DISCARD) || !entry.sectors)
			continue;
		record = last_record(data, entry.sectors * block, record);
		put(to, size, &entry, data, !seed || i < durable || (entry.flags & FUA));
	}
	munmap(to, size);
	if (close(fd))
		die(out);
	printf("%u\n", record ? record - 1 : 0);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 6) {
		fprintf(stderr, "usage: write_log LOG [BASE OUT N SEED]\n");
		return 2;
	}
	open_log(argv[1]);
	if (argc == 2) {
		printf("%" PRIu64 "\n", entry_count);
		return 0;
	}
	uint64_t n = strtoull(argv[4], NULL, 10);
	make(argv[2], argv[3], n < entry_count ? n : entry_count, strtoull(argv[5], NULL, 10));
	return 0;
}

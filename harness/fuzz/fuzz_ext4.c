/*
 * Damaged volumes: mounted, walked, read, written, unmounted. Nothing of what the disk says may end
 * in a panic, a sanitizer's report, a hang or a leak.
 *
 * The input is a program. Its first byte chooses one of the volumes that seeds_ext4 makes, the next
 * the mount's options, the third how many of the following six-byte records are damage; the rest
 * are operations. Damage changes one field's worth of bytes in some line of 64 bytes that is not
 * empty and not file data (or, more often than chance, in the superblock), after which the
 * superblock's checksum is made right again: so that nearly every input gets past the front door.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_disk.h"
#include "lib/assert.h"
#include "lib/crc.h"
#include "lib/errno.h"
#include "log_capture.h"
#include "volume_use.h"

enum {
	BYTES = 1 << 20,
	LINE = 64,
	SEEDS = 16,
};

static struct seed {
	char name[64];
	u8 *data;
	u32 *lines; /* offsets of those worth damaging */
	u32 count;
} seeds[SEEDS];
static unsigned seed_count;
static struct host_disk *disk;

/* ---- start ---- */

static bool worth_damaging(const u8 *line)
{
	size_t zeroes = 0, data = 0;

	for (size_t i = 0; i < LINE; i++) {
		zeroes += line[i] == 0;
		data += line[i] == 'Z';
	}
	return zeroes < LINE && data < LINE;
}

static void seed_load(const char *directory, const char *name)
{
	struct seed *seed = &seeds[seed_count++];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(seed->name, sizeof(seed->name), "%s", name);
	seed->data = malloc(BYTES);
	seed->lines = calloc(BYTES / LINE, sizeof(u32));
	FILE *f = fopen(path, "r");
	VERIFY(f != NULL && fread(seed->data, 1, BYTES, f) == BYTES);
	fclose(f);
	for (u32 at = 0; at < BYTES; at += LINE)
		if (worth_damaging(seed->data + at))
			seed->lines[seed->count++] = at;
}

static int compare_seeds(const void *a, const void *b)
{
	return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static void seeds_load(const char *program)
{
	char directory[4096];
	struct dirent *entry;

	snprintf(directory, sizeof(directory), "%s.seeds", program);
	DIR *dir = opendir(directory);
	if (!dir) {
		fprintf(stderr, "%s: no such directory: harness/fuzz/seeds_ext4 makes it\n",
			directory);
		exit(1);
	}
	while ((entry = readdir(dir)) && seed_count < SEEDS)
		if (entry->d_name[0] != '.')
			seed_load(directory, entry->d_name);
	closedir(dir);
	VERIFY(seed_count > 0);
	qsort(seeds, seed_count, sizeof(seeds[0]), compare_seeds);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	seeds_load((*argv)[0]);
	disk = volume_init(BYTES);
	return 0;
}

/* ---- damage ---- */

static void put(u8 *to, u64 value, size_t n)
{
	memcpy(to, &value, n);
}

static u64 get(const u8 *from, size_t n)
{
	u64 value = 0;

	memcpy(&value, from, n);
	return value;
}

/* record: 2 bytes which line, 1 byte where in it, 1 byte what, 2 bytes a value. */
static void damage(u8 *image, const struct seed *seed, const u8 *record)
{
	static const u32 interesting[] = {
	    0,      1,       2,      3,      11,         12,         0x7f,       0x80,
	    0xff,   0x100,   0x3ff,  0x400,  0x401,      0x7fff,     0x8000,     0x8001,
	    0xffff, 0x10000, 0xffff, 0xf30a, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	u32 which = record[0] | (u32)record[1] << 8, value = record[4] | (u32)record[5] << 8;
	size_t sizes[] = {1, 2, 4, 4}, n = sizes[record[3] >> 6];
	u32 line = record[2] & 0x80 && record[2] & 0x40 ? 1024 + (which % 16) * LINE
							: seed->lines[which % seed->count];
	u8 *at = image + line + ((record[2] & 63) & ~(n - 1));

	switch (record[3] % 6) {
	case 0:
		put(at, value, n);
		break;
	case 1:
		put(at, interesting[value % ARRAY_SIZE(interesting)], n);
		break;
	case 2:
		put(at, get(at, n) + value, n);
		break;
	case 3:
		put(at, get(at, n) - value, n);
		break;
	case 4:
		put(at, get(at, n) ^ 1ull << value % (8 * n), n);
		break;
	default: /* another line's */
		memcpy(at, image + seed->lines[value % seed->count] + (at - image) % LINE, n);
		break;
	}
}

static void sum_superblock(u8 *image)
{
	put(image + 1024 + 1020, crc32c(~0u, image + 1024, 1020), 4);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 3)
		return 0;
	const struct seed *seed = &seeds[data[0] % seed_count];
	const u8 options = data[1];
	size_t damages = data[2] % 16;
	u8 *image = host_disk_data(disk);

	memcpy(image, seed->data, BYTES);
	data += 3;
	size -= 3;
	for (; damages && size >= VOLUME_RECORD;
	     damages--, data += VOLUME_RECORD, size -= VOLUME_RECORD)
		damage(image, seed, data);
	sum_superblock(image);
	log_captured_clear();
	if (volume_mount(options) == 0)
		volume_use(data, size);
	volume_expect_rest();
	return 0;
}

/*
 * One file, exercised through every way to change and to see it: read and write in their forms,
 * shared and private mappings, truncation, allocation, holes, copies, syncs and reopening. The
 * model is an array of bytes and a size.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { page = 4096 };

static unsigned char *model, *scratch;
static size_t model_size, capacity;
static int file;
static bool pretend; /* only the model is changed */
static bool no_fallocate, no_punch, no_move, no_zero;
static const char *path;

#define MUST(call)                                                                                 \
	({                                                                                         \
		long must_value_ = (long)(call);                                                   \
		if (must_value_ == -1)                                                             \
			stress_fail("%s", #call);                                                  \
		must_value_;                                                                       \
	})

static void compare(const unsigned char *got, size_t from, size_t length, const char *how)
{
	for (size_t i = 0; i < length; i++)
		if (got[i] != model[from + i]) {
			size_t end = i;

			while (end < length && got[end] != model[from + end])
				end++;
			stress_fail("%s: bytes %zu to %zu differ: %#x is there, not %#x", how,
				    from + i, from + end, got[i], model[from + i]);
		}
}

static void grow_to(size_t size)
{
	if (size > model_size) {
		memset(model + model_size, 0, size - model_size);
		model_size = size;
	}
}

/* A range inside the capacity, mostly short, often at the edges of pages. */
static void pick_range(size_t *from, size_t *length)
{
	*from = stress_random(capacity);
	if (stress_random(4) == 0)
		*from &= ~(size_t)(page - 1);
	*length = stress_random(stress_random(8) ? 5000 : capacity) + 1;
	if (stress_random(6) == 0)
		*length = (*length + page - 1) & ~(size_t)(page - 1);
	if (*length > capacity - *from)
		*length = capacity - *from;
}

static void fill(unsigned char *bytes, size_t length)
{
	uint64_t word = 0;

	for (size_t i = 0; i < length; i++) {
		if (i % 8 == 0)
			word = stress_random(0);
		bytes[i] = (unsigned char)(word >> (8 * (i % 8)));
	}
}

static void do_write(size_t from, size_t length, unsigned way)
{
	struct iovec parts[3];
	size_t cut = stress_random(length + 1);

	stress_log("write %zu+%zu, way %u", from, length, way);
	fill(scratch, length);
	if (!pretend) {
		long put = 0;

		parts[0] = (struct iovec){scratch, cut};
		parts[1] = (struct iovec){scratch, 0};
		parts[2] = (struct iovec){scratch + cut, length - cut};
		if (way == 0) {
			put = MUST(pwrite(file, scratch, length, (off_t)from));
		} else if (way == 1) {
			MUST(lseek(file, (off_t)from, SEEK_SET));
			put = MUST(write(file, scratch, length));
		} else {
			put = MUST(pwritev(file, parts, 3, (off_t)from));
		}
		if ((size_t)put != length)
			stress_fail("wrote %ld of %zu", put, length);
	}
	grow_to(from + length);
	memcpy(model + from, scratch, length);
}

static void do_append(size_t length)
{
	if (length > capacity - model_size)
		length = capacity - model_size;
	stress_log("append %zu at %zu", length, model_size);
	fill(scratch, length);
	if (!pretend) {
		int appender = (int)MUST(open(path, O_WRONLY | O_APPEND));

		if ((size_t)MUST(write(appender, scratch, length)) != length)
			stress_fail("a short append");
		MUST(close(appender));
	}
	memcpy(model + model_size, scratch, length);
	model_size += length;
}

static void do_read(size_t from, size_t length, unsigned way)
{
	size_t expected = from >= model_size           ? 0
			  : length < model_size - from ? length
						       : model_size - from;
	struct iovec parts[2];
	size_t cut = stress_random(length + 1);
	long got;

	stress_log("read %zu+%zu, way %u", from, length, way);
	if (pretend)
		return;
	memset(scratch, 0xee, length);
	parts[0] = (struct iovec){scratch, cut};
	parts[1] = (struct iovec){scratch + cut, length - cut};
	if (way == 0) {
		got = MUST(pread(file, scratch, length, (off_t)from));
	} else if (way == 1) {
		MUST(lseek(file, (off_t)from, SEEK_SET));
		got = MUST(read(file, scratch, length));
	} else {
		got = MUST(preadv(file, parts, 2, (off_t)from));
	}
	if ((size_t)got != expected)
		stress_fail("read %ld bytes, not %zu", got, expected);
	compare(scratch, from, expected, "read");
}

static void do_map_read(size_t from, size_t length, bool shared)
{
	size_t start = from & ~(size_t)(page - 1), expected;
	unsigned char *map;

	if (from >= model_size)
		return;
	expected = length < model_size - from ? length : model_size - from;
	stress_log("map %s and read %zu+%zu", shared ? "shared" : "private", from, expected);
	if (pretend)
		return;
	map = mmap(NULL, from - start + expected, PROT_READ, shared ? MAP_SHARED : MAP_PRIVATE,
		   file, (off_t)start);
	if (map == MAP_FAILED)
		stress_fail("mmap");
	compare(map + (from - start), from, expected, "map");
	if (from + expected == model_size)
		for (size_t at = from - start + expected; at % page; at++)
			if (map[at])
				stress_fail("the tail of the last page is not zero at %zu",
					    start + at);
	MUST(munmap(map, from - start + expected));
}

static void do_map_write(size_t from, size_t length)
{
	size_t start = from & ~(size_t)(page - 1);
	unsigned char *map;
	bool sync = stress_random(4) == 0;

	stress_log("map and write %zu+%zu%s", from, length, sync ? ", msync" : "");
	fill(scratch, length);
	if (!pretend) {
		if (from + length > model_size)
			MUST(ftruncate(file, (off_t)(from + length)));
		map = mmap(NULL, from - start + length, PROT_READ | PROT_WRITE, MAP_SHARED, file,
			   (off_t)start);
		if (map == MAP_FAILED)
			stress_fail("mmap");
		memcpy(map + (from - start), scratch, length);
		if (sync)
			MUST(msync(map, from - start + length, MS_SYNC));
		MUST(munmap(map, from - start + length));
	}
	grow_to(from + length);
	memcpy(model + from, scratch, length);
}

static void do_truncate(size_t size)
{
	stress_log("truncate from %zu to %zu", model_size, size);
	if (!pretend)
		MUST(ftruncate(file, (off_t)size));
	grow_to(size);
	model_size = size;
}

static void do_fallocate(size_t from, size_t length, bool keep_size)
{
	stress_log("fallocate %zu+%zu%s", from, length, keep_size ? ", keeping the size" : "");
	if (!pretend && !no_fallocate &&
	    fallocate(file, keep_size ? FALLOC_FL_KEEP_SIZE : 0, (off_t)from, (off_t)length) != 0) {
		if (errno != EOPNOTSUPP)
			stress_fail("fallocate");
		no_fallocate = true;
	}
	if (keep_size)
		return;
	if (no_fallocate && !pretend && from + length > model_size)
		MUST(ftruncate(file, (off_t)(from + length)));
	grow_to(from + length);
}

static void do_punch(size_t from, size_t length)
{
	stress_log("punch %zu+%zu", from, length);
	if (from < model_size && length > model_size - from)
		length = model_size - from;
	else if (from >= model_size)
		return;
	if (!pretend && !no_punch &&
	    fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		      (off_t)length) != 0) {
		if (errno != EOPNOTSUPP)
			stress_fail("punch");
		no_punch = true;
	}
	memset(model + from, 0, length);
	if (no_punch && !pretend &&
	    (size_t)MUST(pwrite(file, model + from, length, (off_t)from)) != length)
		stress_fail("a short write of zeros");
}

/* Modes that not every file system has; without them the model's outcome is written. */
static void do_move(size_t from, size_t length, bool insert)
{
	size_t tail;

	from &= ~(size_t)(page - 1);
	length = (length + page - 1) & ~(size_t)(page - 1);
	if (from >= model_size || (insert && length > capacity - model_size) ||
	    (!insert && from + length >= model_size))
		return;
	stress_log("%s %zu+%zu", insert ? "insert" : "collapse", from, length);
	if (insert) {
		memmove(model + from + length, model + from, model_size - from);
		memset(model + from, 0, length);
		model_size += length;
	} else {
		memmove(model + from, model + from + length, model_size - from - length);
		model_size -= length;
	}
	if (pretend)
		return;
	if (!no_move && fallocate(file, insert ? FALLOC_FL_INSERT_RANGE : FALLOC_FL_COLLAPSE_RANGE,
				  (off_t)from, (off_t)length) == 0)
		return;
	if (!no_move && errno != EOPNOTSUPP)
		stress_fail("fallocate");
	no_move = true;
	tail = model_size - from;
	if ((size_t)MUST(pwrite(file, model + from, tail, (off_t)from)) != tail)
		stress_fail("a short write");
	MUST(ftruncate(file, (off_t)model_size));
}

static void do_zero_range(size_t from, size_t length, bool keep_size)
{
	stress_log("zero %zu+%zu%s", from, length, keep_size ? ", keeping the size" : "");
	if (!keep_size)
		grow_to(from + length);
	size_t end = from + length < model_size ? from + length : model_size;

	if (from < end)
		memset(model + from, 0, end - from);
	if (pretend)
		return;
	if (!no_zero &&
	    fallocate(file, FALLOC_FL_ZERO_RANGE | (keep_size ? FALLOC_FL_KEEP_SIZE : 0),
		      (off_t)from, (off_t)length) == 0)
		return;
	if (!no_zero && errno != EOPNOTSUPP)
		stress_fail("zero range");
	no_zero = true;
	if (from < end &&
	    (size_t)MUST(pwrite(file, model + from, end - from, (off_t)from)) != end - from)
		stress_fail("a short write");
}

/* What is not zero must be data, wherever holes are said to be. */
static void do_seek(size_t from)
{
	size_t at = from;

	stress_log("seek data and holes from %zu", from);
	if (pretend)
		return;
	while (at < model_size) {
		off_t data = lseek(file, (off_t)at, SEEK_DATA), hole;
		size_t end = data < 0 ? model_size : (size_t)data;

		if (data < 0 && errno != ENXIO)
			stress_fail("SEEK_DATA");
		for (size_t i = at; i < end; i++)
			if (model[i])
				stress_fail("byte %zu is in a hole from %zu to %zu", i, at, end);
		if (data < 0)
			return;
		hole = MUST(lseek(file, data, SEEK_HOLE));
		if (hole <= data || (size_t)hole > model_size)
			stress_fail("a hole at %lld behind data at %lld", (long long)hole,
				    (long long)data);
		at = (size_t)hole;
	}
}

static void do_copy(size_t from, size_t length, size_t to)
{
	loff_t in = (loff_t)from, out = (loff_t)to;

	if (from >= model_size)
		return;
	if (length > model_size - from)
		length = model_size - from;
	if (length > capacity - to)
		length = capacity - to;
	if (from < to + length && to < from + length)
		return;
	stress_log("copy %zu+%zu to %zu", from, length, to);
	for (size_t left = pretend ? 0 : length; left;) {
		long got = MUST(syscall(SYS_copy_file_range, file, &in, file, &out, left, 0));

		if (got == 0)
			stress_fail("copy_file_range stopped early");
		left -= (size_t)got;
	}
	grow_to(to + length);
	memmove(model + to, model + from, length);
}

static void do_reopen(void)
{
	stress_log("close and open");
	if (!pretend) {
		MUST(close(file));
		file = (int)MUST(open(path, O_RDWR));
	}
}

static void do_sync(unsigned way)
{
	stress_log("sync, way %u", way);
	if (pretend)
		return;
	if (way == 0)
		MUST(fsync(file));
	else if (way == 1)
		MUST(fdatasync(file));
	else if (way == 2)
		MUST(sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE));
	if (way >= 2 && posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
		stress_fail("posix_fadvise");
}

static void check_size(void)
{
	struct stat st;

	MUST(fstat(file, &st));
	if ((size_t)st.st_size != model_size)
		stress_fail("the size is %lld, not %zu", (long long)st.st_size, model_size);
}

static void check_all(void)
{
	check_size();
	if ((size_t)MUST(pread(file, scratch, capacity, 0)) != model_size)
		stress_fail("the whole file could not be read");
	compare(scratch, 0, model_size, "the whole file");
}

static void step(void)
{
	size_t from, length, other, ignored;
	uint64_t kind = stress_random(100), way = stress_random(12);

	pick_range(&from, &length);
	pick_range(&other, &ignored);
	if (kind < 25)
		do_write(from, length, (unsigned)way % 3);
	else if (kind < 45)
		do_read(from, length, (unsigned)way % 3);
	else if (kind < 58)
		do_map_write(from, length);
	else if (kind < 70)
		do_map_read(from, length, way % 2);
	else if (kind < 76)
		do_truncate(way ? from : 0);
	else if (kind < 80)
		do_append(length);
	else if (kind < 84)
		do_fallocate(from, length, way % 2);
	else if (kind < 89)
		switch (way % 6) {
		case 0:
			do_zero_range(from, length, stress_random(2));
			break;
		case 1:
		case 2:
			do_move(from, length, way % 2);
			break;
		case 3:
			do_seek(from);
			break;
		default:
			do_punch(from, length);
		}
	else if (kind < 93)
		do_copy(from, length, other);
	else if (kind < 97)
		do_sync((unsigned)way % 4);
	else
		do_reopen();
}

int stress_fsx(const struct stress_options *options)
{
	capacity = options->size;
	path = options->where;
	pretend = options->check_only;
	model = calloc(1, capacity);
	scratch = malloc(capacity);
	if (!model || !scratch)
		stress_fail("no memory");
	stress_seed(options->seed);
	file = (int)MUST(open(path, pretend ? O_RDWR : O_RDWR | O_CREAT | O_TRUNC, 0644));
	for (uint64_t i = 0; i < options->operations; i++) {
		step();
		if (pretend)
			continue;
		check_size();
		if (i % 256 == 255)
			check_all();
	}
	check_all();
	MUST(close(file));
	if (!options->keep)
		MUST(unlink(path));
	printf("stress fsx: seed %llu, %llu operations, %zu bytes: as expected\n",
	       (unsigned long long)options->seed, (unsigned long long)options->operations,
	       model_size);
	return 0;
}

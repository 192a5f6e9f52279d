#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_disk.h"
#include "host_thread.h"
#include "hw/cpu.h"
#include "lib/assert.h"
#include "lib/hash.h"
#include "vfs/vfs.h"

/* A program that links no device file system still has disks. */
void __attribute__((weak)) devfs_add(const char *name, u32 mode, u32 major, u32 minor)
{
}

struct host_disk {
	struct block_device bdev;
	pthread_mutex_t mutex; /* guards what follows */
	u8 *data;
	u64 bytes;
	int fd; /* -1: RAM only */
	bool mapped;
	u64 served[BIO_DISCARD + 1];

	unsigned fail_kinds;
	u64 fail_countdown;
	int fail_error;
	bool failed;
	unsigned range_kinds;
	u64 range_sector, range_count;
	int range_error;
	u64 tear_countdown;
	u32 tear_sectors;
	s64 power; /* writes left; negative: no end */

	bool logging;
	u8 *base;
	struct host_disk_record *log;
	size_t log_count, log_room;

	bool worker, stop;
	u64 shuffle;         /* 0: first come, first served */
	unsigned hold_kinds; /* requests that wait in the queue */
	struct thread *thread;
	pthread_cond_t cond;
	struct list_head queue; /* struct bio.node */
};

static void *must_alloc(size_t n)
{
	void *p = calloc(1, n);

	VERIFY(p != NULL);
	return p;
}

/* ---- one request ---- */

static u64 orders; /* atomic: records of all disks so far */

static void log_add(struct host_disk *disk, const struct bio *bio, u32 sectors, const u8 *data)
{
	if (disk->log_count == disk->log_room) {
		disk->log_room = disk->log_room ? disk->log_room * 2 : 256;
		disk->log = realloc(disk->log, disk->log_room * sizeof(*disk->log));
		VERIFY(disk->log != NULL);
	}
	struct host_disk_record *r = &disk->log[disk->log_count++];
	*r = (struct host_disk_record){
	    .op = bio->op, .flags = bio->flags, .sector = bio->sector, .sectors = sectors};
	r->order = __atomic_fetch_add(&orders, 1, __ATOMIC_RELAXED);
	if (bio->op == BIO_WRITE) {
		r->data = must_alloc((size_t)sectors * SECTOR_SIZE);
		memcpy(r->data, data, (size_t)sectors * SECTOR_SIZE);
	}
}

static bool counted_down(u64 *countdown)
{
	return *countdown && --*countdown == 0;
}

/* The error that the armed faults give this request, or 0. *sectors is cut down for a torn write.
 */
static int fault_of(struct host_disk *disk, const struct bio *bio, u32 *sectors)
{
	unsigned kind = 1u << bio->op;

	if (disk->power == 0) {
		*sectors = 0;
		return -EIO;
	}
	if (bio->op == BIO_WRITE && disk->power > 0)
		disk->power--;
	if (bio->op == BIO_WRITE && counted_down(&disk->tear_countdown)) {
		*sectors = min(*sectors, disk->tear_sectors);
		disk->failed = true;
		return -EIO;
	}
	if (disk->fail_kinds & kind && counted_down(&disk->fail_countdown)) {
		*sectors = 0;
		disk->failed = true;
		return disk->fail_error;
	}
	if (disk->range_kinds & kind && bio->sector < disk->range_sector + disk->range_count &&
	    disk->range_sector < bio->sector + bio->sectors) {
		*sectors = 0;
		return disk->range_error;
	}
	return 0;
}

static void image_write(struct host_disk *disk, u64 at, size_t n)
{
	if (disk->fd >= 0)
		VERIFY_EQ(pwrite(disk->fd, disk->data + at, n, (off_t)at), (ssize_t)n);
}

/* Move the first `sectors` of the bio between its pages and the disk. */
static void transfer(struct host_disk *disk, const struct bio *bio, u32 sectors)
{
	u64 start = bio->sector * SECTOR_SIZE, at = start;
	u64 end = start + (u64)sectors * SECTOR_SIZE;

	for (unsigned i = 0; i < bio->segment_count && at < end; i++) {
		const struct bio_segment *s = &bio->segments[i];
		u8 *memory = (u8 *)page_address(s->page) + s->offset;
		size_t n = min((u64)s->length, end - at);

		if (bio->op == BIO_READ)
			memcpy(memory, disk->data + at, n);
		else
			memcpy(disk->data + at, memory, n);
		at += n;
	}
	VERIFY_EQ(at, end);
	if (bio->op == BIO_WRITE)
		image_write(disk, start, end - start);
}

static void check_shape(const struct host_disk *disk, const struct bio *bio)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < bio->segment_count; i++) {
		VERIFY_EQ(bio->segments[i].length % SECTOR_SIZE, 0);
		VERIFY_EQ(bio->segments[i].offset % SECTOR_SIZE, 0);
		bytes += bio->segments[i].length;
	}
	if (bio->op == BIO_READ || bio->op == BIO_WRITE)
		VERIFY_EQ(bytes, (u64)bio->sectors * SECTOR_SIZE);
	if (bio->op != BIO_FLUSH)
		VERIFY_LE((bio->sector + bio->sectors) * SECTOR_SIZE, disk->bytes);
	if (disk->bdev.max_segments)
		VERIFY_LE(bio->segment_count, disk->bdev.max_segments);
}

static int serve(struct host_disk *disk, const struct bio *bio)
{
	u32 sectors = bio->sectors;

	check_shape(disk, bio);
	pthread_mutex_lock(&disk->mutex);
	disk->served[bio->op]++;
	int error = fault_of(disk, bio, &sectors);
	if (bio->op == BIO_READ || bio->op == BIO_WRITE) {
		transfer(disk, bio, sectors);
	} else if (bio->op == BIO_DISCARD && !error) {
		memset(disk->data + bio->sector * SECTOR_SIZE, 0, (size_t)sectors * SECTOR_SIZE);
		image_write(disk, bio->sector * SECTOR_SIZE, (size_t)sectors * SECTOR_SIZE);
	}
	bool reached = bio->op == BIO_WRITE ? sectors > 0 : bio->op != BIO_READ && !error;
	if (disk->logging && reached)
		log_add(disk, bio, sectors, disk->data + bio->sector * SECTOR_SIZE);
	pthread_mutex_unlock(&disk->mutex);
	return error;
}

static void serve_and_end(struct host_disk *disk, struct bio *bio)
{
	int error = serve(disk, bio);
	unsigned long flags = irq_save();

	bio_end(bio, error);
	irq_restore(flags);
}

/* ---- the queue ---- */

static bool is_held(const struct host_disk *disk, const struct bio *bio)
{
	return disk->hold_kinds & 1u << bio->op;
}

/* The n-th request of the queue that is not held, NULL if there are not so many; mutex held. */
static struct bio *nth_waiting(struct host_disk *disk, u64 n)
{
	struct bio *bio;

	list_for_each_entry(bio, &disk->queue, node)
		if (!is_held(disk, bio) && n-- == 0)
			return bio;
	return NULL;
}

/* There is one to be taken; mutex held. */
static struct bio *take_next(struct host_disk *disk)
{
	u64 count = 0, n = 0;

	if (disk->shuffle) {
		while (nth_waiting(disk, count))
			count++;
		disk->shuffle = hash_u64(disk->shuffle) | 1;
		n = (disk->shuffle >> 8) % count;
	}
	struct bio *bio = nth_waiting(disk, n);
	list_del(&bio->node);
	return bio;
}

static void work(void *arg)
{
	struct host_disk *disk = arg;

	pthread_mutex_lock(&disk->mutex);
	for (;;) {
		while (!nth_waiting(disk, 0) && !(disk->stop && list_empty(&disk->queue)))
			pthread_cond_wait(&disk->cond, &disk->mutex);
		if (list_empty(&disk->queue))
			break;
		if (disk->shuffle) { /* more may come meanwhile, among which to choose */
			pthread_mutex_unlock(&disk->mutex);
			usleep(300);
			pthread_mutex_lock(&disk->mutex);
		}
		struct bio *bio = take_next(disk);
		pthread_mutex_unlock(&disk->mutex);
		serve_and_end(disk, bio);
		pthread_mutex_lock(&disk->mutex);
	}
	pthread_mutex_unlock(&disk->mutex);
}

static void submit(struct block_device *bdev, struct list_head *bios)
{
	struct host_disk *disk = bdev->driver;

	VERIFY(irq_enabled());
	pthread_mutex_lock(&disk->mutex);
	bool worker = disk->worker;
	if (worker) {
		list_splice_tail(bios, &disk->queue);
		pthread_cond_broadcast(&disk->cond);
	}
	pthread_mutex_unlock(&disk->mutex);
	while (!worker && !list_empty(bios)) {
		struct bio *bio = list_first_entry(bios, struct bio, node);
		list_del(&bio->node);
		serve_and_end(disk, bio);
	}
}

static const struct block_device_ops disk_ops = {.submit = submit};

void host_disk_set_worker(struct host_disk *disk, bool worker)
{
	if (worker == disk->worker)
		return;
	if (worker) {
		disk->stop = false;
		disk->worker = true;
		disk->thread = host_thread_start(work, disk);
		return;
	}
	pthread_mutex_lock(&disk->mutex);
	disk->worker = false;
	disk->stop = true;
	pthread_cond_broadcast(&disk->cond);
	pthread_mutex_unlock(&disk->mutex);
	host_thread_join(disk->thread);
}

void host_disk_shuffle(struct host_disk *disk, u64 seed)
{
	pthread_mutex_lock(&disk->mutex);
	disk->shuffle = seed;
	pthread_mutex_unlock(&disk->mutex);
}

void host_disk_hold(struct host_disk *disk, unsigned kinds)
{
	pthread_mutex_lock(&disk->mutex);
	disk->hold_kinds = kinds;
	pthread_cond_broadcast(&disk->cond);
	pthread_mutex_unlock(&disk->mutex);
}

void host_disk_wait_held(struct host_disk *disk)
{
	struct bio *bio;
	bool held = false;

	pthread_mutex_lock(&disk->mutex);
	for (;;) {
		list_for_each_entry(bio, &disk->queue, node)
			held = held || is_held(disk, bio);
		if (held)
			break;
		pthread_cond_wait(&disk->cond, &disk->mutex);
	}
	pthread_mutex_unlock(&disk->mutex);
}

/* ---- making and freeing ---- */

static struct host_disk *disk_over(const char *name, u8 *data, u64 bytes)
{
	static u32 numbers;
	struct host_disk *disk = must_alloc(sizeof(*disk));

	disk->data = data;
	disk->bytes = bytes;
	disk->fd = -1;
	disk->power = -1;
	pthread_mutex_init(&disk->mutex, NULL);
	pthread_cond_init(&disk->cond, NULL);
	list_init(&disk->queue);
	snprintf(disk->bdev.name, sizeof(disk->bdev.name), "%s", name);
	disk->bdev.major = 254;
	disk->bdev.minor = 16 * numbers++;
	disk->bdev.sectors = bytes / SECTOR_SIZE;
	disk->bdev.logical_block = SECTOR_SIZE;
	disk->bdev.physical_block = 4096;
	disk->bdev.max_sectors = 2048;
	disk->bdev.max_segments = 126;
	disk->bdev.flush = true;
	disk->bdev.discard = true;
	disk->bdev.ops = &disk_ops;
	disk->bdev.driver = disk;
	disk->bdev.disk = &disk->bdev;
	disk->bdev.soft_block_size = 4096;
	return disk;
}

struct host_disk *host_disk_ram(const char *name, u64 bytes)
{
	return disk_over(name, must_alloc(bytes), bytes);
}

static bool read_whole(int fd, u8 *data, size_t n)
{
	while (n) {
		ssize_t got = read(fd, data, n);
		if (got <= 0)
			return false;
		data += got;
		n -= (size_t)got;
	}
	return true;
}

struct host_disk *host_disk_file(const char *name, const char *path, bool writable)
{
	struct stat st;
	int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0) {
		close(fd);
		return NULL;
	}
	struct host_disk *disk = host_disk_ram(name, (u64)st.st_size & ~(u64)(SECTOR_SIZE - 1));
	if (!read_whole(fd, disk->data, disk->bytes)) {
		close(fd);
		host_disk_free(disk);
		return NULL;
	}
	if (writable)
		disk->fd = fd;
	else
		close(fd);
	return disk;
}

struct host_disk *host_disk_map(const char *name, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	u8 *data = MAP_FAILED;
	if (fstat(fd, &st) == 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return NULL;
	struct host_disk *disk = disk_over(name, data, (u64)st.st_size);
	disk->mapped = true;
	return disk;
}

static void log_forget(struct host_disk *disk)
{
	for (size_t i = 0; i < disk->log_count; i++)
		free(disk->log[i].data);
	disk->log_count = 0;
}

void host_disk_free(struct host_disk *disk)
{
	host_disk_set_worker(disk, false);
	log_forget(disk);
	if (disk->fd >= 0)
		close(disk->fd);
	pthread_mutex_destroy(&disk->mutex);
	pthread_cond_destroy(&disk->cond);
	free(disk->log);
	free(disk->base);
	if (disk->mapped)
		munmap(disk->data, disk->bytes);
	else
		free(disk->data);
	free(disk);
}

struct block_device *host_disk_bdev(struct host_disk *disk)
{
	return &disk->bdev;
}

u8 *host_disk_data(struct host_disk *disk)
{
	return disk->data;
}

int host_disk_save(const struct host_disk *disk, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	for (u64 at = 0; at < disk->bytes;) {
		ssize_t n = write(fd, disk->data + at, disk->bytes - at);
		if (n <= 0) {
			int error = n < 0 ? -errno : -ENOSPC;
			close(fd);
			return error;
		}
		at += (u64)n;
	}
	return close(fd) ? -errno : 0;
}

/* ---- faults ---- */

void host_disk_fail_nth(struct host_disk *disk, unsigned kinds, u64 n, int error)
{
	pthread_mutex_lock(&disk->mutex);
	disk->fail_kinds = kinds;
	disk->fail_countdown = n;
	disk->fail_error = error;
	disk->failed = false;
	pthread_mutex_unlock(&disk->mutex);
}

bool host_disk_failed(const struct host_disk *disk)
{
	return disk->failed;
}

void host_disk_fail_range(struct host_disk *disk, unsigned kinds, u64 sector, u64 count, int error)
{
	pthread_mutex_lock(&disk->mutex);
	disk->range_kinds = count ? kinds : 0;
	disk->range_sector = sector;
	disk->range_count = count;
	disk->range_error = error;
	pthread_mutex_unlock(&disk->mutex);
}

void host_disk_tear_nth(struct host_disk *disk, u64 n, u32 sectors)
{
	pthread_mutex_lock(&disk->mutex);
	disk->tear_countdown = n;
	disk->tear_sectors = sectors;
	disk->failed = false;
	pthread_mutex_unlock(&disk->mutex);
}

void host_disk_cut_power(struct host_disk *disk, s64 writes)
{
	pthread_mutex_lock(&disk->mutex);
	disk->power = writes;
	pthread_mutex_unlock(&disk->mutex);
}

u64 host_disk_requests(const struct host_disk *disk, unsigned kinds)
{
	u64 n = 0;

	for (unsigned op = BIO_READ; op <= BIO_DISCARD; op++)
		if (kinds & 1u << op)
			n += disk->served[op];
	return n;
}

/* ---- the log ---- */

void host_disk_log_start(struct host_disk *disk)
{
	pthread_mutex_lock(&disk->mutex);
	log_forget(disk);
	if (!disk->base)
		disk->base = must_alloc(disk->bytes);
	memcpy(disk->base, disk->data, disk->bytes);
	disk->logging = true;
	pthread_mutex_unlock(&disk->mutex);
}

void host_disk_log_stop(struct host_disk *disk)
{
	pthread_mutex_lock(&disk->mutex);
	disk->logging = false;
	pthread_mutex_unlock(&disk->mutex);
}

size_t host_disk_log_count(const struct host_disk *disk)
{
	return disk->log_count;
}

const struct host_disk_record *host_disk_log_get(const struct host_disk *disk, size_t i)
{
	VERIFY_LT(i, disk->log_count);
	return &disk->log[i];
}

bool host_disk_is_barrier(const struct host_disk_record *record)
{
	return record->op == BIO_FLUSH || (record->op == BIO_WRITE && record->flags & BIO_PREFLUSH);
}

void host_disk_materialise(const struct host_disk *disk, u8 *to, size_t n, host_disk_keep_fn *keep,
			   void *ctx)
{
	VERIFY(disk->base != NULL && n <= disk->log_count);
	memcpy(to, disk->base, disk->bytes);
	for (size_t i = 0; i < n; i++) {
		const struct host_disk_record *r = &disk->log[i];

		for (u32 s = 0; r->op != BIO_FLUSH && s < r->sectors; s++) {
			u8 *at = to + (r->sector + s) * SECTOR_SIZE;

			if (!keep(ctx, i, s))
				continue;
			if (r->op == BIO_WRITE)
				memcpy(at, r->data + (size_t)s * SECTOR_SIZE, SECTOR_SIZE);
			else
				memset(at, 0, SECTOR_SIZE);
		}
	}
}

/* Bit i of the choice that belongs to the seed. */
static bool chosen(u64 seed, u64 i)
{
	return hash_u64(hash_u64(seed) + i) & 1;
}

/* A crash at random: what came before the last barrier is there, and of the rest, each piece of
 * 4 KiB whole or not at all, FUA writes excepted. */
struct lottery {
	const struct host_disk *disk;
	size_t durable;
	u64 seed, pieces;
};

static bool drawn(void *ctx, size_t record, u32 sector)
{
	struct lottery *lottery = ctx;

	if (sector % 8 == 0)
		lottery->pieces++;
	return record < lottery->durable || lottery->disk->log[record].flags & BIO_FUA ||
	       chosen(lottery->seed, lottery->pieces);
}

struct host_disk *host_disk_replay(const struct host_disk *disk, const char *name, size_t n,
				   u64 subset)
{
	struct host_disk *copy = host_disk_ram(name, disk->bytes);
	struct lottery lottery = {.disk = disk, .durable = n, .seed = subset};

	while (subset && lottery.durable > 0 &&
	       !host_disk_is_barrier(&disk->log[lottery.durable - 1]))
		lottery.durable--;
	host_disk_materialise(disk, copy->data, n, drawn, &lottery);
	return copy;
}

/*
 * Descriptor tables.
 *
 * A table is an array of files with two bitmaps, "used" and "close on exec", all in one allocation
 * that grows by doubling. It belongs to a process, or to several threads of one (CLONE_FILES).
 * While it has one user, nobody else changes it, so the user's own lookups take neither the lock
 * nor a reference (fd_borrow); procfs reads other tables under the lock.
 *
 * A slot that is used but NULL is reserved: fd_reserve() has given the number out and fd_publish()
 * has not come yet.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/cred.h"
#include "vfs/file_int.h"

#include <linux/resource.h>

#define FD_FIRST_CAPACITY 64
#define FD_MAX_CAPACITY   (1 << 20)

struct fd_array {
	u32 capacity;
	struct file **files;
	unsigned long *used, *close_on_exec; /* bitmaps */
	u32 lowest_free;                     /* no free slot below */
};

struct file_table {
	u32 refs; /* atomic */
	struct spinlock lock;
	struct fd_array array; /* lock, unless there is one user */
	/* Room for the first descriptors, so that a small process needs no second allocation. */
	struct file *first_files[FD_FIRST_CAPACITY];
	unsigned long first_used[FD_FIRST_CAPACITY / 64],
	    first_close_on_exec[FD_FIRST_CAPACITY / 64];
};

static void array_use_first(struct file_table *table)
{
	table->array = (struct fd_array){
	    .capacity = FD_FIRST_CAPACITY,
	    .files = table->first_files,
	    .used = table->first_used,
	    .close_on_exec = table->first_close_on_exec,
	};
}

static int array_alloc(struct fd_array *array, u32 capacity)
{
	size_t files = capacity * sizeof(struct file *), bits = capacity / 8;
	char *memory = kmalloc(files + 2 * bits, MM_ZERO);

	if (!memory)
		return -ENOMEM;
	*array = (struct fd_array){
	    .capacity = capacity,
	    .files = (struct file **)memory,
	    .used = (unsigned long *)(memory + files),
	    .close_on_exec = (unsigned long *)(memory + files + bits),
	};
	return 0;
}

static void array_free(struct file_table *table, struct fd_array *array)
{
	if (array->files != table->first_files)
		kfree(array->files);
}

static void array_copy(struct fd_array *to, const struct fd_array *from)
{
	memcpy(to->files, from->files, from->capacity * sizeof(struct file *));
	memcpy(to->used, from->used, from->capacity / 8);
	memcpy(to->close_on_exec, from->close_on_exec, from->capacity / 8);
	to->lowest_free = from->lowest_free;
}

struct file_table *file_table_create(void)
{
	struct file_table *table = kmalloc(sizeof(*table), MM_ZERO);

	if (!table)
		return NULL;
	table->refs = 1;
	spin_init(&table->lock, "file table");
	array_use_first(table);
	return table;
}

static u32 array_end(const struct fd_array *array)
{
	size_t last = bitmap_find_last_set(array->used, array->capacity);

	return last == array->capacity ? 0 : (u32)last + 1;
}

struct file_table *file_table_dup(struct file_table *table)
{
	struct file_table *copy = file_table_create();
	struct fd_array bigger;

	if (!copy)
		return NULL;
	spin_lock(&table->lock);
	while (array_end(&table->array) > copy->array.capacity) {
		u32 capacity = table->array.capacity;

		spin_unlock(&table->lock);
		if (array_alloc(&bigger, capacity)) {
			kfree(copy);
			return NULL;
		}
		array_free(copy, &copy->array);
		copy->array = bigger;
		spin_lock(&table->lock);
	}
	for (u32 fd = 0, end = array_end(&table->array); fd < end; fd++) {
		struct file *file = table->array.files[fd];

		if (!file)
			continue; /* free, or reserved by a thread that is not the one that forks */
		file_get(file);
		copy->array.files[fd] = file;
		bitmap_set(copy->array.used, fd);
		if (bitmap_test(table->array.close_on_exec, fd))
			bitmap_set(copy->array.close_on_exec, fd);
	}
	spin_unlock(&table->lock);
	return copy;
}

void file_table_get(struct file_table *table)
{
	atomic_fetch_add(&table->refs, 1);
}

u32 file_table_refs(const struct file_table *table)
{
	return atomic_load(&table->refs);
}

void file_table_put(struct file_table *table)
{
	if (!table || atomic_sub_fetch(&table->refs, 1))
		return;
	for (u32 fd = 0, end = array_end(&table->array); fd < end; fd++)
		if (table->array.files[fd])
			file_close(table->array.files[fd], table);
	array_free(table, &table->array);
	kfree(table);
}

/* ---- looking up ---- */

struct file *file_table_get_file(struct file_table *table, int fd)
{
	struct file *file = NULL;

	spin_lock(&table->lock);
	if ((u32)fd < table->array.capacity)
		file = table->array.files[fd];
	if (file)
		file_get(file);
	spin_unlock(&table->lock);
	return file;
}

struct file *fd_get(int fd)
{
	return file_table_get_file(current_files(), fd);
}

struct fd_ref fd_borrow(int fd)
{
	struct file_table *table = current_files();

	if (likely(atomic_load(&table->refs) == 1)) {
		struct fd_ref ref = {};

		if (likely((u32)fd < table->array.capacity))
			ref.file = table->array.files[fd];
		return ref;
	}
	struct fd_ref ref = {.file = file_table_get_file(table, fd)};

	ref.counted = ref.file != NULL;
	return ref;
}

int file_table_next(struct file_table *table, int fd)
{
	int found = -1;

	spin_lock(&table->lock);
	for (u32 i = fd < 0 ? 0 : (u32)fd; i < table->array.capacity; i++) {
		i = (u32)bitmap_find_set(table->array.used, table->array.capacity, i);
		if (i < table->array.capacity && table->array.files[i]) {
			found = (int)i;
			break;
		}
	}
	spin_unlock(&table->lock);
	return found;
}

/* ---- giving out descriptors ---- */

/* Makes room for descriptor fd. The lock is held, and released and taken again meanwhile. */
static int table_grow(struct file_table *table, u32 fd) __no_lock_analysis
{
	struct fd_array bigger, old;
	u32 capacity = (u32)pow2_round_up((u64)fd + 1);
	int err;

	if (capacity > FD_MAX_CAPACITY)
		return -EMFILE;
	capacity = max(capacity, 2 * FD_FIRST_CAPACITY);
	spin_unlock(&table->lock);
	err = array_alloc(&bigger, capacity);
	spin_lock(&table->lock);
	if (err)
		return err;
	if (table->array.capacity >= capacity) {
		kfree(bigger.files);
		return 0;
	}
	old = table->array;
	array_copy(&bigger, &old);
	table->array = bigger;
	array_free(table, &old);
	return 0;
}

/* Finds and marks a free descriptor >= minimum; the lock is held. */
static int table_take_slot(struct file_table *table, u32 minimum, bool close_on_exec)
{
	u64 limit = min_t(u64, current_rlimit(RLIMIT_NOFILE), FD_MAX_CAPACITY);

	for (;;) {
		struct fd_array *array = &table->array;
		u32 from = max(minimum, array->lowest_free), fd = from;
		int err;

		if (from < array->capacity)
			fd = (u32)bitmap_find_zero(array->used, array->capacity, from);
		if (fd >= limit)
			return -EMFILE;
		if (fd < array->capacity) {
			bitmap_set(array->used, fd);
			if (close_on_exec)
				bitmap_set(array->close_on_exec, fd);
			else
				bitmap_clear(array->close_on_exec, fd);
			if (minimum <= array->lowest_free)
				array->lowest_free = fd + 1;
			return (int)fd;
		}
		err = table_grow(table, fd);
		if (err)
			return err;
	}
}

static void table_free_slot(struct file_table *table, u32 fd)
{
	table->array.files[fd] = NULL;
	bitmap_clear(table->array.used, fd);
	bitmap_clear(table->array.close_on_exec, fd);
	if (fd < table->array.lowest_free)
		table->array.lowest_free = fd;
}

int fd_install(struct file *file, int minimum, bool close_on_exec)
{
	struct file_table *table = current_files();
	int fd;

	spin_lock(&table->lock);
	fd = table_take_slot(table, (u32)minimum, close_on_exec);
	if (fd >= 0)
		table->array.files[fd] = file;
	spin_unlock(&table->lock);
	return fd;
}

int fd_reserve(int minimum, bool close_on_exec)
{
	struct file_table *table = current_files();
	int fd;

	spin_lock(&table->lock);
	fd = table_take_slot(table, (u32)minimum, close_on_exec);
	spin_unlock(&table->lock);
	return fd;
}

void fd_publish(int fd, struct file *file)
{
	struct file_table *table = current_files();

	spin_lock(&table->lock);
	ASSERT(!table->array.files[fd] && bitmap_test(table->array.used, (size_t)fd));
	table->array.files[fd] = file;
	spin_unlock(&table->lock);
}

void fd_cancel(int fd)
{
	struct file_table *table = current_files();

	spin_lock(&table->lock);
	table_free_slot(table, (u32)fd);
	spin_unlock(&table->lock);
}

int fd_replace(int fd, struct file *file, bool close_on_exec)
{
	struct file_table *table = current_files();
	struct file *old;
	int err = 0;

	if (fd < 0 || (u64)fd >= current_rlimit(RLIMIT_NOFILE))
		return -EBADF;
	spin_lock(&table->lock);
	while (!err && (u32)fd >= table->array.capacity)
		err = table_grow(table, (u32)fd);
	/* Reserved by another thread's open that is under way. */
	if (!err && !table->array.files[fd] && bitmap_test(table->array.used, (size_t)fd))
		err = -EBUSY;
	if (err) {
		spin_unlock(&table->lock);
		return err;
	}
	old = table->array.files[fd];
	table->array.files[fd] = file;
	bitmap_set(table->array.used, (size_t)fd);
	if (close_on_exec)
		bitmap_set(table->array.close_on_exec, (size_t)fd);
	else
		bitmap_clear(table->array.close_on_exec, (size_t)fd);
	spin_unlock(&table->lock);
	if (old)
		file_close(old, table);
	return 0;
}

/* ---- closing ---- */

int fd_close(int fd)
{
	struct file_table *table = current_files();
	struct file *file = NULL;

	spin_lock(&table->lock);
	if ((u32)fd < table->array.capacity)
		file = table->array.files[fd];
	if (file)
		table_free_slot(table, (u32)fd);
	spin_unlock(&table->lock);
	return file ? file_close(file, table) : -EBADF;
}

void file_table_close_on_exec(struct file_table *table)
{
	for (u32 fd = 0;; fd++) {
		struct file *file;

		spin_lock(&table->lock);
		fd = (u32)bitmap_find_set(table->array.close_on_exec, table->array.capacity, fd);
		if (fd >= table->array.capacity) {
			spin_unlock(&table->lock);
			return;
		}
		file = table->array.files[fd];
		if (file)
			table_free_slot(table, fd);
		spin_unlock(&table->lock);
		if (file)
			file_close(file, table);
	}
}

int fd_get_close_on_exec(int fd)
{
	struct file_table *table = current_files();
	int result = -EBADF;

	spin_lock(&table->lock);
	if ((u32)fd < table->array.capacity && table->array.files[fd])
		result = bitmap_test(table->array.close_on_exec, (size_t)fd);
	spin_unlock(&table->lock);
	return result;
}

int fd_set_close_on_exec(int fd, bool on)
{
	struct file_table *table = current_files();
	int result = -EBADF;

	spin_lock(&table->lock);
	if ((u32)fd < table->array.capacity && table->array.files[fd]) {
		if (on)
			bitmap_set(table->array.close_on_exec, (size_t)fd);
		else
			bitmap_clear(table->array.close_on_exec, (size_t)fd);
		result = 0;
	}
	spin_unlock(&table->lock);
	return result;
}

int fd_close_range(u32 first, u32 last, bool only_mark)
{
	struct file_table *table = current_files();

	for (u64 fd = first; fd <= last; fd++) {
		struct file *file;

		spin_lock(&table->lock);
		if (fd < table->array.capacity)
			fd = bitmap_find_set(table->array.used, table->array.capacity, (size_t)fd);
		if (fd >= table->array.capacity || fd > last) {
			spin_unlock(&table->lock);
			break;
		}
		file = table->array.files[fd];
		if (file && only_mark) {
			bitmap_set(table->array.close_on_exec, (size_t)fd);
			file = NULL;
		} else if (file) {
			table_free_slot(table, (u32)fd);
		}
		spin_unlock(&table->lock);
		if (file)
			file_close(file, table);
	}
	return 0;
}

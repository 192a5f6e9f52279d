/*
 * Descriptor tables, positions, record locks and flock.
 */
#include "files.h"

#include "host_cred.h"
#include "host_memory.h"
#include "host_thread.h"
#include "lib/errno.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/inode.h"

#include <sys/file.h>
#include <sys/resource.h>

static struct file *file;

static void start(void)
{
	files_start();
	file = must_open("/f", O_CREAT | O_RDWR);
}

static void stop(void)
{
	file_put(file);
	file_table_put(current_files());
	host_set_files(NULL);
}

static int install(int minimum)
{
	int fd;

	file_get(file);
	fd = fd_install(file, minimum, false);
	if (fd < 0)
		file_put(file);
	return fd;
}

START_TEST(the_lowest_free_descriptor_is_given_out)
{
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(install(0), i);
	ok(fd_close(150));
	ok(fd_close(3));
	ok(fd_close(7));
	ck_assert_int_eq(install(0), 3);
	ck_assert_int_eq(install(0), 7);
	ck_assert_int_eq(install(0), 150);
	ck_assert_int_eq(install(0), 200);
	ck_assert_int_eq(install(1000), 1000);
	ok(fd_close(100));
	ck_assert_int_eq(install(101), 201);
	ck_assert_int_eq(install(0), 100);
}
END_TEST

START_TEST(the_limit_of_descriptors_holds)
{
	host_set_rlimit(RLIMIT_NOFILE, 3);
	ck_assert_int_eq(install(0), 0);
	ck_assert_int_eq(install(0), 1);
	ck_assert_int_eq(install(0), 2);
	ck_assert_int_eq(install(0), -EMFILE);
	file_get(file);
	fails(-EBADF, fd_replace(3, file, false));
	file_put(file);
	ok(fd_close(1));
	ck_assert_int_eq(install(0), 1);
}
END_TEST

START_TEST(bad_descriptors_are_refused)
{
	static const int bad[] = {-1, 0, 63, 64, 100000, INT_MAX, INT_MIN};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_ptr_null(fd_get(bad[i]));
		ck_assert_ptr_null(fd_borrow(bad[i]).file);
		fails(-EBADF, fd_close(bad[i]));
		fails(-EBADF, fd_get_close_on_exec(bad[i]));
		fails(-EBADF, fd_set_close_on_exec(bad[i], true));
	}
}
END_TEST

START_TEST(a_reserved_descriptor_is_not_there_yet)
{
	int fd = fd_reserve(0, true);

	ck_assert_int_eq(fd, 0);
	ck_assert_ptr_null(fd_get(fd));
	fails(-EBADF, fd_close(fd));
	ck_assert_int_eq(install(0), 1);
	file_get(file);
	fails(-EBUSY, fd_replace(fd, file, false));
	fd_publish(fd, file);
	ck_assert_int_eq(fd_get_close_on_exec(fd), 1);
	ok(fd_close(fd));
	fd = fd_reserve(0, false);
	fd_cancel(fd);
	ck_assert_int_eq(install(0), fd);
}
END_TEST

START_TEST(replacing_closes_what_was_there)
{
	struct file *other = must_open("/g", O_CREAT | O_RDWR);
	int fd = install(0);

	ck_assert_uint_eq(file->refs, 2);
	ok(fd_replace(fd, other, true));
	ck_assert_uint_eq(file->refs, 1);
	ck_assert_int_eq(fd_get_close_on_exec(fd), 1);
	file_get(file);
	ok(fd_replace(500, file, false));
	ck_assert_ptr_eq(fd_borrow(500).file, file);
	ck_assert_int_eq(file_table_next(current_files(), 1), 500);
	ck_assert_int_eq(file_table_next(current_files(), 501), -1);
}
END_TEST

START_TEST(exec_closes_what_is_marked)
{
	for (int i = 0; i < 130; i++)
		install(0);
	for (int i = 0; i < 130; i += 3)
		ok(fd_set_close_on_exec(i, true));
	file_table_close_on_exec(current_files());
	for (int i = 0; i < 130; i++)
		ck_assert_int_eq(fd_borrow(i).file != NULL, i % 3 != 0);
}
END_TEST

START_TEST(a_range_is_closed_or_marked)
{
	for (int i = 0; i < 20; i++)
		install(0);
	ok(fd_close_range(5, 9, false));
	ok(fd_close_range(12, UINT_MAX, true));
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(fd_get_close_on_exec(i), i >= 5 && i <= 9 ? -EBADF : i >= 12);
	ok(fd_close_range(0, UINT_MAX, false));
	ck_assert_uint_eq(file->refs, 1);
}
END_TEST

START_TEST(a_copied_table_shares_files_and_nothing_else)
{
	struct file_table *copy;

	for (int i = 0; i < 100; i++)
		install(0);
	ok(fd_set_close_on_exec(70, true));
	copy = file_table_dup(current_files());
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(file->refs, 201);
	ok(fd_close(50));
	struct file *found = file_table_get_file(copy, 50);
	ck_assert_ptr_eq(found, file);
	file_put(found);
	file_table_close_on_exec(copy);
	ck_assert_ptr_null(file_table_get_file(copy, 70));
	ck_assert_ptr_nonnull(fd_borrow(70).file);
	file_table_put(copy);
}
END_TEST

START_TEST(tables_grow_or_fail_cleanly_without_memory)
{
	for (int i = 0; i < 64; i++)
		install(0);
	host_alloc_fail_from(1);
	ck_assert_int_eq(install(0), -ENOMEM);
	ck_assert_ptr_null(file_table_dup(current_files()));
	host_alloc_fail_nth(0);
	ck_assert_int_eq(install(0), 64);
	ck_assert_uint_eq(file->refs, 66);
}
END_TEST

START_TEST(seeking_does_what_the_table_says)
{
	static const struct {
		loff_t offset;
		int whence;
		loff_t result;
	} cases[] = {
	    {10, SEEK_SET, 10},        {5, SEEK_CUR, 15},
	    {-5, SEEK_END, 95},        {0, SEEK_CUR, 95},
	    {1000, SEEK_SET, 1000},    {-1001, SEEK_CUR, -EINVAL},
	    {-1, SEEK_SET, -EINVAL},   {-101, SEEK_END, -EINVAL},
	    {0, 99, -EINVAL},          {0, SEEK_DATA, 0},
	    {0, SEEK_HOLE, 100},       {100, SEEK_DATA, -ENXIO},
	    {-1, SEEK_HOLE, -ENXIO},   {S64_MAX, SEEK_SET, S64_MAX},
	    {1, SEEK_CUR, -EOVERFLOW},
	};

	must_write_pattern("/f", 1, 0, 100);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		loff_t got = file_seek(file, cases[i].offset, cases[i].whence);

		ck_assert_msg(got == cases[i].result, "%zu: %ld", i, got);
	}
}
END_TEST

START_TEST(a_running_program_is_not_written_to)
{
	struct file *program = must_open("/program", O_CREAT | O_RDONLY), *other;

	ok(file_deny_write(program));
	fails(-ETXTBSY, file_try_open("/program", O_WRONLY, 0, &other));
	fails(-ETXTBSY, file_truncate("/program", 0));
	file_allow_write(program);
	other = must_open("/program", O_WRONLY);
	fails(-ETXTBSY, file_deny_write(program));
	file_put(other);
	ok(file_deny_write(program));
	file_allow_write(program);
	file_put(program);
}
END_TEST

/* ---- locks ---- */

/* Sets a lock for one of two processes, each of which is a descriptor table. */
static struct file_table *processes[2];

static int lock(int process, short type, loff_t first, loff_t last)
{
	struct flock_request request = {
	    .type = type, .start = first, .end = last, .pid = process + 1};

	host_set_files(processes[process]);
	return locks_posix_set(file, &request);
}

/* Whom process would have to wait for: "type start-end", or "". */
static const char *blocker(int process, short type, loff_t first, loff_t last)
{
	struct flock_request request = {.type = type, .start = first, .end = last};

	host_set_files(processes[process]);
	ck_assert_int_eq(locks_posix_get(file, &request), 0);
	if (request.type == F_UNLCK)
		return "";
	return name_of("%c %ld-%ld %d", request.type == F_WRLCK ? 'w' : 'r', request.start,
		       request.end, request.pid);
}

static void start_locks(void)
{
	start();
	processes[0] = current_files();
	processes[1] = file_table_create();
}

static void stop_locks(void)
{
	locks_release_files(file, processes[0]);
	locks_release_files(file, processes[1]);
	file_table_put(processes[1]);
	host_set_files(processes[0]);
	stop();
}

START_TEST(locks_of_two_processes_conflict)
{
	ok(lock(0, F_RDLCK, 0, 99));
	ok(lock(1, F_RDLCK, 50, 149));
	fails(-EAGAIN, lock(1, F_WRLCK, 99, 99));
	ok(lock(1, F_WRLCK, 100, 149));
	fails(-EAGAIN, lock(0, F_RDLCK, 0, 100));
	ck_assert_str_eq(blocker(0, F_WRLCK, 0, 1000), "r 50-99 2");
	ck_assert_str_eq(blocker(0, F_RDLCK, 0, 1000), "w 100-149 2");
	ck_assert_str_eq(blocker(0, F_WRLCK, 150, 1000), "");
	ok(lock(0, F_UNLCK, 0, 99));
	ok(lock(1, F_WRLCK, 0, S64_MAX));
	ck_assert_str_eq(blocker(0, F_RDLCK, 5, 5), name_of("w 0-%ld 2", (long)S64_MAX));
}
END_TEST

START_TEST(ranges_split_and_merge)
{
	ok(lock(0, F_WRLCK, 0, 99));
	ok(lock(0, F_UNLCK, 40, 59));
	ck_assert_str_eq(blocker(1, F_WRLCK, 0, 999), "w 0-39 1");
	ck_assert_str_eq(blocker(1, F_WRLCK, 40, 999), "w 60-99 1");
	ck_assert_str_eq(blocker(1, F_WRLCK, 40, 59), "");
	ok(lock(0, F_RDLCK, 70, 79)); /* three pieces */
	ck_assert_str_eq(blocker(1, F_WRLCK, 61, 61), "w 60-69 1");
	ck_assert_str_eq(blocker(1, F_WRLCK, 75, 75), "r 70-79 1");
	ck_assert_str_eq(blocker(1, F_WRLCK, 99, 99), "w 80-99 1");
	ok(lock(0, F_WRLCK, 70, 79));
	ok(lock(0, F_WRLCK, 40, 59));
	ck_assert_str_eq(blocker(1, F_WRLCK, 50, 50), "w 0-99 1");
	ok(lock(0, F_UNLCK, 0, S64_MAX));
	ck_assert_str_eq(blocker(1, F_WRLCK, 0, S64_MAX), "");
}
END_TEST

START_TEST(closing_any_descriptor_drops_a_process_s_locks)
{
	int fd;

	ok(lock(0, F_WRLCK, 0, 99));
	fd = fd_install(must_open("/f", O_RDONLY), 0, false);
	ck_assert_str_eq(blocker(1, F_RDLCK, 0, 0), "w 0-99 1");
	host_set_files(processes[0]);
	ok(fd_close(fd));
	ck_assert_str_eq(blocker(1, F_RDLCK, 0, 0), "");
}
END_TEST

START_TEST(locks_of_a_description_belong_to_it)
{
	struct flock_request request = {.type = F_WRLCK, .end = 9, .ofd = true};
	struct file *other = must_open("/f", O_RDWR);

	ok(locks_posix_set(file, &request));
	fails(-EAGAIN, locks_posix_set(other, &request));
	fails(-EAGAIN, lock(0, F_RDLCK, 0, 0)); /* even for the same process */
	ck_assert_str_eq(blocker(0, F_RDLCK, 0, 0), "w 0-9 -1");
	request.type = F_UNLCK;
	ok(locks_posix_set(other, &request)); /* nothing of its own */
	fails(-EAGAIN, lock(0, F_RDLCK, 0, 0));
	locks_release_description(file);
	ok(lock(0, F_RDLCK, 0, 0));
	file_put(other);
}
END_TEST

static void waiting_locker(void *arg)
{
	struct flock_request request = {
	    .type = F_WRLCK, .start = 0, .end = 9, .wait = true, .ofd = true};

	*(int *)arg = locks_posix_set(file, &request);
}

START_TEST(a_waiting_lock_comes_when_the_range_is_free)
{
	struct thread *thread;
	int result = 1;

	ok(lock(0, F_WRLCK, 5, 5));
	thread = host_thread_start(waiting_locker, &result);
	while (!host_threads_parked())
		;
	ok(lock(0, F_WRLCK, 100, 100)); /* no release of what it waits for */
	ok(lock(0, F_UNLCK, 0, S64_MAX));
	host_thread_join(thread);
	ck_assert_int_eq(result, 0);
	fails(-EAGAIN, lock(0, F_RDLCK, 9, 9));
	locks_release_description(file);
}
END_TEST

START_TEST(flock_is_shared_or_exclusive_among_descriptions)
{
	struct file *other = must_open("/f", O_RDONLY);

	ok(locks_flock(file, LOCK_SH | LOCK_NB));
	ok(locks_flock(other, LOCK_SH | LOCK_NB));
	fails(-EAGAIN, locks_flock(other, LOCK_EX | LOCK_NB));
	ok(locks_flock(file, LOCK_UN));
	ok(locks_flock(other, LOCK_EX | LOCK_NB));
	fails(-EAGAIN, locks_flock(file, LOCK_SH | LOCK_NB));
	ok(lock(0, F_WRLCK, 0, 0)); /* record locks are another world */
	file_put(other);
	ok(locks_flock(file, LOCK_EX | LOCK_NB));
	fails(-EINVAL, locks_flock(file, 64));
}
END_TEST

START_TEST(locking_without_memory_changes_nothing)
{
	ok(lock(0, F_WRLCK, 0, 99));
	host_alloc_fail_from(1);
	fails(-ENOLCK, lock(0, F_UNLCK, 40, 59));
	fails(-ENOLCK, lock(0, F_RDLCK, 40, 59));
	fails(-ENOLCK, locks_flock(file, LOCK_EX));
	host_alloc_fail_nth(0);
	ck_assert_str_eq(blocker(1, F_WRLCK, 50, 50), "w 0-99 1");
}
END_TEST

Suite *suite_files(void)
{
	Suite *s =
	    suite_with("files", start, stop, the_lowest_free_descriptor_is_given_out,
		       the_limit_of_descriptors_holds, bad_descriptors_are_refused,
		       a_reserved_descriptor_is_not_there_yet, replacing_closes_what_was_there,
		       exec_closes_what_is_marked, a_range_is_closed_or_marked,
		       a_copied_table_shares_files_and_nothing_else,
		       tables_grow_or_fail_cleanly_without_memory, seeking_does_what_the_table_says,
		       a_running_program_is_not_written_to);

	suite_add_tests(s, start_locks, stop_locks, locks_of_two_processes_conflict,
			ranges_split_and_merge, closing_any_descriptor_drops_a_process_s_locks,
			locks_of_a_description_belong_to_it,
			a_waiting_lock_comes_when_the_range_is_free,
			flock_is_shared_or_exclusive_among_descriptions,
			locking_without_memory_changes_nothing);
	return s;
}

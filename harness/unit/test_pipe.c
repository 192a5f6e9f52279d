/*
 * Pipes, FIFOs, poll, epoll, eventfd and splice.
 */
#include "files.h"

#include "host_cred.h"
#include "host_memory.h"
#include "host_thread.h"
#include "lib/clock.h"
#include "lib/errno.h"
#include "vfs/file.h"
#include "vfs/pipe.h"
#include "vfs/poll.h"

#include <sys/epoll.h>
#include <signal.h>

static struct file *reader, *writer;

static void start(void)
{
	files_start();
	ok(pipe_create(O_NONBLOCK, &reader, &writer));
}

static void stop(void)
{
	if (reader)
		file_put(reader);
	if (writer)
		file_put(writer);
}

static void close_end(struct file **end)
{
	file_put(*end);
	*end = NULL;
}

static u8 big[20 * 4096];

static ssize_t put(const void *data, size_t n)
{
	return file_write_kernel(writer, data, n, NULL);
}

static ssize_t get(void *data, size_t n)
{
	return file_read_kernel(reader, data, n, NULL);
}

START_TEST(bytes_come_out_as_they_went_in)
{
	char text[16] = "";

	ck_assert_int_eq(put("hello", 5), 5);
	ck_assert_int_eq(put(" world", 6), 6);
	ck_assert_int_eq(get(text, 3), 3);
	ck_assert_int_eq(get(text + 3, 13), 8);
	ck_assert_str_eq(text, "hello world");
	ck_assert_int_eq(get(text, 1), -EAGAIN);
}
END_TEST

START_TEST(small_writes_share_a_page)
{
	size_t n = 0;

	while (put("x", 1) == 1)
		n++;
	ck_assert_uint_eq(n, 65536);
	ck_assert_int_eq(get(big, sizeof(big)), 65536);
}
END_TEST

START_TEST(a_write_of_up_to_a_page_is_whole_or_nothing)
{
	ck_assert_int_eq(put(big, 65536 - 100), 65536 - 100);
	ck_assert_int_eq(put(big, 101), -EAGAIN);
	ck_assert_int_eq(put(big, 100), 100);
	ck_assert_int_eq(get(big, 4096), 4096);
	ck_assert_int_eq(put(big, 8192), 4096); /* more than PIPE_BUF may be cut */
}
END_TEST

START_TEST(a_reader_sees_the_end_when_no_writer_is_left)
{
	char c;

	ck_assert_int_eq(put("a", 1), 1);
	close_end(&writer);
	ck_assert_int_eq(get(&c, 1), 1);
	ck_assert_int_eq(get(&c, 1), 0);
}
END_TEST

START_TEST(a_writer_without_readers_gets_sigpipe)
{
	close_end(&reader);
	ck_assert_int_eq(put("a", 1), -EPIPE);
	ck_assert_int_eq(host_take_signal(), SIGPIPE);
	ck_assert_int_eq(put("a", 0), 0);
}
END_TEST

START_TEST(packets_keep_their_ends)
{
	char text[16];

	stop();
	ok(pipe_create(O_NONBLOCK | O_DIRECT, &reader, &writer));
	ck_assert_int_eq(put("one", 3), 3);
	ck_assert_int_eq(put("two!", 4), 4);
	ck_assert_int_eq(get(text, sizeof(text)), 3);
	ck_assert_int_eq(get(text, 2), 2); /* the rest of the packet is dropped */
	ck_assert_int_eq(get(text, sizeof(text)), -EAGAIN);
}
END_TEST

START_TEST(capacity_can_be_changed_but_not_below_what_is_there)
{
	struct pipe *pipe = pipe_of_file(reader);

	ck_assert_int_eq(pipe_capacity(pipe), 65536);
	ck_assert_int_eq(pipe_set_capacity(pipe, 5000), 8192);
	ck_assert_int_eq(put(big, 8192), 8192);
	ck_assert_int_eq(put(big, 1), -EAGAIN);
	ck_assert_int_eq(pipe_set_capacity(pipe, 4096), -EBUSY);
	ck_assert_int_eq(pipe_set_capacity(pipe, 1 << 20), 1 << 20);
	ck_assert_int_eq(put(big, 8192), 8192);
	ck_assert_int_eq(get(big, sizeof(big)), 16384);
	host_set_user(1, 1);
	ck_assert_int_eq(pipe_set_capacity(pipe, 4 << 20), -EPERM);
}
END_TEST

static void blocking_reader(void *arg)
{
	*(ssize_t *)arg = file_read_kernel(reader, big, 3, NULL);
}

START_TEST(a_blocked_reader_wakes_for_bytes)
{
	ssize_t got = 0;
	struct thread *thread;

	reader->flags &= ~(u32)O_NONBLOCK;
	thread = host_thread_start(blocking_reader, &got);
	while (!host_threads_parked())
		;
	ck_assert_int_eq(put("abc", 3), 3);
	host_thread_join(thread);
	ck_assert_int_eq(got, 3);
}
END_TEST

static void blocking_writer(void *arg)
{
	*(ssize_t *)arg = file_write_kernel(writer, big, 20 * 4096, NULL);
}

START_TEST(a_blocked_writer_wakes_for_room)
{
	ssize_t put_n = 0, total = 0;
	struct thread *thread;
	static u8 out[4096];

	writer->flags &= ~(u32)O_NONBLOCK;
	reader->flags &= ~(u32)O_NONBLOCK;
	thread = host_thread_start(blocking_writer, &put_n);
	while (total < 20 * 4096) {
		ssize_t n = get(out, sizeof(out));

		ck_assert_int_gt(n, 0);
		total += n;
	}
	host_thread_join(thread);
	ck_assert_int_eq(put_n, 20 * 4096);
}
END_TEST

START_TEST(a_signal_ends_a_blocked_read)
{
	ssize_t got = 0;
	struct thread *thread;

	reader->flags &= ~(u32)O_NONBLOCK;
	thread = host_thread_start(blocking_reader, &got);
	while (!host_threads_parked())
		;
	host_thread_set_signal(thread, true, false);
	host_thread_join(thread);
	ck_assert_int_eq(got, -ERESTARTSYS);
}
END_TEST

START_TEST(a_fifo_needs_both_ends)
{
	struct file *a, *b;
	char c;

	ok(file_mknod("/fifo", S_IFIFO | 0600, 0, 0));
	fails(-ENXIO, file_try_open("/fifo", O_WRONLY | O_NONBLOCK, 0, &b));
	a = must_open("/fifo", O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(file_read_kernel(a, &c, 1, NULL), 0); /* nobody writes */
	b = must_open("/fifo", O_WRONLY | O_NONBLOCK);
	ck_assert_int_eq(file_read_kernel(a, &c, 1, NULL), -EAGAIN);
	ck_assert_int_eq(file_write_kernel(b, "z", 1, NULL), 1);
	file_put(b);
	ck_assert_int_eq(file_read_kernel(a, &c, 1, NULL), 1);
	ck_assert_int_eq(file_read_kernel(a, &c, 1, NULL), 0);
	file_put(a);
	a = must_open("/fifo", O_RDWR); /* never waits, and starts empty */
	ck_assert_int_eq(file_write_kernel(a, "y", 1, NULL), 1);
	ck_assert_int_eq(file_read_kernel(a, &c, 1, NULL), 1);
	file_put(a);
}
END_TEST

/* ---- readiness ---- */

START_TEST(poll_sees_what_a_pipe_can_do)
{
	ck_assert_uint_eq(file_poll_now(reader), 0);
	ck_assert_uint_eq(file_poll_now(writer), EPOLLOUT | EPOLLWRNORM);
	put(big, 65536);
	ck_assert_uint_eq(file_poll_now(reader), EPOLLIN | EPOLLRDNORM);
	ck_assert_uint_eq(file_poll_now(writer), 0);
	close_end(&writer);
	ck_assert_uint_eq(file_poll_now(reader), EPOLLIN | EPOLLRDNORM | EPOLLHUP);
	stop();
	ok(pipe_create(O_NONBLOCK, &reader, &writer));
	close_end(&reader);
	ck_assert_uint_eq(file_poll_now(writer), EPOLLOUT | EPOLLWRNORM | EPOLLERR);
}
END_TEST

static void write_one(void *arg)
{
	put("x", 1);
}

START_TEST(poll_waits_for_one_of_many)
{
	struct poll_request requests[8];
	struct thread *thread;
	int fd;

	file_get(reader);
	fd = fd_install(reader, 0, false);
	for (int i = 0; i < 8; i++)
		requests[i] = (struct poll_request){.fd = i == 5 ? -1 : fd, .events = EPOLLIN};
	requests[7].fd = fd + 1;
	ck_assert_int_eq(poll_wait_many(requests, 8, 0), 1);
	ck_assert_uint_eq(requests[7].result, POLL_INVALID);
	ck_assert_int_eq(poll_wait_many(requests, 7, 0), 0);
	ck_assert_int_eq(poll_wait_many(requests, 7, clock_monotonic_ns() + 1), 0);
	thread = host_thread_start(write_one, NULL);
	ck_assert_int_eq(poll_wait_many(requests, 7, PARK_FOREVER), 6);
	ck_assert_uint_eq(requests[0].result, EPOLLIN);
	ck_assert_uint_eq(requests[5].result, 0);
	host_thread_join(thread);
	ok(fd_close(fd));
}
END_TEST

START_TEST(epoll_reports_levels_edges_and_once)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42}, got[4];
	struct file *epoll;
	int fd;

	file_get(reader);
	fd = fd_install(reader, 0, false);
	ok(epoll_open(&epoll));
	fails(-EBADF, epoll_control(epoll, EPOLL_CTL_ADD, fd + 1, &event));
	fails(-ENOENT, epoll_control(epoll, EPOLL_CTL_MOD, fd, &event));
	ok(epoll_control(epoll, EPOLL_CTL_ADD, fd, &event));
	fails(-EEXIST, epoll_control(epoll, EPOLL_CTL_ADD, fd, &event));
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 0);
	put("x", 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 1);
		ck_assert_uint_eq(got[0].data.u64, 42);
	}
	event.events = EPOLLIN | EPOLLET;
	ok(epoll_control(epoll, EPOLL_CTL_MOD, fd, &event));
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 1);
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 0);
	put("x", 1);
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 1);
	event.events = EPOLLIN | EPOLLONESHOT;
	ok(epoll_control(epoll, EPOLL_CTL_MOD, fd, &event));
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 1);
	put("x", 1);
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 0);
	ok(epoll_control(epoll, EPOLL_CTL_MOD, fd, &event));
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 1);
	ok(epoll_control(epoll, EPOLL_CTL_DEL, fd, NULL));
	fails(-ENOENT, epoll_control(epoll, EPOLL_CTL_DEL, fd, NULL));
	ok(epoll_control(epoll, EPOLL_CTL_ADD, fd, &event));
	ok(fd_close(fd));
	close_end(&reader); /* the watched file goes, and its watch with it */
	ck_assert_int_eq(epoll_wait_events(epoll, got, 4, 0), 0);
	file_put(epoll);
}
END_TEST

START_TEST(epoll_files_nest_but_not_in_circles)
{
	struct epoll_event event = {.events = EPOLLIN}, got[2];
	struct file *a, *b;
	int fa, fb, fr;

	ok(epoll_open(&a));
	ok(epoll_open(&b));
	fa = fd_install(a, 0, false);
	fb = fd_install(b, 0, false);
	file_get(reader);
	fr = fd_install(reader, 0, false);
	fails(-EINVAL, epoll_control(a, EPOLL_CTL_ADD, fa, &event));
	ok(epoll_control(a, EPOLL_CTL_ADD, fb, &event));
	fails(-ELOOP, epoll_control(b, EPOLL_CTL_ADD, fa, &event));
	ok(epoll_control(b, EPOLL_CTL_ADD, fr, &event));
	ck_assert_int_eq(epoll_wait_events(a, got, 2, 0), 0);
	put("x", 1);
	ck_assert_int_eq(epoll_wait_events(a, got, 2, 0), 1);
	ok(fd_close(fa));
	ok(fd_close(fb));
	ok(fd_close(fr));
}
END_TEST

START_TEST(an_eventfd_counts)
{
	struct file *file;
	u64 value = 3;

	ok(eventfd_create(2, O_NONBLOCK, &file));
	ck_assert_int_eq(file_write_kernel(file, &value, 8, NULL), 8);
	ck_assert_int_eq(file_read_kernel(file, &value, 8, NULL), 8);
	ck_assert_uint_eq(value, 5);
	ck_assert_int_eq(file_read_kernel(file, &value, 8, NULL), -EAGAIN);
	ck_assert_int_eq(file_read_kernel(file, &value, 7, NULL), -EINVAL);
	value = U64_MAX;
	ck_assert_int_eq(file_write_kernel(file, &value, 8, NULL), -EINVAL);
	value = U64_MAX - 1;
	ck_assert_int_eq(file_write_kernel(file, &value, 8, NULL), 8);
	value = 1;
	ck_assert_int_eq(file_write_kernel(file, &value, 8, NULL), -EAGAIN);
	ck_assert_uint_eq(file_poll_now(file), EPOLLIN | EPOLLRDNORM);
	file_put(file);
	ok(eventfd_create(2, O_NONBLOCK | 1 /* EFD_SEMAPHORE */, &file));
	ck_assert_int_eq(file_read_kernel(file, &value, 8, NULL), 8);
	ck_assert_uint_eq(value, 1);
	file_put(file);
}
END_TEST

/* ---- between files ---- */

START_TEST(splice_takes_only_what_the_other_side_takes)
{
	struct file *file = must_open("/f", O_CREAT | O_RDWR);
	loff_t pos = 0;

	must_write_pattern("/g", 5, 0, 30000);
	struct file *g = must_open("/g", O_RDONLY);

	ck_assert_int_eq(vfs_splice(g, &pos, writer, NULL, 30000, 0), 30000);
	ck_assert_int_eq(pos, 30000);
	pos = 0;
	ck_assert_int_eq(vfs_splice(reader, NULL, file, &pos, 10000, 0), 10000);
	ck_assert_int_eq(vfs_splice(reader, NULL, file, &pos, 50000, 0), 20000);
	must_have_pattern("/f", 5, 0, 30000);
	ck_assert_int_eq(vfs_splice(reader, NULL, file, &pos, 1, 0), -EAGAIN);
	ck_assert_int_eq(vfs_splice(g, NULL, file, NULL, 1, 0), -EINVAL);
	ck_assert_int_eq(vfs_splice(reader, &pos, file, NULL, 1, 0), -ESPIPE);
	file_put(g);
	file_put(file);
}
END_TEST

START_TEST(tee_copies_and_splice_moves_between_pipes)
{
	struct file *r2, *w2;
	char text[16] = "";

	ok(pipe_create(O_NONBLOCK, &r2, &w2));
	put("abcdef", 6);
	ck_assert_int_eq(vfs_tee(reader, w2, 4, 0), 4);
	put("gh", 2); /* not behind the shared bytes' page */
	ck_assert_int_eq(vfs_splice(reader, NULL, w2, NULL, 100, 0), 8);
	ck_assert_int_eq(file_read_kernel(r2, text, sizeof(text), NULL), 12);
	ck_assert_str_eq(text, "abcdabcdefgh");
	ck_assert_int_eq(get(text, 1), -EAGAIN);
	file_put(r2);
	file_put(w2);
}
END_TEST

START_TEST(sendfile_goes_from_files_to_anything)
{
	struct file *out = must_open("/out", O_CREAT | O_RDWR), *in;
	loff_t pos = 1000;

	must_write_pattern("/in", 9, 0, 50000);
	in = must_open("/in", O_RDONLY);
	ck_assert_int_eq(vfs_sendfile(out, NULL, in, &pos, 100000), 49000);
	ck_assert_int_eq(pos, 50000);
	ck_assert_int_eq(in->pos, 0);
	ck_assert_int_eq(out->pos, 49000);
	ck_assert_int_eq(vfs_sendfile(writer, NULL, in, NULL, 5000), 5000);
	ck_assert_int_eq(in->pos, 5000);
	ck_assert_int_eq(vfs_sendfile(out, NULL, reader, NULL, 10), -EINVAL);
	ck_assert_int_eq(vfs_copy_file_range(in, NULL, out, NULL, 3000), 3000);
	ck_assert_int_eq(in->pos, 8000);
	ck_assert_int_eq(out->pos, 52000);
	pos = 0;
	loff_t to = 10;
	ck_assert_int_eq(vfs_copy_file_range(out, &pos, out, &to, 100), -EINVAL);
	file_put(in);
	file_put(out);
}
END_TEST

START_TEST(a_pipe_without_memory_is_not_made)
{
	for (u64 n = 1; n < 50; n++) {
		struct file *r, *w;
		bool failed;
		int error;

		host_alloc_fail_nth(n);
		error = pipe_create(0, &r, &w);
		failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		if (!failed) {
			ck_assert_int_eq(error, 0);
			file_put(r);
			file_put(w);
			return;
		}
		fails(-ENOMEM, error);
	}
	ck_abort_msg("it always fails");
}
END_TEST

Suite *suite_pipe(void)
{
	return suite_with(
	    "pipe", start, stop, bytes_come_out_as_they_went_in, small_writes_share_a_page,
	    a_write_of_up_to_a_page_is_whole_or_nothing,
	    a_reader_sees_the_end_when_no_writer_is_left, a_writer_without_readers_gets_sigpipe,
	    packets_keep_their_ends, capacity_can_be_changed_but_not_below_what_is_there,
	    a_blocked_reader_wakes_for_bytes, a_blocked_writer_wakes_for_room,
	    a_signal_ends_a_blocked_read, a_fifo_needs_both_ends, poll_sees_what_a_pipe_can_do,
	    poll_waits_for_one_of_many, epoll_reports_levels_edges_and_once,
	    epoll_files_nest_but_not_in_circles, an_eventfd_counts,
	    splice_takes_only_what_the_other_side_takes, tee_copies_and_splice_moves_between_pipes,
	    sendfile_goes_from_files_to_anything, a_pipe_without_memory_is_not_made);
}

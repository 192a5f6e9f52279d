#include <sched.h>

#include "unit.h"

#include "host_clock.h"
#include "host_thread.h"
#include "lib/atomic.h"
#include "lib/refcount.h"
#include "lib/wait.h"

static struct wait_queue queue = WAIT_QUEUE_INIT(queue, "queue");
static u32 tokens, served;
static int result;

static void wait_parked(unsigned n)
{
	while (host_threads_parked() < n)
		sched_yield();
}

static bool take_token(void)
{
	u32 n = atomic_load(&tokens);

	while (n)
		if (atomic_cmpxchg(&tokens, &n, n - 1))
			return true;
	return false;
}

static void wait_for_token(void *arg)
{
	wait_event(&queue, take_token());
	atomic_inc(&served);
}

START_TEST(a_condition_that_holds_is_not_waited_for)
{
	tokens = 1;
	wait_for_token(NULL);
	ck_assert_uint_eq(served, 1);
	ck_assert(!wait_queue_active(&queue));
}
END_TEST

START_TEST(everyone_is_woken_and_those_without_luck_sleep_again)
{
	struct thread *threads[3];

	for (int i = 0; i < 3; i++)
		threads[i] = host_thread_start(wait_for_token, NULL);
	for (u32 i = 1; i <= 3; i++) {
		wait_parked(4 - i);
		ck_assert(wait_queue_active(&queue));
		atomic_store(&tokens, 1);
		wake_all(&queue);
		while (atomic_load(&served) < i)
			sched_yield();
	}
	for (int i = 0; i < 3; i++)
		host_thread_join(threads[i]);
	ck_assert(!wait_queue_active(&queue));
}
END_TEST

static void wait_interruptible(void *arg)
{
	result = wait_event_interruptible(&queue, take_token());
}

START_TEST(a_signal_ends_an_interruptible_wait)
{
	struct thread *t = host_thread_start(wait_interruptible, NULL);

	wait_parked(1);
	host_thread_set_signal(t, true, false);
	host_thread_join(t);
	ck_assert_int_eq(result, -ERESTARTSYS);
	ck_assert(!wait_queue_active(&queue));
}
END_TEST

static void wait_until(void *arg)
{
	result = wait_event_interruptible_until(&queue, take_token(), *(u64 *)arg);
}

START_TEST(a_deadline_ends_a_wait_when_the_clock_reaches_it)
{
	u64 deadline = clock_monotonic_ns() + NSEC_PER_SEC;

	host_clock_set_automatic(false);
	struct thread *t = host_thread_start(wait_until, &deadline);
	wait_parked(1);
	host_clock_advance(NSEC_PER_SEC - 1);
	ck_assert_uint_eq(host_threads_parked(), 1);
	host_clock_advance(1);
	host_thread_join(t);
	ck_assert_int_eq(result, -ETIMEDOUT);
}
END_TEST

START_TEST(the_automatic_clock_moves_to_the_deadline)
{
	u64 deadline = clock_monotonic_ns() + 5 * NSEC_PER_SEC;

	wait_until(&deadline);
	ck_assert_int_eq(result, -ETIMEDOUT);
	ck_assert_uint_eq(clock_monotonic_ns(), deadline);
}
END_TEST

START_TEST(a_permit_granted_early_is_not_lost)
{
	thread_unpark(thread_current());
	thread_unpark(thread_current());
	ck_assert_int_eq(thread_park(PARK_UNINTERRUPTIBLE, PARK_FOREVER), 0);
	ck_assert_int_eq(thread_park(PARK_UNINTERRUPTIBLE, 0), -ETIMEDOUT);
}
END_TEST

static unsigned calls, last_key;

static bool count_call(struct wait_entry *entry, unsigned int key)
{
	calls++;
	last_key = key;
	return entry->exclusive;
}

START_TEST(callbacks_get_the_key_and_exclusive_ones_are_limited)
{
	struct wait_entry entries[5];

	for (int i = 0; i < 5; i++) {
		wait_entry_init(&entries[i], i >= 2);
		entries[i].wake = count_call;
		wait_queue_add(&queue, &entries[i]);
		wait_queue_add(&queue, &entries[i]);
	}
	wait_queue_wake(&queue, 1, 4);
	ck_assert_uint_eq(calls, 3); /* two that are not exclusive, one that is */
	ck_assert_uint_eq(last_key, 4);
	wait_queue_wake(&queue, 0, 0);
	ck_assert_uint_eq(calls, 8);
	for (int i = 0; i < 5; i++) {
		wait_queue_remove(&queue, &entries[i]);
		wait_queue_remove(&queue, &entries[i]);
	}
	ck_assert(!wait_queue_active(&queue));
}
END_TEST

START_TEST(the_last_reference_is_known)
{
	struct refcount r;

	refcount_init(&r, 1);
	refcount_get(&r);
	ck_assert(refcount_get_unless_zero(&r));
	ck_assert(!refcount_put(&r));
	ck_assert(!refcount_put(&r));
	ck_assert(refcount_put(&r));
	ck_assert(!refcount_get_unless_zero(&r));
	ck_assert_uint_eq(refcount_read(&r), 0);
}
END_TEST

START_TEST(a_reference_count_saturates_rather_than_wraps)
{
	struct refcount r;

	refcount_init(&r, U32_MAX - 1);
	for (int i = 0; i < 4; i++)
		refcount_get(&r);
	for (int i = 0; i < 8; i++)
		ck_assert(!refcount_put(&r));
	ck_assert_uint_eq(refcount_read(&r), REFCOUNT_STUCK);
}
END_TEST

START_TEST(a_reference_to_a_dead_object_panics)
{
	struct refcount r;

	refcount_init(&r, 0);
	refcount_get(&r);
}
END_TEST

START_TEST(one_put_too_many_panics)
{
	struct refcount r;

	refcount_init(&r, 1);
	ck_assert(refcount_put(&r));
	ck_assert(refcount_put(&r));
}
END_TEST

START_TEST(bits_of_a_word_report_what_they_were)
{
	unsigned long word = 0;

	ck_assert(!atomic_bit_set(&word, 63));
	ck_assert(atomic_bit_set(&word, 63));
	ck_assert(atomic_bit_test(&word, 63));
	ck_assert(atomic_bit_clear(&word, 63));
	ck_assert(!atomic_bit_clear(&word, 63));
	ck_assert_uint_eq(word, 0);
}
END_TEST

Suite *suite_wait(void)
{
	Suite *s = suite_of(
	    "wait", a_condition_that_holds_is_not_waited_for,
	    everyone_is_woken_and_those_without_luck_sleep_again,
	    a_signal_ends_an_interruptible_wait, a_deadline_ends_a_wait_when_the_clock_reaches_it,
	    the_automatic_clock_moves_to_the_deadline, a_permit_granted_early_is_not_lost,
	    callbacks_get_the_key_and_exclusive_ones_are_limited, the_last_reference_is_known,
	    a_reference_count_saturates_rather_than_wraps, bits_of_a_word_report_what_they_were);

	suite_add_panics(s, NULL, a_reference_to_a_dead_object_panics, one_put_too_many_panics);
	return s;
}

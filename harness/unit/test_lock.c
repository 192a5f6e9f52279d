#include <sched.h>

#include "unit.h"

#include "host_clock.h"
#include "host_memory.h"
#include "host_thread.h"
#include "lib/lock.h"
#include "lib/mutex.h"
#include "mm/kmalloc.h"

/* ---- what must panic ---- */

static struct spinlock spin = SPINLOCK_INIT("spin");
static struct irqlock irq = IRQLOCK_INIT("irq");
static struct mutex mutex;
static struct rwsem sem;

static void setup(void)
{
	mutex_init(&mutex, "mutex");
	rwsem_init(&sem, "sem");
}

START_TEST(taking_a_spinlock_twice_panics)
{
	spin_lock(&spin);
	spin_lock(&spin);
}
END_TEST

START_TEST(releasing_a_spinlock_that_is_free_panics)
{
	spin_unlock(&spin);
}
END_TEST

static void release_spin(void *arg)
{
	spin_unlock(&spin);
}

START_TEST(releasing_another_threads_spinlock_panics)
{
	spin_lock(&spin);
	host_thread_join(host_thread_start(release_spin, NULL));
}
END_TEST

START_TEST(sleeping_with_a_spinlock_panics)
{
	spin_lock(&spin);
	thread_park(PARK_UNINTERRUPTIBLE, PARK_FOREVER);
}
END_TEST

START_TEST(taking_a_mutex_with_a_spinlock_panics)
{
	spin_lock(&spin);
	mutex_lock(&mutex);
}
END_TEST

START_TEST(a_sleeping_allocation_with_interrupts_off_panics)
{
	irqlock_lock(&irq);
	kfree(kmalloc(8, MM_NORMAL));
}
END_TEST

START_TEST(taking_a_mutex_twice_panics)
{
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}
END_TEST

START_TEST(releasing_another_threads_mutex_panics)
{
	mutex_unlock(&mutex);
}
END_TEST

START_TEST(a_writer_that_wants_to_read_panics)
{
	rwsem_write_lock(&sem);
	rwsem_read_lock(&sem);
}
END_TEST

/* ---- what must work ---- */

START_TEST(locks_know_whether_we_hold_them)
{
	ck_assert_uint_eq(lock_held_count(), 0);
	spin_lock(&spin);
	ck_assert(spin_is_held(&spin));
	irqflags_t flags = irqlock_lock(&irq);
	ck_assert_uint_eq(lock_held_count(), 2);
	kfree(kmalloc(8, MM_ATOMIC));
	irqlock_unlock(&irq, flags);
	spin_unlock(&spin);
	ck_assert_uint_eq(lock_held_count(), 0);
	ck_assert(spin_trylock(&spin));
	ck_assert(!spin_trylock(&spin));
	spin_unlock(&spin);

	mutex_lock(&mutex);
	ck_assert(mutex_is_held(&mutex));
	ck_assert(!mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	ck_assert(!mutex_is_held(&mutex));
}
END_TEST

enum { THREADS = 4, ROUNDS = 3000 };
static u64 counter, other;

static void count_under_all_locks(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		spin_lock(&spin);
		counter++;
		spin_unlock(&spin);
		irqflags_t flags = irqlock_lock(&irq);
		other++;
		irqlock_unlock(&irq, flags);
		if (i % 64 == 0)
			sched_yield();
		mutex_unlock(&mutex);
	}
}

START_TEST(many_threads_count_right_under_one_mutex)
{
	struct thread *threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = host_thread_start(count_under_all_locks, NULL);
	for (int i = 0; i < THREADS; i++)
		host_thread_join(threads[i]);
	ck_assert_uint_eq(counter, THREADS * ROUNDS);
	ck_assert_uint_eq(other, THREADS * ROUNDS);
}
END_TEST

static void read_and_write(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			rwsem_write_lock(&sem);
			counter++;
			other++;
			if (i % 64 == 0)
				sched_yield();
			if (i % 8 == 0) {
				rwsem_write_unlock(&sem);
				continue;
			}
			rwsem_downgrade(&sem);
		} else {
			rwsem_read_lock(&sem);
		}
		ck_assert_uint_eq(counter, other);
		rwsem_read_unlock(&sem);
	}
}

START_TEST(readers_never_see_half_of_a_writers_change)
{
	struct thread *threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = host_thread_start(read_and_write, NULL);
	for (int i = 0; i < THREADS; i++)
		host_thread_join(threads[i]);
	ck_assert_uint_eq(counter, THREADS * ROUNDS / 4);
	ck_assert(rwsem_write_trylock(&sem));
	rwsem_write_unlock(&sem);
}
END_TEST

static void wait_parked(unsigned n)
{
	while (host_threads_parked() < n)
		sched_yield();
}

static int result;

static void lock_killable(void *arg)
{
	result = mutex_lock_killable(&mutex);
	if (!result)
		mutex_unlock(&mutex);
}

START_TEST(only_a_fatal_signal_ends_a_killable_wait)
{
	mutex_lock(&mutex);
	struct thread *t = host_thread_start(lock_killable, NULL);
	wait_parked(1);
	host_thread_set_signal(t, true, false);
	ck_assert_uint_eq(host_threads_parked(), 1);
	host_thread_set_signal(t, true, true);
	host_thread_join(t);
	ck_assert_int_eq(result, -EINTR);
	mutex_unlock(&mutex);
	ck_assert(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}
END_TEST

static void write_killable(void *arg)
{
	result = rwsem_write_lock_killable(&sem);
}

static void read_once(void *arg)
{
	rwsem_read_lock(&sem);
	other++;
	rwsem_read_unlock(&sem);
}

START_TEST(a_killed_writer_lets_the_readers_behind_it_in)
{
	rwsem_read_lock(&sem);
	struct thread *writer = host_thread_start(write_killable, NULL);
	wait_parked(1);
	ck_assert(!rwsem_read_trylock(&sem));
	struct thread *reader = host_thread_start(read_once, NULL);
	wait_parked(2);
	host_thread_set_signal(writer, true, true);
	host_thread_join(writer);
	host_thread_join(reader);
	ck_assert_int_eq(result, -EINTR);
	ck_assert_uint_eq(other, 1);
	rwsem_read_unlock(&sem);
}
END_TEST

static struct completion done;

static void finish(void *arg)
{
	wait_parked(1);
	complete(&done);
}

START_TEST(a_completion_is_waited_for_once_and_stays_done)
{
	completion_init(&done);
	struct thread *t = host_thread_start(finish, NULL);
	completion_wait(&done);
	completion_wait(&done);
	ck_assert_int_eq(completion_wait_killable(&done), 0);
	host_thread_join(t);
}
END_TEST

Suite *suite_lock(void)
{
	Suite *s = suite_with(
	    "lock", setup, NULL, locks_know_whether_we_hold_them,
	    many_threads_count_right_under_one_mutex, readers_never_see_half_of_a_writers_change,
	    only_a_fatal_signal_ends_a_killable_wait, a_killed_writer_lets_the_readers_behind_it_in,
	    a_completion_is_waited_for_once_and_stays_done);
	suite_add_panics(
	    s, setup, taking_a_spinlock_twice_panics, releasing_a_spinlock_that_is_free_panics,
	    releasing_another_threads_spinlock_panics, sleeping_with_a_spinlock_panics,
	    taking_a_mutex_with_a_spinlock_panics, a_sleeping_allocation_with_interrupts_off_panics,
	    taking_a_mutex_twice_panics, releasing_another_threads_mutex_panics,
	    a_writer_that_wants_to_read_panics);
	return s;
}

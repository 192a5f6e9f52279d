/*
 * Timer queues, on a clock that stands still and a hardware timer that only remembers.
 */
#include "unit.h"

#include "arch/cpu.h"
#include "host_clock.h"
#include "sys/time/timer.h"

#define NEVER ((u64)-1)

void hw_timer_arm(u64 deadline_ns);
void sched_tick(void);
void timer_expired(void);

static u64 armed = NEVER;
static unsigned int ticks, calls;
static struct timer *called[64];

void hw_timer_arm(u64 deadline_ns)
{
	armed = deadline_ns;
}

void sched_tick(void)
{
	ticks++;
}

static void note(struct timer *timer)
{
	called[calls++] = timer;
}

/* The hardware timer fires whenever it is due, until the clock stands at now. */
static void run_until(u64 now)
{
	while (armed <= now) {
		host_clock_set_monotonic(armed);
		armed = NEVER;
		irq_disable();
		timer_expired();
		irq_enable();
	}
	host_clock_set_monotonic(now);
}

static void setup(void)
{
	host_clock_set_monotonic(1000);
}

START_TEST(timers_run_in_the_order_of_their_deadlines)
{
	static const u64 deadlines[] = {5000, 3000, 9000, 3000, 4000, 2000, 9000, 8000};
	static const int order[] = {5, 1, 3, 4, 0, 7, 2, 6};
	struct timer timers[8];

	for (int i = 0; i < 8; i++) {
		timer_init(&timers[i], note);
		timer_start(&timers[i], deadlines[i]);
	}
	ck_assert_uint_eq(armed, 2000);
	run_until(20000);
	ck_assert_uint_eq(calls, 8);
	for (int i = 0; i < 8; i++)
		ck_assert_ptr_eq(called[i], &timers[order[i]]);
	ck_assert_uint_eq(armed, NEVER);
}
END_TEST

START_TEST(no_timer_runs_before_its_time)
{
	struct timer timer;

	timer_init(&timer, note);
	timer_start(&timer, 5000);
	run_until(4999);
	ck_assert_uint_eq(calls, 0);
	run_until(5000);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(a_deadline_in_the_past_runs_at_once)
{
	struct timer timer;

	timer_init(&timer, note);
	timer_start(&timer, 1);
	run_until(1000);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(a_cancelled_timer_does_not_run)
{
	struct timer a, b;

	timer_init(&a, note);
	timer_init(&b, note);
	ck_assert(!timer_cancel(&a)); /* never started */
	timer_start(&a, 2000);
	timer_start(&b, 3000);
	ck_assert(timer_cancel(&a));
	ck_assert(!timer_cancel(&a));
	run_until(5000); /* the needless interrupt at 2000 is harmless */
	ck_assert_uint_eq(calls, 1);
	ck_assert_ptr_eq(called[0], &b);
	ck_assert(!timer_try_cancel(&b)); /* it has run */
}
END_TEST

START_TEST(starting_again_moves_the_deadline)
{
	struct timer timer;

	timer_init(&timer, note);
	timer_start(&timer, 2000);
	timer_start(&timer, 4000);
	run_until(3999);
	ck_assert_uint_eq(calls, 0);
	timer_start(&timer, 3999);
	run_until(3999);
	ck_assert_uint_eq(calls, 1);
	run_until(9000);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

static void again(struct timer *timer)
{
	note(timer);
	if (calls < 5)
		timer_start(timer, timer->deadline_ns + 100);
}

START_TEST(a_timer_may_start_itself_again)
{
	struct timer timer;

	timer_init(&timer, again);
	timer_start(&timer, 2000);
	run_until(2350);
	ck_assert_uint_eq(calls, 4);
	run_until(9000);
	ck_assert_uint_eq(calls, 5);
}
END_TEST

static struct timer *victim;

static void cancels_the_other(struct timer *timer)
{
	note(timer);
	ck_assert(timer_try_cancel(victim));
}

START_TEST(a_timer_may_cancel_another_that_is_due_too)
{
	struct timer a, b;

	timer_init(&a, cancels_the_other);
	timer_init(&b, note);
	victim = &b;
	timer_start(&a, 2000);
	timer_start(&b, 2000);
	run_until(3000);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

static void frees_itself(struct timer *timer)
{
	calls++;
	free(timer);
}

START_TEST(a_timer_may_free_itself)
{
	struct timer *timer = malloc(sizeof(*timer));

	timer_init(timer, frees_itself);
	timer_start(timer, 2000);
	run_until(3000);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(ticks_come_while_they_are_wanted)
{
	struct timer timer;

	timer_tick_set(true);
	ck_assert_uint_eq(armed, 1000 + TICK_NS);
	timer_init(&timer, note);
	timer_start(&timer, 1000 + TICK_NS / 2); /* between two ticks */
	run_until(1000 + 3 * TICK_NS);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(ticks, 3);
	timer_tick_set(true); /* changes nothing */
	timer_tick_set(false);
	run_until(1000 + 10 * TICK_NS);
	ck_assert_uint_eq(ticks, 3);
	ck_assert_uint_eq(armed, NEVER);
}
END_TEST

/* Against a model: a table of deadlines. */
START_TEST(any_mix_of_starts_and_cancels_runs_what_it_should)
{
	enum { TIMERS = 40 };
	struct timer timers[TIMERS];
	u64 due[TIMERS], now = 1000;

	srand(1);
	for (int i = 0; i < TIMERS; i++) {
		timer_init(&timers[i], note);
		due[i] = NEVER;
	}
	for (int step = 0; step < 20000; step++) {
		int i = rand() % TIMERS;
		unsigned int expected = 0;

		switch (rand() % 4) {
		case 0:
		case 1:
			due[i] = now + (u64)(rand() % 300);
			timer_start(&timers[i], due[i]);
			break;
		case 2:
			ck_assert_int_eq(timer_cancel(&timers[i]), due[i] != NEVER);
			due[i] = NEVER;
			break;
		default:
			now += (u64)(rand() % 60);
			calls = 0;
			run_until(now);
			for (int k = 0; k < TIMERS; k++)
				if (due[k] <= now)
					expected++;
			ck_assert_uint_eq(calls, expected);
			for (unsigned int c = 0; c < calls; c++) {
				int which = (int)(called[c] - timers);

				ck_assert_uint_le(due[which], now);
				if (c)
					ck_assert_uint_le(called[c - 1]->deadline_ns,
							  called[c]->deadline_ns);
			}
			for (int k = 0; k < TIMERS; k++)
				if (due[k] <= now)
					due[k] = NEVER;
		}
	}
}
END_TEST

Suite *suite_timer(void)
{
	return suite_with("timer", setup, NULL, timers_run_in_the_order_of_their_deadlines,
			  no_timer_runs_before_its_time, a_deadline_in_the_past_runs_at_once,
			  a_cancelled_timer_does_not_run, starting_again_moves_the_deadline,
			  a_timer_may_start_itself_again,
			  a_timer_may_cancel_another_that_is_due_too, a_timer_may_free_itself,
			  ticks_come_while_they_are_wanted,
			  any_mix_of_starts_and_cancels_runs_what_it_should);
}

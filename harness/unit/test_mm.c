/*
 * Address spaces over simulated page tables and a TLB that forgets nothing by itself (host/mmu.c).
 */
#include "unit.h"

#include "host_memory.h"
#include "host_mmu.h"
#include "mm/mm.h"
#include "mm/mm_int.h"

#include <sys/mman.h>

#define BASE 0x10000000ul
#define P    PAGE_SIZE

static struct mm *mm;

static void setup(void)
{
	static bool once;

	if (!once)
		mm_spaces_init();
	once = true;
	mm = mm_create();
	ck_assert_ptr_nonnull(mm);
	host_mm_set(mm);
}

/* The map's own invariants. */
static void check_map(struct mm *space)
{
	struct vm_area *prev = NULL;
	unsigned int count = 0;
	size_t total = 0;

	for (struct vm_area *area = area_first(space); area;
	     prev = area, area = mm_area_next(area)) {
		unsigned long gap = area->start - (prev ? prev->end : 0), below = gap;

		ck_assert_uint_lt(area->start, area->end);
		ck_assert(!prev || prev->end <= area->start);
		ck_assert_uint_eq(area->gap, gap);
		if (area->node.left)
			below = max(below,
				    rb_entry(area->node.left, struct vm_area, node)->subtree_gap);
		if (area->node.right)
			below = max(below,
				    rb_entry(area->node.right, struct vm_area, node)->subtree_gap);
		ck_assert_uint_eq(area->subtree_gap, below);
		ck_assert_ptr_eq(area->mm, space);
		total += area_pages(area);
		count++;
	}
	ck_assert_uint_eq(count, space->area_count);
	ck_assert_uint_eq(total, space->total_pages);
}

static unsigned long map(unsigned long addr, size_t pages, unsigned int prot, unsigned int flags)
{
	long at = mm_mmap(mm, addr, pages * P, prot, flags | MAP_ANONYMOUS, NULL, 0);

	ck_assert_int_gt(at, 0);
	check_map(mm);
	return (unsigned long)at;
}

static unsigned long map_fixed(unsigned long addr, size_t pages, unsigned int prot)
{
	return map(addr, pages, prot, MAP_PRIVATE | MAP_FIXED);
}

static void store(unsigned long va, u8 value)
{
	ck_assert_int_eq(host_user_store(va, value), 0);
}

static u8 load(unsigned long va)
{
	u8 value = 0xee;

	ck_assert_int_eq(host_user_load(va, &value), 0);
	return value;
}

#define RW (PROT_READ | PROT_WRITE)

START_TEST(fresh_memory_is_zero_and_keeps_what_is_stored)
{
	setup();
	unsigned long at = map(0, 4, RW, MAP_PRIVATE);

	ck_assert_uint_eq(load(at), 0);
	ck_assert_int_eq(mm->rss_anon, 0); /* the zero page is nobody's */
	store(at + 5, 42);
	store(at + P, 43);
	ck_assert_uint_eq(load(at + 5), 42);
	ck_assert_uint_eq(load(at + 6), 0);
	ck_assert_uint_eq(load(at + P), 43);
	ck_assert_int_eq(mm->rss_anon, 2);
	ck_assert_int_eq(mm_munmap(mm, at, 4 * P), 0);
	ck_assert_int_eq(mm->rss_anon, 0);
	ck_assert_int_eq(host_user_store(at, 1), SIGSEGV);
	mm_put(mm);
}
END_TEST

START_TEST(protection_is_enforced)
{
	u8 value;

	setup();
	unsigned long at = map(0, 3, RW, MAP_PRIVATE);

	store(at + P, 7);
	ck_assert_int_eq(mm_mprotect(mm, at + P, P, PROT_READ), 0);
	ck_assert_uint_eq(mm->area_count, 3);
	ck_assert_uint_eq(load(at + P), 7);
	ck_assert_int_eq(host_user_store(at + P, 8), SIGSEGV);
	ck_assert_int_eq(mm_mprotect(mm, at + P, P, PROT_NONE), 0);
	ck_assert_int_eq(host_user_load(at + P, &value), SIGSEGV);
	ck_assert_int_eq(host_user_fetch(at), SIGSEGV);
	ck_assert_int_eq(mm_mprotect(mm, at + P, P, RW), 0);
	ck_assert_uint_eq(mm->area_count, 1);
	store(at + P, 9);
	ck_assert_uint_eq(load(at + P), 9);
	ck_assert_int_eq(mm_mprotect(mm, at, 4 * P, PROT_READ), -ENOMEM);
	ck_assert_int_eq(mm_mprotect(mm, at + 1, P, PROT_READ), -EINVAL);
	check_map(mm);
	mm_put(mm);
}
END_TEST

START_TEST(neighbours_join_and_holes_split)
{
	setup();
	map_fixed(BASE, 1, RW);
	map_fixed(BASE + 2 * P, 1, RW);
	ck_assert_uint_eq(mm->area_count, 2);
	map_fixed(BASE + P, 1, RW);
	ck_assert_uint_eq(mm->area_count, 1);
	ck_assert_int_eq(mm_munmap(mm, BASE + P, P), 0);
	ck_assert_uint_eq(mm->area_count, 2);
	map_fixed(BASE + P, 1, PROT_READ);
	ck_assert_uint_eq(mm->area_count, 3);
	check_map(mm);
	ck_assert_int_eq(mm_munmap(mm, BASE - 8 * P, 32 * P), 0);
	ck_assert_uint_eq(mm->area_count, 0);
	ck_assert_int_eq(mm_munmap(mm, BASE + 1, P), -EINVAL);
	ck_assert_int_eq(mm_munmap(mm, BASE, 0), -EINVAL);
	mm_put(mm);
}
END_TEST

START_TEST(fixed_mappings_replace_unless_told_not_to)
{
	setup();
	map_fixed(BASE, 4, RW);
	store(BASE + P, 5);
	ck_assert_int_eq(mm_mmap(mm, BASE + P, P, RW,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0),
			 -EEXIST);
	ck_assert_uint_eq(load(BASE + P), 5);
	map_fixed(BASE + P, 1, RW);
	ck_assert_uint_eq(load(BASE + P), 0);
	ck_assert_int_eq(
	    mm_mmap(mm, 0x1000, P, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0), -EPERM);
	ck_assert_int_eq(
	    mm_mmap(mm, BASE + 1, P, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0),
	    -EINVAL);
	ck_assert_int_eq(mm_mmap(mm, 0, P, RW, MAP_ANONYMOUS, NULL, 0), -EINVAL);
	ck_assert_int_eq(mm_mmap(mm, 0, 0, RW, MAP_ANONYMOUS | MAP_PRIVATE, NULL, 0), -EINVAL);
	ck_assert_int_eq(mm_mmap(mm, 0, 1ul << 60, RW, MAP_ANONYMOUS | MAP_PRIVATE, NULL, 0),
			 -ENOMEM);
	mm_put(mm);
}
END_TEST

START_TEST(hints_are_taken_when_free)
{
	setup();
	ck_assert_uint_eq(map(BASE, 2, RW, MAP_PRIVATE), BASE);
	unsigned long other = map(BASE, 2, RW, MAP_PRIVATE);

	ck_assert_uint_ne(other, BASE);
	ck_assert_uint_le(other + 2 * P, mm->mmap_top);
	/* Next to each other, from the top down. */
	ck_assert_uint_eq(map(0, 1, RW, MAP_PRIVATE), other - P);
	unsigned long low = map(0, 16, RW, MAP_PRIVATE | MAP_32BIT);

	ck_assert_uint_le(low + 16 * P, 1ul << 31);
	mm_put(mm);
}
END_TEST

START_TEST(a_forked_space_is_a_copy)
{
	struct mm *child;

	setup();
	unsigned long at = map(0, 8, RW, MAP_PRIVATE), shared = map(0, 2, RW, MAP_SHARED);

	store(at, 1);
	store(at + P, 2);
	store(shared, 3);
	ck_assert_uint_eq(load(at + 2 * P), 0);
	ck_assert_int_eq(mm_madvise(mm, at + 4 * P, P, MADV_WIPEONFORK), 0);
	ck_assert_int_eq(mm_madvise(mm, at + 5 * P, P, MADV_DONTFORK), 0);
	store(at + 4 * P, 4);
	ck_assert_int_eq(mm_fork(mm, &child), 0);
	check_map(child);
	store(at, 10); /* the parent's store must not show in the child, nor the other way round */
	host_mm_set(child);
	ck_assert_uint_eq(load(at), 1);
	store(at + P, 20);
	ck_assert_uint_eq(load(at + 4 * P), 0);
	ck_assert_int_eq(host_user_store(at + 5 * P, 1), SIGSEGV);
	ck_assert_uint_eq(load(shared), 3);
	store(shared, 30);
	host_mm_set(mm);
	ck_assert_uint_eq(load(at), 10);
	ck_assert_uint_eq(load(at + P), 2);
	ck_assert_uint_eq(load(at + 4 * P), 4);
	ck_assert_uint_eq(load(shared), 30);
	mm_put(child);
	ck_assert_uint_eq(load(at + P), 2);
	/* The last one that has a page need not copy it. */
	size_t pages = host_pages_outstanding();

	store(at + P, 21);
	ck_assert_uint_eq(host_pages_outstanding(), pages);
	mm_put(mm);
}
END_TEST

START_TEST(advice_drops_pages)
{
	u8 value;

	setup();
	unsigned long at = map(0, 4, RW, MAP_PRIVATE);

	store(at, 1);
	store(at + 3 * P, 2);
	ck_assert_int_eq(mm_madvise(mm, at, 2 * P, MADV_DONTNEED), 0);
	ck_assert_uint_eq(load(at), 0);
	ck_assert_uint_eq(load(at + 3 * P), 2);
	ck_assert_int_eq(mm_madvise(mm, at, P, 12345), -EINVAL);
	ck_assert_int_eq(mm_madvise(mm, at, 8 * P, MADV_DONTNEED), -ENOMEM);
	ck_assert_uint_eq(load(at + 3 * P), 0);
	ck_assert_int_eq(host_user_load(at + 4 * P, &value), SIGSEGV);
	mm_put(mm);
}
END_TEST

START_TEST(mremap_moves_pages_with_the_area)
{
	setup();
	map_fixed(BASE, 4, RW);
	map_fixed(BASE + 4 * P, 1, PROT_READ);
	for (unsigned int i = 0; i < 4; i++)
		store(BASE + i * P, (u8)(i + 1));
	ck_assert_int_eq(mm_mremap(mm, BASE, 4 * P, 8 * P, 0, 0), -ENOMEM);
	long at = mm_mremap(mm, BASE, 4 * P, 8 * P, MREMAP_MAYMOVE, 0);

	ck_assert_int_gt(at, 0);
	check_map(mm);
	for (unsigned int i = 0; i < 8; i++)
		ck_assert_uint_eq(load((unsigned long)at + i * P), i < 4 ? i + 1 : 0);
	ck_assert_int_eq(host_user_store(BASE, 1), SIGSEGV);
	/* Shrinking keeps the place. */
	ck_assert_int_eq(mm_mremap(mm, (unsigned long)at, 8 * P, 2 * P, 0, 0), at);
	ck_assert_int_eq(host_user_store((unsigned long)at + 2 * P, 1), SIGSEGV);
	/* Growing into free room does too. */
	ck_assert_int_eq(mm_mremap(mm, (unsigned long)at, 2 * P, 4 * P, 0, 0), at);
	ck_assert_uint_eq(load((unsigned long)at + 2 * P), 0);
	/* To a place of our choice, over what is there. */
	map_fixed(BASE + 64 * P, 4, RW);
	store(BASE + 64 * P, 99);
	ck_assert_int_eq(mm_mremap(mm, (unsigned long)at, 4 * P, 4 * P,
				   MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 64 * P),
			 (long)(BASE + 64 * P));
	ck_assert_uint_eq(load(BASE + 64 * P), 1);
	ck_assert_uint_eq(load(BASE + 65 * P), 2);
	/* Leaving an empty mapping behind. */
	at = mm_mremap(mm, BASE + 64 * P, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ck_assert_int_gt(at, 0);
	ck_assert_uint_eq(load((unsigned long)at), 1);
	ck_assert_uint_eq(load(BASE + 64 * P), 0);
	ck_assert_int_eq(mm_mremap(mm, 0x7000000, P, P, 0, 0), -EFAULT);
	check_map(mm);
	mm_put(mm);
}
END_TEST

START_TEST(stacks_grow_down_to_their_limit)
{
	setup();
	mm->stack_limit = 64 * P;
	ck_assert_int_eq(mm_map_stack(mm, BASE, 4 * P, RW), 0);
	store(BASE - 4 * P, 1);
	store(BASE - 20 * P, 2);
	ck_assert_uint_eq(mm->stack_pages, 20);
	ck_assert_int_eq(host_user_store(BASE - 65 * P, 1), SIGSEGV);
	store(BASE - 64 * P, 3);
	check_map(mm);
	mm_put(mm);

	setup(); /* nor into what lies below */
	ck_assert_int_eq(mm_map_stack(mm, BASE, 4 * P, RW), 0);
	map_fixed(BASE - 512 * P, 1, RW);
	store(BASE - 200 * P, 1);
	ck_assert_int_eq(host_user_store(BASE - 300 * P, 1), SIGSEGV);
	mm_put(mm);
}
END_TEST

START_TEST(the_break_moves_both_ways)
{
	setup();
	mm->brk_start = mm->brk = BASE;
	ck_assert_uint_eq(mm_brk(mm, 0), BASE);
	ck_assert_uint_eq(mm_brk(mm, BASE + 100), BASE + 100);
	store(BASE + P - 1, 1);
	ck_assert_uint_eq(mm_brk(mm, BASE + 3 * P), BASE + 3 * P);
	ck_assert_uint_eq(mm->area_count, 1);
	store(BASE + 2 * P, 2);
	ck_assert_uint_eq(mm_brk(mm, BASE + P), BASE + P);
	ck_assert_int_eq(host_user_store(BASE + 2 * P, 1), SIGSEGV);
	mm->data_limit = 4 * P;
	ck_assert_uint_eq(mm_brk(mm, BASE + 16 * P), BASE + P);
	map_fixed(BASE + 8 * P, 1, RW);
	mm->data_limit = U64_MAX;
	ck_assert_uint_eq(mm_brk(mm, BASE + 16 * P), BASE + P);
	check_map(mm);
	mm_put(mm);
}
END_TEST

START_TEST(limits_are_kept)
{
	setup();
	mm->as_limit = 16 * P;
	map(0, 10, RW, MAP_PRIVATE);
	ck_assert_int_eq(mm_mmap(mm, 0, 7 * P, RW, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0), -ENOMEM);
	ck_assert_int_eq(mm_mlock(mm, area_first(mm)->start, 4 * P, true, 3 * P), -ENOMEM);
	ck_assert_int_eq(mm_mlock(mm, area_first(mm)->start, 4 * P, true, 4 * P), 0);
	ck_assert_int_eq(mm->locked_pages, 4);
	ck_assert_int_ge(mm->rss_anon, 4);
	ck_assert_int_eq(mm_mlock(mm, area_first(mm)->start, 4 * P, false, 0), 0);
	ck_assert_int_eq(mm->locked_pages, 0);
	mm_put(mm);
}
END_TEST

START_TEST(others_memory_can_be_read_and_written)
{
	char text[8] = "";

	setup();
	unsigned long at = map(0, 2, RW, MAP_PRIVATE);

	ck_assert_uint_eq(mm_access(mm, at + P - 3, "abcdef", 6, true), 6);
	ck_assert_uint_eq(load(at + P), 'd');
	ck_assert_uint_eq(mm_access(mm, at + P - 3, text, 6, false), 6);
	ck_assert_str_eq(text, "abcdef");
	ck_assert_uint_eq(mm_access(mm, at + 2 * P - 2, text, 6, false), 2);
	mm_put(mm);
}
END_TEST

/* ---- against a model ---- */

#define WINDOW 1100u /* pages: more than one leaf table */

struct model_page {
	bool mapped, shared;
	unsigned int prot;
	u8 value;
};

static struct model_page model[2][WINDOW];
static unsigned int seed = 1;

static unsigned int next_random(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void model_step(struct model_page *pages)
{
	static const unsigned int prots[] = {PROT_NONE, PROT_READ, RW,
					     RW,        RW,        PROT_READ | PROT_EXEC};
	unsigned int first = next_random(WINDOW), n = 1 + next_random(min(WINDOW - first, 40u));
	unsigned int prot = prots[next_random(6)];
	unsigned long at = BASE + first * P;
	bool hole = false;

	for (unsigned int i = first; i < first + n; i++)
		hole |= !pages[i].mapped;
	switch (next_random(10)) {
	case 0:
	case 1:
		map_fixed(at, n, prot);
		for (unsigned int i = first; i < first + n; i++)
			pages[i] = (struct model_page){true, false, prot, 0};
		break;
	case 2:
		ck_assert_int_eq(mm_munmap(mm, at, n * P), 0);
		for (unsigned int i = first; i < first + n; i++)
			pages[i].mapped = false;
		break;
	case 3:
		if (hole)
			break;
		ck_assert_int_eq(mm_mprotect(mm, at, n * P, prot), 0);
		for (unsigned int i = first; i < first + n; i++)
			pages[i].prot = prot;
		break;
	case 4:
		ck_assert_int_eq(mm_madvise(mm, at, n * P, MADV_DONTNEED), hole ? -ENOMEM : 0);
		for (unsigned int i = first; i < first + n; i++)
			pages[i].value = 0;
		break;
	case 5: { /* move it elsewhere in the window */
		unsigned int to = next_random(WINDOW - n);
		long result;

		if (hole || (to < first + n && first < to + n))
			break;
		result =
		    mm_mremap(mm, at, n * P, n * P, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + to * P);
		if (result == -EFAULT) { /* more than one area: only the place was cleared, or not
					    even that */
			ck_assert_uint_gt(mm->area_count, 1);
			break;
		}
		ck_assert_int_eq(result, (long)(BASE + to * P));
		for (unsigned int i = 0; i < n; i++) {
			pages[to + i] = pages[first + i];
			pages[first + i].mapped = false;
		}
		break;
	}
	default:
		for (unsigned int i = first; i < first + n; i++) {
			u8 value = (u8)next_random(256), seen;
			unsigned long va = BASE + i * P;

			if (next_random(2)) {
				bool may = pages[i].mapped && pages[i].prot & PROT_WRITE;

				ck_assert_int_eq(host_user_store(va, value), may ? 0 : SIGSEGV);
				if (may)
					pages[i].value = value;
			} else {
				bool may = pages[i].mapped && pages[i].prot;

				ck_assert_int_eq(host_user_load(va, &seen), may ? 0 : SIGSEGV);
				if (may)
					ck_assert_uint_eq(seen, pages[i].value);
			}
		}
	}
	check_map(mm);
}

static void model_compare(struct model_page *pages)
{
	for (unsigned int i = 0; i < WINDOW; i++) {
		u8 seen;
		bool may = pages[i].mapped && pages[i].prot;

		ck_assert_int_eq(host_user_load(BASE + i * P, &seen), may ? 0 : SIGSEGV);
		if (may)
			ck_assert_uint_eq(seen, pages[i].value);
	}
}

START_TEST(a_space_behaves_like_its_model)
{
	setup();
	memset(model, 0, sizeof(model));
	for (seed = (unsigned int)_i * 7919 + 1; next_random(2500);)
		model_step(model[0]);
	model_compare(model[0]);
	mm_put(mm);
}
END_TEST

START_TEST(parent_and_child_live_apart)
{
	struct mm *spaces[2];
	size_t pages_before;

	setup();
	pages_before = host_pages_outstanding();
	memset(model, 0, sizeof(model));
	seed = (unsigned int)_i * 104729 + 3;
	for (int i = 0; i < 300; i++)
		model_step(model[0]);
	spaces[0] = mm;
	ck_assert_int_eq(mm_fork(spaces[0], &spaces[1]), 0);
	memcpy(model[1], model[0], sizeof(model[0]));
	for (int i = 0; i < 600; i++) {
		unsigned int who = next_random(2);

		mm = spaces[who];
		host_mm_set(mm);
		for (int k = 0; k < 4; k++)
			model_step(model[who]);
	}
	for (unsigned int who = 0; who < 2; who++) {
		mm = spaces[who];
		host_mm_set(mm);
		model_compare(model[who]);
	}
	mm_put(spaces[0]);
	host_mm_set(spaces[1]);
	model_compare(model[1]);
	mm_put(spaces[1]);
	ck_assert_uint_eq(host_pages_outstanding(), pages_before);
}
END_TEST

/* ---- when memory fails ---- */

START_TEST(failed_allocations_leave_a_sound_space)
{
	setup();
	map_fixed(BASE, 16, RW);
	for (unsigned int i = 0; i < 16; i++)
		store(BASE + i * P, (u8)i);
	for (unsigned int op = 0; op < 5; op++) {
		for (u64 n = 1;; n++) {
			struct mm *child = NULL;
			long err = 0;

			host_alloc_fail_nth(n);
			switch (op) {
			case 0:
				err = mm_mmap(mm, BASE + 64 * P, P, PROT_READ,
					      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
				break;
			case 1:
				err = mm_munmap(mm, BASE + 4 * P, P);
				break;
			case 2:
				err = mm_mprotect(mm, BASE + 8 * P, P, PROT_READ);
				break;
			case 3:
				err = mm_fork(mm, &child);
				break;
			case 4:
				err = mm_mremap(mm, BASE + 10 * P, 2 * P, 4 * P, MREMAP_MAYMOVE, 0);
				break;
			}
			bool failed = host_alloc_failed();

			host_alloc_fail_nth(0);
			check_map(mm);
			if (child)
				mm_put(child);
			if (!failed)
				break;
			if (err >= 0) /* it found another way */
				break;
			for (unsigned int i = 0; i < 16; i++)
				if (!(op >= 2 && i == 4) && !(op == 4 && (i == 10 || i == 11)))
					ck_assert_uint_eq(load(BASE + i * P), i);
		}
	}
	mm_put(mm);
}
END_TEST

Suite *suite_mm(void)
{
	Suite *suite =
	    suite_of("mm", fresh_memory_is_zero_and_keeps_what_is_stored, protection_is_enforced,
		     neighbours_join_and_holes_split, fixed_mappings_replace_unless_told_not_to,
		     hints_are_taken_when_free, a_forked_space_is_a_copy, advice_drops_pages,
		     mremap_moves_pages_with_the_area, stacks_grow_down_to_their_limit,
		     the_break_moves_both_ways, limits_are_kept,
		     others_memory_can_be_read_and_written, failed_allocations_leave_a_sound_space);
	TCase *models = tcase_create("models");

	tcase_set_timeout(models, 120);
	tcase_add_loop_test(models, a_space_behaves_like_its_model, 0, 8);
	tcase_add_loop_test(models, parent_and_child_live_apart, 0, 8);
	suite_add_tcase(suite, models);
	return suite;
}

/*
 * The kernel's own slabs and kmalloc, which hosted code does not use otherwise: compiled here under
 * other names, over hosted frames.
 */
#define slab_cache_create real_slab_cache_create
#define slab_alloc        real_slab_alloc
#define slab_free         real_slab_free
#define slab_info_get     real_slab_info_get
#define slab_object_size  real_slab_object_size
#define slab_init         real_slab_init
#define kmalloc           real_kmalloc
#define kcalloc           real_kcalloc
#define krealloc          real_krealloc
#define kfree             real_kfree
#define kstrdup           real_kstrdup
#define kmalloc_init      real_kmalloc_init

#include "unit.h"

#include "host_memory.h"
#include "lib/string.h"

#include "mm/slab.c"
#undef POISON_FREE
#include "mm/kmalloc.c"

static void setup(void)
{
	slab_init();
	kmalloc_init();
}

static struct slab_info info_of(const char *name)
{
	struct slab_info info;

	for (unsigned int n = 0; slab_info_get(n, &info); n++)
		if (!strcmp(info.name, name))
			return info;
	ck_abort_msg("no cache is called %s", name);
	return info;
}

START_TEST(objects_are_apart_and_aligned)
{
	static const struct {
		size_t size, align;
	} kinds[] = {{8, 8},     {24, 8},  {40, 64},     {100, 16},
		     {256, 256}, {700, 8}, {2048, 2048}, {5000, 8}};
	static u8 *objects[2000];

	setup();
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct slab_cache *cache = slab_cache_create("test", kinds[k].size, kinds[k].align);

		for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = slab_alloc(cache, MM_NORMAL);
			ck_assert_ptr_nonnull(objects[i]);
			ck_assert_uint_eq((unsigned long)objects[i] % kinds[k].align, 0);
			memset(objects[i], (int)(i & 0xff), kinds[k].size);
		}
		for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
			/* Not an assertion for each of the many bytes: each of them tells Check. */
			bool whole = objects[i][0] == (i & 0xff) &&
				     !memcmp(objects[i], objects[i] + 1, kinds[k].size - 1);

			ck_assert(whole);
			slab_free(cache, objects[i]);
		}
	}
}
END_TEST

START_TEST(empty_slabs_go_back)
{
	static void *objects[1000];
	struct slab_cache *cache;
	size_t before;

	setup();
	cache = slab_cache_create("mine", 512, 8);
	slab_free(cache, slab_alloc(cache, MM_NORMAL));
	before = host_pages_outstanding();
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 1000; i++)
			objects[i] = slab_alloc(cache, MM_NORMAL);
		ck_assert_uint_eq(info_of("mine").active_objects, 1000);
		ck_assert_uint_ge(host_pages_outstanding(), before + 120);
		for (size_t i = 0; i < 1000; i++)
			slab_free(cache, objects[(i * 7) % 1000]);
		ck_assert_uint_eq(info_of("mine").active_objects, 0);
		/* A few empty slabs, and those with objects in the magazine, stay. */
		ck_assert_uint_le(host_pages_outstanding(), before + 16);
	}
}
END_TEST

START_TEST(zeroed_means_zero)
{
	setup();
	for (size_t size = 1; size <= 20000; size = size * 3 / 2 + 1) {
		u8 *p = kmalloc(size, MM_NORMAL);

		memset(p, 0xff, size);
		kfree(p);
		p = kmalloc(size, MM_ZERO);
		ck_assert(mem_is_zero(p, size));
		kfree(p);
	}
}
END_TEST

START_TEST(kmalloc_aligns_powers_of_two)
{
	setup();
	for (size_t size = 16; size <= 4096; size *= 2)
		for (int i = 0; i < 50; i++)
			ck_assert_uint_eq((unsigned long)kmalloc(size, MM_NORMAL) % size, 0);
	for (size_t size = 1; size < 3000; size += 13)
		ck_assert_uint_eq((unsigned long)kmalloc(size, MM_NORMAL) % 16, 0);
	ck_assert_ptr_null(kmalloc(KMALLOC_MAX + 1, MM_NORMAL));
	ck_assert_ptr_null(kcalloc(1ul << 40, 1ul << 40, MM_NORMAL));
	ck_assert_ptr_nonnull(kmalloc(KMALLOC_MAX, MM_NORMAL));
}
END_TEST

START_TEST(krealloc_keeps_what_was_there)
{
	size_t size = 1;
	u8 *p = NULL;

	setup();
	for (unsigned int step = 0; step < 40; step++) {
		size_t fresh = 1 + (step * 7919) % 9000;

		p = krealloc(p, step ? size : 0, fresh, MM_NORMAL);
		ck_assert_ptr_nonnull(p);
		for (size_t i = 0; step && i < min(size, fresh); i++)
			ck_assert_uint_eq(p[i], (u8)(i * 3));
		size = fresh;
		for (size_t i = 0; i < size; i++)
			p[i] = (u8)(i * 3);
	}
	kfree(p);
	kfree(NULL);
	char *text = kstrdup("hello", MM_NORMAL);

	ck_assert_str_eq(text, "hello");
}
END_TEST

START_TEST(no_memory_is_a_result)
{
	struct slab_cache *cache;

	setup();
	cache = slab_cache_create("mine", 3000, 8);
	host_alloc_fail_from(1);
	ck_assert_ptr_null(slab_alloc(cache, MM_NORMAL));
	ck_assert_ptr_null(kmalloc(100000, MM_NORMAL));
	host_alloc_fail_nth(0);
	ck_assert_ptr_nonnull(slab_alloc(cache, MM_NORMAL));
}
END_TEST

START_TEST(freeing_twice_panics)
{
	void *p;

	setup();
	p = kmalloc(64, MM_NORMAL);
	kfree(p);
	kfree(p);
}
END_TEST

START_TEST(writing_after_free_panics)
{
	struct slab_cache *cache;
	u8 *p;

	setup();
	cache = slab_cache_create("mine", 64, 8);
	p = slab_alloc(cache, MM_NORMAL);
	slab_free(cache, p);
	p[20] = 1;
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_nonnull(slab_alloc(cache, MM_NORMAL));
}
END_TEST

Suite *suite_slab(void)
{
	Suite *suite = suite_of("slab", objects_are_apart_and_aligned, empty_slabs_go_back,
				zeroed_means_zero, kmalloc_aligns_powers_of_two,
				krealloc_keeps_what_was_there, no_memory_is_a_result);
	TCase *dying = tcase_create("dying");

	tcase_add_test_raise_signal(dying, freeing_twice_panics, SIGABRT);
	tcase_add_test_raise_signal(dying, writing_after_free_panics, SIGABRT);
	suite_add_tcase(suite, dying);
	return suite;
}

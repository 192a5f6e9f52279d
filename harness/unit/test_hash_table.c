/*
 * The growing hash tables of vfs's caches.
 */
#include "unit.h"

#include "host_thread.h"
#include "lib/hash.h"
#include "mm/kmalloc.h"
#include "vfs/hash_table.h"

enum { ITEMS = 5000, THREADS = 4 };

struct item {
	struct hlist_node node;
	u64 hash;
};

static struct hash_table table;
static struct item items[THREADS * ITEMS];

static u64 item_hash(const struct hlist_node *node)
{
	return hlist_entry(node, const struct item, node)->hash;
}

static void setup(void)
{
	hash_table_init(&table, "items", item_hash);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		items[i].hash = hash_u64(i);
		hlist_node_init(&items[i].node);
	}
}

static void teardown(void)
{
	for (size_t i = 0; i < table.max / HASH_SEGMENT_BUCKETS; i++)
		kfree(table.segments[i]);
	kfree(table.segments);
}

static void add(struct item *item)
{
	struct hash_bucket *bucket = hash_table_lock(&table, item->hash);

	hash_table_add(&table, bucket, &item->node);
	hash_bucket_unlock(bucket);
	hash_table_added(&table);
}

static bool is_found(const struct item *wanted)
{
	struct hash_bucket *bucket = hash_table_lock(&table, wanted->hash);
	struct item *item;
	bool found = false;

	hlist_for_each_entry(item, &bucket->chain, node) found |= item == wanted;
	hash_bucket_unlock(bucket);
	return found;
}

START_TEST(what_is_entered_stays_findable_while_the_table_grows)
{
	for (size_t i = 0; i < ITEMS; i++) {
		add(&items[i]);
		if (i % 97 == 0)
			for (size_t k = 0; k <= i; k++)
				if (!is_found(&items[k]))
					ck_abort_msg("item %zu of %zu is lost", k, i);
	}
	ck_assert_uint_eq(table.entries, ITEMS);
	ck_assert_uint_eq(table.size, min((size_t)ITEMS, table.max));
	for (size_t i = 0; i < ITEMS; i++) {
		struct hash_bucket *bucket = hash_table_lock(&table, items[i].hash);

		hash_table_del(&table, &items[i].node);
		hash_table_del(&table, &items[i].node);
		hash_bucket_unlock(bucket);
	}
	ck_assert_uint_eq(table.entries, 0);
	for (size_t i = 0; i < table.size; i++)
		ck_assert(hlist_empty(&hash_table_at(&table, i)->chain));
}
END_TEST

START_TEST(every_bucket_of_a_size_has_its_own_hashes)
{
	for (size_t size = HASH_SEGMENT_BUCKETS; size < 3000; size++) {
		ck_assert_uint_eq(hash_table_index(size - 1, size), size - 1);
		for (u64 hash = 0; hash < 64; hash++) {
			size_t before = hash_table_index(hash_u64(hash), size);
			size_t after = hash_table_index(hash_u64(hash), size + 1);

			ck_assert_uint_lt(before, size);
			ck_assert(after == before || after == size);
		}
	}
}
END_TEST

static void work(void *arg)
{
	struct item *mine = arg;

	for (size_t i = 0; i < ITEMS; i++) {
		add(&mine[i]);
		if (!is_found(&mine[i / 2]))
			ck_abort_msg("item %zu is lost", i / 2);
	}
}

START_TEST(many_threads_enter_and_find)
{
	struct thread *threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		threads[i] = host_thread_start(work, items + i * ITEMS);
	for (size_t i = 0; i < THREADS; i++)
		host_thread_join(threads[i]);
	ck_assert_uint_eq(table.entries, THREADS * ITEMS);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (!is_found(&items[i]))
			ck_abort_msg("item %zu is lost", i);
}
END_TEST

START_TEST(two_buckets_are_locked_in_either_order)
{
	for (size_t i = 0; i < 100; i++) {
		const u64 hashes[2] = {items[i].hash, items[(i * 7) % 100].hash};
		struct hash_bucket *buckets[2], *other;

		hash_table_lock_two(&table, hashes, buckets);
		other = hash_table_trylock(&table, items[i].hash);
		ck_assert_ptr_null(other);
		hash_buckets_unlock_two(buckets);
		other = hash_table_trylock(&table, items[i].hash);
		ck_assert_ptr_eq(other, buckets[0]);
		hash_bucket_unlock(other);
	}
}
END_TEST

Suite *suite_hash_table(void)
{
	return suite_with("hash_table", setup, teardown,
			  what_is_entered_stays_findable_while_the_table_grows,
			  every_bucket_of_a_size_has_its_own_hashes, many_threads_enter_and_find,
			  two_buckets_are_locked_in_either_order);
}

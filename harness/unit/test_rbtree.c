#include "unit.h"

#include "lib/hash.h"
#include "lib/rbtree.h"

#define N 500

struct item {
	u32 key, max; /* max: the largest key of the subtree */
	struct rb_node node;
};

static struct item items[N];
static bool in_tree[N];
static struct rb_root root;

static struct item *item_of(const struct rb_node *node)
{
	return rb_entry((struct rb_node *)node, struct item, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

static int cmp(const void *key, const struct rb_node *node)
{
	u32 k = *(const u32 *)key;

	return k < item_of(node)->key ? -1 : k > item_of(node)->key;
}

static void update(struct rb_node *node)
{
	struct item *it = item_of(node);

	it->max = it->key;
	if (node->left)
		it->max = max(it->max, item_of(node->left)->max);
	if (node->right)
		it->max = max(it->max, item_of(node->right)->max);
}

/* The black height, after checking order, colours, parents and the augmented value. */
static int check(struct rb_node *node, struct rb_node *parent)
{
	if (!node)
		return 1;
	ck_assert_ptr_eq(node->parent, parent);
	ck_assert(!(node->red && parent && parent->red));
	int left = check(node->left, node), right = check(node->right, node);
	ck_assert_int_eq(left, right);
	u32 was = item_of(node)->max;
	update(node);
	ck_assert_uint_eq(item_of(node)->max, was);
	ck_assert(!node->left || !less(node, node->left));
	ck_assert(!node->right || !less(node->right, node));
	return left + !node->red;
}

static void check_tree(void)
{
	struct item *it;
	size_t n = 0, expected = 0;
	u32 last = 0;

	ck_assert(!root.node || !root.node->red);
	check(root.node, NULL);
	rb_for_each_entry(it, &root, node) {
		ck_assert_uint_ge(it->key, last);
		last = it->key;
		n++;
	}
	for (size_t i = 0; i < N; i++)
		expected += in_tree[i];
	ck_assert_uint_eq(n, expected);
	for (struct rb_node *node = rb_last(&root); node; node = rb_prev(node))
		n--;
	ck_assert_uint_eq(n, 0);
}

static void add(size_t i, u32 key)
{
	items[i].key = key;
	rb_add(&items[i].node, &root, less, update);
	in_tree[i] = true;
}

static void drop(size_t i)
{
	rb_erase(&items[i].node, &root, update);
	in_tree[i] = false;
}

START_TEST(ascending_and_descending_insertion_stay_balanced)
{
	for (u32 i = 0; i < N; i++) {
		add(i, i);
		if (i % 16 == 0)
			check_tree();
	}
	for (u32 i = 0; i < N; i++) {
		drop(i);
		if (i % 16 == 0)
			check_tree();
	}
	ck_assert(rb_empty(&root));
	for (u32 i = 0; i < N; i++)
		add(i, N - i);
	check_tree();
}
END_TEST

START_TEST(random_insertion_and_removal_keep_every_rule)
{
	for (u32 round = 0; round < 6000; round++) {
		size_t i = hash_u64(round) % N;
		if (in_tree[i])
			drop(i);
		else
			add(i, (u32)hash_u64(round + 77777) % 1000);
		if (round % 50 == 0)
			check_tree();
	}
	check_tree();
}
END_TEST

START_TEST(lookups_find_the_key_or_its_successor)
{
	for (u32 i = 0; i < 100; i++)
		add(i, i * 10);
	for (u32 key = 0; key < 1100; key++) {
		struct rb_node *found = rb_find(&root, &key, cmp);
		struct rb_node *at_least = rb_find_at_least(&root, &key, cmp);
		if (key % 10 == 0 && key < 1000)
			ck_assert_uint_eq(item_of(found)->key, key);
		else
			ck_assert_ptr_null(found);
		if (key <= 990)
			ck_assert_uint_eq(item_of(at_least)->key, round_up_to(key, 10));
		else
			ck_assert_ptr_null(at_least);
	}
}
END_TEST

START_TEST(equal_keys_keep_their_order_of_arrival)
{
	struct item *it;
	size_t n = 0;

	for (u32 i = 0; i < 50; i++)
		add(i, 7);
	rb_for_each_entry(it, &root, node)
		ck_assert_ptr_eq(it, &items[n++]);
}
END_TEST

START_TEST(a_node_can_be_replaced_in_place)
{
	for (u32 i = 0; i < 100; i++)
		add(i, i);
	items[200].key = 50;
	rb_replace(&items[50].node, &items[200].node, &root, update);
	in_tree[50] = false;
	in_tree[200] = true;
	check_tree();
}
END_TEST

START_TEST(a_changed_contribution_reaches_the_root)
{
	for (u32 i = 0; i < 100; i++)
		add(i, i);
	items[99].key = 5000;
	rb_propagate(&items[99].node, update);
	ck_assert_uint_eq(item_of(root.node)->max, 5000);
	check_tree();
}
END_TEST

START_TEST(an_empty_tree_has_no_first_and_no_last)
{
	u32 key = 1;

	ck_assert(rb_empty(&root));
	ck_assert_ptr_null(rb_first(&root));
	ck_assert_ptr_null(rb_last(&root));
	ck_assert_ptr_null(rb_find(&root, &key, cmp));
	ck_assert_ptr_null(rb_find_at_least(&root, &key, cmp));
}
END_TEST

Suite *suite_rbtree(void)
{
	return suite_of(
	    "rbtree", ascending_and_descending_insertion_stay_balanced,
	    random_insertion_and_removal_keep_every_rule, lookups_find_the_key_or_its_successor,
	    equal_keys_keep_their_order_of_arrival, a_node_can_be_replaced_in_place,
	    a_changed_contribution_reaches_the_root, an_empty_tree_has_no_first_and_no_last);
}

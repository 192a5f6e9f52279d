#include "unit.h"

#include "lib/list.h"

struct item {
	int value;
	struct list_head link;
	struct hlist_node hash;
};

static void expect(struct list_head *head, const char *values)
{
	char got[64] = "", back[64] = "";
	struct item *it;
	size_t n = 0;

	list_for_each_entry(it, head, link)
		got[n++] = (char)('0' + it->value);
	n = 0;
	list_for_each_entry_reverse(it, head, link) back[n++] = (char)('0' + it->value);
	ck_assert_str_eq(got, values);
	ck_assert_uint_eq(n, strlen(values));
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(back[i], values[n - 1 - i]);
	ck_assert_uint_eq(list_length(head), n);
}

START_TEST(entries_keep_their_order_and_leave_cleanly)
{
	struct item items[5];
	struct item *it, *tmp;
	LIST_HEAD(head);

	ck_assert(list_empty(&head));
	ck_assert_ptr_null(list_first_entry_or_null(&head, struct item, link));
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, &head);
	}
	expect(&head, "01234");
	list_del(&items[2].link);
	ck_assert(!list_is_linked(&items[2].link));
	list_del(&items[2].link);
	expect(&head, "0134");
	list_add(&items[2].link, &head);
	expect(&head, "20134");
	list_move_tail(&items[0].link, &head);
	expect(&head, "21340");
	ck_assert_int_eq(list_first_entry(&head, struct item, link)->value, 2);
	ck_assert_int_eq(list_last_entry(&head, struct item, link)->value, 0);
	list_for_each_entry_safe(it, tmp, &head, link)
		if (it->value % 2)
			list_del(&it->link);
	expect(&head, "240");
}
END_TEST

START_TEST(splicing_moves_everything_and_empties_the_source)
{
	struct item items[6];
	LIST_HEAD(a);
	LIST_HEAD(b);

	for (int i = 0; i < 6; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, i < 3 ? &a : &b);
	}
	list_splice_tail(&b, &a);
	expect(&a, "012345");
	expect(&b, "");
	list_splice(&a, &b);
	expect(&b, "012345");
	expect(&a, "");
	list_move(&items[5].link, &a);
	ck_assert(list_is_singular(&a));
	list_splice(&a, &b);
	expect(&b, "501234");
	list_splice_tail(&a, &b);
	expect(&b, "501234");
}
END_TEST

START_TEST(hash_nodes_remove_themselves)
{
	struct item items[4];
	struct hlist_head head;
	struct item *it;
	struct hlist_node *tmp;
	int sum = 0;

	hlist_init(&head);
	ck_assert(hlist_empty(&head));
	for (int i = 0; i < 4; i++) {
		items[i].value = i;
		hlist_node_init(&items[i].hash);
		hlist_add_head(&items[i].hash, &head);
	}
	hlist_del(&items[0].hash);
	hlist_del(&items[3].hash);
	hlist_del(&items[3].hash);
	ck_assert(!hlist_is_linked(&items[3].hash));
	hlist_for_each_entry(it, &head, hash) sum = sum * 10 + it->value;
	ck_assert_int_eq(sum, 21);
	hlist_for_each_entry_safe(it, tmp, &head, hash) hlist_del(&it->hash);
	ck_assert(hlist_empty(&head));
}
END_TEST

Suite *suite_list(void)
{
	return suite_of("list", entries_keep_their_order_and_leave_cleanly,
			splicing_moves_everything_and_empties_the_source,
			hash_nodes_remove_themselves);
}

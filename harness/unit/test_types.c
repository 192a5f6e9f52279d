#include <errno.h>
#include <sys/types.h>
#include <sys/stat.h>

#include "unit.h"

#include "lib/assert.h"

START_TEST(integers_on_disk_convert_both_ways)
{
	static const u8 bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	u8 out[8];

	ck_assert_uint_eq(le16_load(bytes), 0x0201);
	ck_assert_uint_eq(be16_load(bytes), 0x0102);
	ck_assert_uint_eq(le32_load(bytes), 0x04030201);
	ck_assert_uint_eq(be32_load(bytes), 0x01020304);
	ck_assert_uint_eq(le64_load(bytes), 0x0807060504030201);
	ck_assert_uint_eq(be64_load(bytes), 0x0102030405060708);
	le32_store(out, 0x04030201);
	ck_assert_mem_eq(out, bytes, 4);
	be64_store(out, 0x0102030405060708);
	ck_assert_mem_eq(out, bytes, 8);
	ck_assert_uint_eq(be16_get(be16_make(0xabcd)), 0xabcd);
	ck_assert_uint_eq(le64_get(le64_make(U64_MAX - 5)), U64_MAX - 5);
}
END_TEST

START_TEST(min_and_max_take_constants_of_any_sign)
{
	u64 big = 1ull << 40;
	size_t size = 10;
	int n = -3;

	ck_assert_uint_eq(min(big, 4096), 4096);
	ck_assert_uint_eq(min(4096, size), 10);
	ck_assert_uint_eq(max(big, size), 1ull << 40);
	ck_assert_int_eq(max(n, 0), 0);
	ck_assert_int_eq(clamp(n, -1, 5), -1);
	ck_assert_int_eq(clamp(7, -1, 5), 5);
	ck_assert_uint_eq(min_t(u32, big, 7), 0);
}
END_TEST

START_TEST(rounding_and_logarithms_hold_at_the_edges)
{
	static const struct {
		u64 x, up, down;
	} rounds[] = {
	    {0, 0, 0},          {1, 4096, 0},
	    {4095, 4096, 0},    {4096, 4096, 4096},
	    {4097, 8192, 4096}, {0xfffffffffffff000, 0xfffffffffffff000, 0xfffffffffffff000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		ck_assert_uint_eq(round_up(rounds[i].x, 4096), rounds[i].up);
		ck_assert_uint_eq(round_down(rounds[i].x, 4096), rounds[i].down);
	}
	ck_assert_uint_eq(DIV_ROUND_UP(10u, 3), 4);
	ck_assert_uint_eq(round_up_to(10u, 3), 12);
	ck_assert_uint_eq(ilog2(1), 0);
	ck_assert_uint_eq(ilog2(U64_MAX), 63);
	ck_assert_uint_eq(ilog2_up(1), 0);
	ck_assert_uint_eq(ilog2_up(3), 2);
	ck_assert_uint_eq(ilog2_up(4), 2);
	ck_assert_uint_eq(pow2_round_up(5), 8);
	ck_assert(is_pow2(1) && is_pow2(1ull << 63) && !is_pow2(0) && !is_pow2(6));
}
END_TEST

START_TEST(error_pointers_carry_the_whole_errno_range)
{
	int here;

	ck_assert(IS_ERR(ERR_PTR(-1)));
	ck_assert(IS_ERR(ERR_PTR(-MAX_ERRNO)));
	ck_assert(!IS_ERR(ERR_PTR(-MAX_ERRNO - 1)));
	ck_assert(!IS_ERR(&here));
	ck_assert(!IS_ERR(NULL));
	ck_assert(IS_ERR_OR_NULL(NULL));
	ck_assert_int_eq(PTR_ERR(ERR_PTR(-EUCLEAN)), -EUCLEAN);
}
END_TEST

START_TEST(a_true_verify_goes_on)
{
	u64 x = 5;

	VERIFY(x == 5);
	VERIFY_EQ(x, 5);
	VERIFY_LT(x, 6);
	VERIFY_NE(&x, NULL);
	ASSERT_GE(x, 5);
}
END_TEST

START_TEST(a_false_verify_panics)
{
	VERIFY_EQ(1 + 1, 3);
}
END_TEST

Suite *suite_types(void)
{
	Suite *s = suite_of("types", integers_on_disk_convert_both_ways,
			    min_and_max_take_constants_of_any_sign,
			    rounding_and_logarithms_hold_at_the_edges,
			    error_pointers_carry_the_whole_errno_range, a_true_verify_goes_on);
	suite_add_panics(s, NULL, a_false_verify_panics);
	return s;
}

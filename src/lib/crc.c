/*
 * CRC by table. For crc32c, eight bytes at a time: row k of the table says what a byte does to the
 * remainder when k more bytes follow it. A CRC is linear, so each entry is the exclusive-or of the
 * entries of its single bits, and only those, 8 per row, are written down; the preprocessor does
 * the rest. (Checked against the bit-by-bit definition by the unit tests.)
 */
#include "lib/crc.h"

/* The byte with bits b7..b0 combines the row's single-bit entries. */
#define PICK(i, bit, v) ((i) >> (bit)&1 ? (v) : 0)
#define ENTRY(i, v0, v1, v2, v3, v4, v5, v6, v7)                                                   \
	(PICK(i, 0, v0) ^ PICK(i, 1, v1) ^ PICK(i, 2, v2) ^ PICK(i, 3, v3) ^ PICK(i, 4, v4) ^      \
	 PICK(i, 5, v5) ^ PICK(i, 6, v6) ^ PICK(i, 7, v7))
#define FOUR(i, ...)                                                                               \
	ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__),               \
	    ENTRY(i + 3, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                                            \
	FOUR(i, __VA_ARGS__), FOUR(i + 4, __VA_ARGS__), FOUR(i + 8, __VA_ARGS__),                  \
	    FOUR(i + 12, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                                         \
	SIXTEEN(i, __VA_ARGS__), SIXTEEN(i + 16, __VA_ARGS__), SIXTEEN(i + 32, __VA_ARGS__),       \
	    SIXTEEN(i + 48, __VA_ARGS__)
#define ROW(...)                                                                                   \
	{                                                                                          \
		SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__),                           \
		    SIXTY_FOUR(128, __VA_ARGS__), SIXTY_FOUR(192, __VA_ARGS__)                     \
	}

/* clang-format off */
static const u32 crc32c_rows[8][256] = {
	ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	ROW(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	ROW(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	ROW(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	ROW(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};
/* clang-format on */

u32 crc32c_table(u32 crc, const void *data, size_t n)
{
	const u8 *p = data;

	for (; n >= 8; n -= 8, p += 8) {
		u64 v = le64_load(p) ^ crc;
		crc = crc32c_rows[7][v & 0xff] ^ crc32c_rows[6][v >> 8 & 0xff] ^
		      crc32c_rows[5][v >> 16 & 0xff] ^ crc32c_rows[4][v >> 24 & 0xff] ^
		      crc32c_rows[3][v >> 32 & 0xff] ^ crc32c_rows[2][v >> 40 & 0xff] ^
		      crc32c_rows[1][v >> 48 & 0xff] ^ crc32c_rows[0][v >> 56];
	}
	for (; n; n--, p++)
		crc = crc >> 8 ^ crc32c_rows[0][(crc ^ *p) & 0xff];
	return crc;
}

u32 (*crc32c_implementation)(u32 crc, const void *data, size_t n) = crc32c_table;

/* The others see little data: four bits at a time is enough. */
static const u32 crc32_nibbles[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

u32 crc32(u32 crc, const void *data, size_t n)
{
	for (const u8 *p = data; n; n--, p++) {
		crc ^= *p;
		crc = crc >> 4 ^ crc32_nibbles[crc & 15];
		crc = crc >> 4 ^ crc32_nibbles[crc & 15];
	}
	return crc;
}

static const u32 crc32_be_nibbles[16] = {
    0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b, 0x1a864db2, 0x1e475005,
    0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61, 0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
};

u32 crc32_be(u32 crc, const void *data, size_t n)
{
	for (const u8 *p = data; n; n--, p++) {
		crc ^= (u32)*p << 24;
		crc = crc << 4 ^ crc32_be_nibbles[crc >> 28];
		crc = crc << 4 ^ crc32_be_nibbles[crc >> 28];
	}
	return crc;
}

static const u16 crc16_nibbles[16] = {
    0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401,
    0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400,
};

u16 crc16(u16 crc, const void *data, size_t n)
{
	for (const u8 *p = data; n; n--, p++) {
		crc ^= *p;
		crc = (u16)(crc >> 4 ^ crc16_nibbles[crc & 15]);
		crc = (u16)(crc >> 4 ^ crc16_nibbles[crc & 15]);
	}
	return crc;
}

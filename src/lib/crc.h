/*
 * Cyclic redundancy checks. All are plain updates of a running value: neither the start value nor
 * the result is inverted, so a check over several pieces is a chain of calls, and callers start
 * with (and finish with) what their format says.
 *
 *   crc32c  polynomial 0x1edc6f41, reflected; ext4's metadata_csum (which starts from ~0 or a seed)
 *   crc32   polynomial 0x04c11db7, reflected; GPT (starts from ~0, result inverted)
 *   crc32_be polynomial 0x04c11db7, not reflected; jbd2's old checksum of transactions (from ~0)
 *   crc16   polynomial 0x8005, reflected; ext4's gdt_csum (starts from ~0)
 */
#ifndef LIB_CRC_H
#define LIB_CRC_H

#include "lib/types.h"

u32 crc32c_table(u32 crc, const void *data, size_t n);
u32 crc32(u32 crc, const void *data, size_t n);
u32 crc32_be(u32 crc, const void *data, size_t n);
u16 crc16(u16 crc, const void *data, size_t n);

/*
 * What crc32c calls: crc32c_table until the machine code, before other CPUs start, puts something
 * faster here. The replacement gives the same results.
 */
extern u32 (*crc32c_implementation)(u32 crc, const void *data, size_t n);

static inline u32 crc32c(u32 crc, const void *data, size_t n)
{
	return crc32c_implementation(crc, data, n);
}

#endif

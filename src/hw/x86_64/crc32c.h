/*
 * crc32c by the processor's own instruction (SSE4.2; it needs no vector registers).
 */
#ifndef ARAMID_X86_64_CRC32C_H
#define ARAMID_X86_64_CRC32C_H

#include "lib/types.h"

static inline u32 crc32c_instruction(u32 crc, const void *data, size_t n)
{
	const u8 *p = data;
	u64 wide = crc;

	for (; n >= 8; n -= 8, p += 8)
		__asm__("crc32q %1, %0" : "+r"(wide) : "rm"(le64_load(p)));
	crc = (u32)wide;
	for (; n; n--, p++)
		__asm__("crc32b %1, %0" : "+r"(crc) : "rm"(*p));
	return crc;
}

/* Boot CPU, before others start: makes crc32c() the faster of the two. */
void crc32c_choose(void);

#endif

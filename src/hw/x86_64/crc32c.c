/*
 * The crc32 instruction takes eight bytes in three cycles on a real processor; QEMU's translator
 * computes it bit by bit in a helper, which the table beats: under TCG, which says so in its
 * hypervisor leaf, the table stays.
 */
#include "hw/x86_64/crc32c.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/crc.h"

static u32 by_instruction(u32 crc, const void *data, size_t n)
{
	return crc32c_instruction(crc, data, n);
}

static bool under_translator(void)
{
	struct cpuid id = cpuid(0x40000000, 0);

	return id.b == 0x54474354; /* "TCGT" */
}

void crc32c_choose(void)
{
	struct cpuid features = cpuid(1, 0);
	bool has_instruction = features.c >> 20 & 1, hypervisor = features.c >> 31;

	if (has_instruction && !(hypervisor && under_translator()))
		crc32c_implementation = by_instruction;
}

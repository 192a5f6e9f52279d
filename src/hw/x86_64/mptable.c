#include "hw/x86_64/mptable.h"
#include "hw/mmu.h"
#include "lib/endian.h"
#include "lib/string.h"

enum mp_kind {
	MP_PROCESSOR = 0,
	MP_BUS = 1,
	MP_IOAPIC = 2,
	MP_IO_INTERRUPT = 3,
	MP_LOCAL_INTERRUPT = 4,
};
#define MP_ENABLED       1
#define MP_POINTER_SIZE  16
#define MP_HEADER_SIZE   44
#define PROCESSOR_SIZE   20
#define OTHER_ENTRY_SIZE 8

static const u8 *entries, *entries_end; /* NULL: no table */

static bool sum_is_zero(const u8 *p, size_t n)
{
	u8 sum = 0;

	while (n--)
		sum = (u8)(sum + *p++);
	return sum == 0;
}

static bool table_take(phys_addr_t pa)
{
	const u8 *table = pa ? mmu_map_firmware(pa, MP_HEADER_SIZE) : NULL;
	u16 length;

	if (!table || memcmp(table, "PCMP", 4) != 0)
		return false;
	length = le16_load(table + 4);
	if (length < MP_HEADER_SIZE || !(table = mmu_map_firmware(pa, length)) ||
	    le16_load(table + 4) != length || !sum_is_zero(table, length))
		return false;
	entries = table + MP_HEADER_SIZE;
	entries_end = table + length;
	return true;
}

/* The pointer lies on a 16-byte boundary somewhere in the area. */
static bool area_scan(phys_addr_t base, size_t size)
{
	const u8 *area = mmu_map_firmware(base, size);

	for (size_t at = 0; area && at + MP_POINTER_SIZE <= size; at += 16)
		if (memcmp(area + at, "_MP_", 4) == 0 && sum_is_zero(area + at, MP_POINTER_SIZE) &&
		    table_take(le32_load(area + at + 4)))
			return true;
	return false;
}

void mptable_init(void)
{
	/* The end of the base memory (where the extended BIOS data area is), and the BIOS. */
	if (!area_scan(0x9fc00, 0x400))
		(void)area_scan(0xf0000, 0x10000);
}

/* The entry of a kind behind at, or the first; NULL: no more. */
static const u8 *entry_next(const u8 *at, u8 kind)
{
	size_t size;

	for (at = at ? at + (*at == MP_PROCESSOR ? PROCESSOR_SIZE : OTHER_ENTRY_SIZE) : entries;
	     at && at < entries_end; at += size) {
		size = *at == MP_PROCESSOR ? PROCESSOR_SIZE : OTHER_ENTRY_SIZE;
		if (*at > MP_LOCAL_INTERRUPT || size > (size_t)(entries_end - at))
			return NULL;
		if (*at == kind)
			return at;
	}
	return NULL;
}

void mptable_cpus_walk(bool (*fn)(void *arg, u32 apic_id, u32 number), void *arg)
{
	const u8 *at = NULL;
	u32 number = 0;

	while ((at = entry_next(at, MP_PROCESSOR)))
		if (at[3] & MP_ENABLED && !fn(arg, at[1], number++))
			return;
}

bool mptable_ioapic_get(unsigned int index, phys_addr_t *base)
{
	const u8 *at = NULL;

	while ((at = entry_next(at, MP_IOAPIC)))
		if (at[3] & MP_ENABLED && index-- == 0) {
			*base = le32_load(at + 4);
			return true;
		}
	return false;
}

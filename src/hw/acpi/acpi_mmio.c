#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "lib/endian.h"
#include "lib/string.h"

/*
 * Virtio-mmio slots in the DSDT: devices whose _HID is LNRO0005. Without an interpreter of AML they
 * are found by that name, and their resources by the bytes of the two descriptors that every one of
 * them has (ACPI 6.4.3.4 and 6.4.3.6): a fixed 32-bit range of memory, and an extended interrupt.
 */

/* Tag and length: 9 bytes of flags, base, size. Tag: length, flags, count, numbers. */
#define DESCRIPTOR_MEMORY    "\x86\x09\x00"
#define DESCRIPTOR_INTERRUPT "\x89"
#define INTERRUPT_EDGE       0x02
#define INTERRUPT_LOW        0x04
#define REACH                128 /* bytes behind the name in which the descriptors lie */

static const u8 *find(const u8 *at, const u8 *end, const char *text, size_t n)
{
	for (; (size_t)(end - at) >= n && at < end; at++)
		if (memcmp(at, text, n) == 0)
			return at;
	return NULL;
}

void hw_firmware_mmio_scan(void (*found)(phys_addr_t base, u64 size, unsigned int gsi, bool level,
					 bool active_low))
{
	static const char name[] = "LNRO0005";
	const struct acpi_header *dsdt = acpi_dsdt();
	const u8 *at, *end;

	if (!dsdt)
		return;
	at = (const u8 *)(dsdt + 1);
	end = (const u8 *)dsdt + dsdt->length;
	while ((at = find(at, end, name, sizeof(name)))) {
		const u8 *next, *memory, *interrupt, *limit;

		at += sizeof(name);
		next = find(at, end, name, sizeof(name));
		limit = end - at > REACH ? at + REACH : end;
		limit = next && next < limit ? next : limit;
		memory = find(at, limit, DESCRIPTOR_MEMORY, 3);
		interrupt = memory ? find(memory + 12, limit, DESCRIPTOR_INTERRUPT, 1) : NULL;
		if (!interrupt || limit - memory < 12 || limit - interrupt < 9)
			continue;
		found(le32_load(memory + 4), le32_load(memory + 8), le32_load(interrupt + 5),
		      !(interrupt[3] & INTERRUPT_EDGE), interrupt[3] & INTERRUPT_LOW);
	}
}

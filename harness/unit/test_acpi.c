#include <stdarg.h>

#include "unit.h"

#include "host_firmware.h"
#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "lib/endian.h"
#include "log_capture.h"

/*
 * A machine's tables in a buffer: RSDP at 0x100, RSDT at 0x200, and what tests put behind it.
 */

static u8 memory[0x4000];

static void sum_fix(size_t at, size_t length, size_t sum_at)
{
	u8 sum = 0;

	memory[at + sum_at] = 0;
	for (size_t i = 0; i < length; i++)
		sum = (u8)(sum + memory[at + i]);
	memory[at + sum_at] = (u8)-sum;
}

static void table(size_t at, const char *signature, u32 length)
{
	memcpy(memory + at, signature, 4);
	le32_store(memory + at + 4, length);
	sum_fix(at, length, 9);
}

static void start(void)
{
	memset(memory, 0, sizeof(memory));
	memcpy(memory + 0x100, "RSD PTR ", 8);
	le32_store(memory + 0x110, 0x200);
	sum_fix(0x100, 20, 8);
	boot_info.acpi_rsdp = 0x100;
}

/* The RSDT, pointing at the given tables. */
static void root(unsigned int count, ...)
{
	va_list ap;

	va_start(ap, count);
	for (unsigned int i = 0; i < count; i++)
		le32_store(memory + 0x200 + 36 + 4 * i, va_arg(ap, u32));
	va_end(ap);
	table(0x200, "RSDT", 36 + 4 * count);
	host_firmware_set(memory, sizeof(memory));
	acpi_init();
}

struct found {
	unsigned int count;
	u32 apic[8];
};

static bool found_cpu(void *arg, u32 apic, u32 acpi)
{
	struct found *found = arg;

	found->apic[found->count++] = apic;
	return found->count < 8;
}

START_TEST(processors_and_controllers_come_from_the_madt)
{
	static const u8 entries[] = {
	    0, 8,  1, 0, 1,    0, 0,    0,                               /* CPU 0 */
	    0, 8,  2, 1, 0,    0, 0,    0,                               /* disabled */
	    1, 12, 0, 0, 0,    0, 0xc0, 0xfe, 24,   0, 0, 0,             /* IO-APIC */
	    2, 10, 0, 9, 22,   0, 0,    0,    0x0f, 0,                   /* IRQ 9 */
	    9, 16, 0, 0, 0x23, 1, 0,    0,    1,    0, 0, 0, 5, 0, 0, 0, /* x2APIC 0x123 */
	    5, 12, 0, 0, 0,    0, 0xe0, 0xfe, 1,    0, 0, 0,
	};
	struct found found = {0};
	phys_addr_t base;
	u32 gsi;
	bool level, low;

	start();
	memcpy(memory + 0x400 + 44, entries, sizeof(entries));
	table(0x400, "APIC", 44 + sizeof(entries));
	root(1, 0x400);
	ck_assert(acpi_present());
	acpi_cpus_walk(found_cpu, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(found.apic[0], 0);
	ck_assert_uint_eq(found.apic[1], 0x123);
	ck_assert(acpi_ioapic_get(0, &base, &gsi));
	ck_assert_uint_eq(base, 0xfec00000);
	ck_assert_uint_eq(gsi, 24);
	ck_assert(!acpi_ioapic_get(1, &base, &gsi));
	acpi_isa_irq(9, &gsi, &level, &low);
	ck_assert(gsi == 22 && level && low);
	acpi_isa_irq(4, &gsi, &level, &low);
	ck_assert(gsi == 4 && !level && !low);
	ck_assert_uint_eq(acpi_local_apic_base(), 0x1fee00000);
}
END_TEST

START_TEST(entries_that_make_no_sense_end_the_walk)
{
	struct found found = {0};

	start();
	memory[0x400 + 44] = 0;
	memory[0x400 + 45] = 8;
	memory[0x400 + 48] = 1;
	memory[0x400 + 52] = 0; /* length 0 */
	memory[0x400 + 54] = 0;
	memory[0x400 + 55] = 200; /* beyond the end */
	table(0x400, "APIC", 44 + 8 + 4);
	root(1, 0x400);
	acpi_cpus_walk(found_cpu, &found);
	ck_assert_uint_eq(found.count, 1);
}
END_TEST

START_TEST(bad_sums_and_lengths_are_refused)
{
	start();
	table(0x400, "MCFG", 60);
	memory[0x410] ^= 1;
	table(0x500, "APIC", 8);
	table(0x600, "FACP", 0x7fffffff & 0xff);
	le32_store(memory + 0x604, 0x7fffffff);
	root(5, 0x400, 0x500, 0x600, 0x3fff, 0xfffffff0);
	ck_assert(!acpi_present());
	ck_assert(log_captured_has("bad checksum"));
	ck_assert(log_captured_has("has length"));
}
END_TEST

START_TEST(without_a_pointer_there_is_nothing)
{
	phys_addr_t base;
	u16 segment;
	u8 first, last;

	start();
	memory[0x100] = 'x';
	root(0);
	ck_assert(!acpi_present());
	ck_assert_ptr_null(acpi_table_find("APIC", 0));
	ck_assert(!acpi_mcfg_get(0, &base, &segment, &first, &last));
	ck_assert(!acpi_power.s5);
}
END_TEST

START_TEST(mcfg_entries_are_bounded_by_the_table)
{
	phys_addr_t base;
	u16 segment;
	u8 first, last;

	start();
	le64_store(memory + 0x400 + 44, 0xb0000000);
	memory[0x400 + 44 + 11] = 0xff;
	table(0x400, "MCFG", 44 + 16 + 8);
	root(1, 0x400);
	ck_assert(acpi_mcfg_get(0, &base, &segment, &first, &last));
	ck_assert(base == 0xb0000000 && segment == 0 && first == 0 && last == 255);
	ck_assert(!acpi_mcfg_get(1, &base, &segment, &first, &last));
}
END_TEST

/* FADT at 0x400, DSDT at 0x800 with the given code. */
static void fadt(const char *aml, size_t length)
{
	start();
	le32_store(memory + 0x400 + 40, 0x800);
	le32_store(memory + 0x400 + 64, 0x604);
	le32_store(memory + 0x400 + 76, 0x608);
	le32_store(memory + 0x400 + 112, 1u << 10 | 1u << 8);
	memory[0x400 + 116] = 1;
	le64_store(memory + 0x400 + 120, 0xcf9);
	memory[0x400 + 128] = 0x0f;
	table(0x400, "FACP", 244);
	memcpy(memory + 0x800 + 36, aml, length);
	table(0x800, "DSDT", 36 + (u32)length);
	root(1, 0x400);
}

START_TEST(soft_off_is_found_in_the_dsdt)
{
	static const char aml[] = "xxxx\x08_S5_\x12\x07\x04\x0a\x05\x01\x00\x00yy";

	fadt(aml, sizeof(aml) - 1);
	ck_assert(acpi_power.s5 && !acpi_power.reduced);
	ck_assert_uint_eq(acpi_power.s5_a, 5);
	ck_assert_uint_eq(acpi_power.s5_b, 1);
	ck_assert_uint_eq(acpi_power.pm1a, 0x604);
	ck_assert_uint_eq(acpi_power.timer_port, 0x608);
	ck_assert_uint_eq(acpi_power.reset.address, 0xcf9);
	ck_assert_uint_eq(acpi_power.reset_value, 0x0f);
}
END_TEST

START_TEST(a_package_cut_off_at_the_end_is_no_soft_off)
{
	static const char aml[] = "\x08_S5_\x12\xc7\x04\x0a\x05\x01\x00\x00";

	for (size_t n = 1; n < 9; n++) {
		fadt(aml, n);
		ck_assert(!acpi_power.s5);
	}
}
END_TEST

static unsigned int slots;
static u64 slot_base[4];
static unsigned int slot_gsi[4];

static void slot(phys_addr_t base, u64 size, unsigned int gsi, bool level, bool low)
{
	ck_assert_uint_lt(slots, 4);
	ck_assert(size == 0x200 && level && !low);
	slot_base[slots] = base;
	slot_gsi[slots++] = gsi;
}

#define SLOT(base, gsi)                                                                            \
	"\x5b\x82\x42\x04VR23\x08_HID\x0dLNRO0005\0\x08_UID\x0a\x17\x08_CRS\x11\x1a\x0a\x17"       \
	"\x86\x09\x00\x01\x00" base "\xb0\xfe\x00\x02\x00\x00"                                     \
	"\x89\x06\x00\x01\x01" gsi "\x00\x00\x00\x79\x00"

START_TEST(virtio_slots_are_found_in_the_dsdt)
{
	static const char aml[] = SLOT("\x2e", "\x2f") SLOT("\x2c", "\x2e");

	fadt(aml, sizeof(aml) - 1);
	hw_firmware_mmio_scan(slot);
	ck_assert_uint_eq(slots, 2);
	ck_assert(slot_base[0] == 0xfeb02e00 && slot_gsi[0] == 47);
	ck_assert(slot_base[1] == 0xfeb02c00 && slot_gsi[1] == 46);
}
END_TEST

START_TEST(a_slot_cut_off_at_the_end_is_none)
{
	static const char aml[] = SLOT("\x2e", "\x2f");

	/* All but the last descriptor's end tag and checksum matter. */
	for (size_t n = 0; n < sizeof(aml) - 1 - 2; n++) {
		fadt(aml, n);
		hw_firmware_mmio_scan(slot);
		ck_assert_uint_eq(slots, 0);
	}
}
END_TEST

Suite *suite_acpi(void)
{
	return suite_of("acpi", processors_and_controllers_come_from_the_madt,
			entries_that_make_no_sense_end_the_walk, bad_sums_and_lengths_are_refused,
			without_a_pointer_there_is_nothing, mcfg_entries_are_bounded_by_the_table,
			soft_off_is_found_in_the_dsdt, a_package_cut_off_at_the_end_is_no_soft_off,
			virtio_slots_are_found_in_the_dsdt, a_slot_cut_off_at_the_end_is_none);
}

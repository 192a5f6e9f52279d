#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/mmu.h"
#include "lib/endian.h"
#include "lib/log.h"
#include "lib/string.h"

#define TABLES_MAX       64
#define TABLE_LENGTH_MAX (16u << 20)

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	/* Revision 2. */
	u32 length;
	u64 xsdt;
	u8 checksum_all, reserved[3];
} __packed;
#define RSDP_OLD_SIZE 20

static const struct acpi_header *tables[TABLES_MAX];
static unsigned int table_count;
static const struct acpi_header *dsdt;
struct acpi_power acpi_power;

static bool sum_is_zero(const void *p, size_t n)
{
	const u8 *byte = p;
	u8 sum = 0;

	while (n--)
		sum = (u8)(sum + *byte++);
	return sum == 0;
}

/* Maps a table and checks it; NULL if it makes no sense. */
static const struct acpi_header *table_map(phys_addr_t pa)
{
	const struct acpi_header *header;
	u32 length;

	if (!pa || !(header = mmu_map_firmware(pa, sizeof(*header))))
		return NULL;
	length = header->length;
	if (length < sizeof(*header) || length > TABLE_LENGTH_MAX) {
		log_warn("acpi: table at %#llx has length %u: ignored", pa, length);
		return NULL;
	}
	header = mmu_map_firmware(pa, length);
	if (!header)
		return NULL;
	if (header->length != length || !sum_is_zero(header, length)) {
		log_warn("acpi: table %.4s at %#llx has a bad checksum: ignored", header->signature,
			 pa);
		return NULL;
	}
	return header;
}

static const struct rsdp *rsdp_at(const u8 *p, size_t room)
{
	const struct rsdp *rsdp = (const void *)p;

	if (room < RSDP_OLD_SIZE || memcmp(p, "RSD PTR ", 8) != 0 || !sum_is_zero(p, RSDP_OLD_SIZE))
		return NULL;
	return rsdp;
}

static const struct rsdp *rsdp_scan(phys_addr_t base, size_t size)
{
	const u8 *area = mmu_map_firmware(base, size);

	for (size_t at = 0; area && at + sizeof(struct rsdp) <= size; at += 16) {
		const struct rsdp *rsdp = rsdp_at(area + at, size - at);
		if (rsdp)
			return rsdp;
	}
	return NULL;
}

static const struct rsdp *rsdp_find(void)
{
	const struct rsdp *rsdp = NULL;

	if (boot_info.acpi_rsdp) {
		const u8 *p = mmu_map_firmware(boot_info.acpi_rsdp, sizeof(*rsdp));
		if (p)
			rsdp = rsdp_at(p, sizeof(*rsdp));
	}
	return rsdp ? rsdp : rsdp_scan(0xe0000, 0x20000);
}

static void tables_read(const struct acpi_header *root, unsigned int width)
{
	const u8 *entry = (const u8 *)(root + 1), *end = (const u8 *)root + root->length;

	for (; (size_t)(end - entry) >= width && table_count < TABLES_MAX; entry += width) {
		u64 pa = width == 8 ? le64_load(entry) : le32_load(entry);
		const struct acpi_header *table = table_map(pa);

		if (table)
			tables[table_count++] = table;
	}
}

const struct acpi_header *acpi_table_find(const char *signature, unsigned int index)
{
	for (unsigned int i = 0; i < table_count; i++)
		if (memcmp(tables[i]->signature, signature, 4) == 0 && index-- == 0)
			return tables[i];
	return NULL;
}

const struct acpi_header *acpi_dsdt(void)
{
	return dsdt;
}

bool acpi_present(void)
{
	return table_count > 0;
}

/* ---- FADT (ACPI 5.2.9) ---- */

static u32 field32(const struct acpi_header *table, size_t at)
{
	return at + 4 <= table->length ? le32_load((const u8 *)table + at) : 0;
}

static u64 field64(const struct acpi_header *table, size_t at)
{
	return at + 8 <= table->length ? le64_load((const u8 *)table + at) : 0;
}

static u8 field8(const struct acpi_header *table, size_t at)
{
	return at < table->length ? ((const u8 *)table)[at] : 0;
}

static struct acpi_address field_address(const struct acpi_header *table, size_t at)
{
	struct acpi_address address = {0};

	if (at + sizeof(address) <= table->length)
		memcpy(&address, (const u8 *)table + at, sizeof(address));
	return address;
}

/* A port given as a 64-bit address structure, or in the old field. */
static u32 field_port(const struct acpi_header *table, size_t at_new, size_t at_old)
{
	struct acpi_address address = field_address(table, at_new);

	if (address.address && address.space == ACPI_SPACE_PORT && address.address <= 0xffff)
		return (u32)address.address;
	return field32(table, at_old) & 0xffff;
}

enum fadt {
	FADT_DSDT = 40,
	FADT_SMI_PORT = 48,
	FADT_ENABLE = 52,
	FADT_PM1A = 64,
	FADT_PM1B = 68,
	FADT_TIMER = 76,
	FADT_FLAGS = 112,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A = 172,
	FADT_X_PM1B = 184,
	FADT_X_TIMER = 208,
	FADT_SLEEP_CONTROL = 244,
};
#define FADT_FLAG_TIMER_32BIT (1u << 8)
#define FADT_FLAG_RESET       (1u << 10)
#define FADT_FLAG_REDUCED     (1u << 20)

/* An element of the package: a byte constant, or one of the two numbers that have opcodes. */
static const u8 *aml_byte(const u8 *at, const u8 *end, u8 *value)
{
	if (at < end && (*at == 0x00 || *at == 0x01)) {
		*value = *at;
		return at + 1;
	}
	if (end - at >= 2 && *at == 0x0a) {
		*value = at[1];
		return at + 2;
	}
	return NULL;
}

/* Name (_S5_, Package { a, b, ... }) in the DSDT's or an SSDT's code. */
static bool s5_find(const struct acpi_header *table)
{
	const u8 *at = (const u8 *)(table + 1), *end = (const u8 *)table + table->length;

	for (; end - at >= 8; at++) {
		const u8 *p;

		if (memcmp(at, "_S5_", 4) != 0 || at[4] != 0x12)
			continue;
		/* The package's length takes one to four bytes; then comes the number of elements.
		 */
		p = at + 5 + 1 + (at[5] >> 6) + 1;
		if (p >= end || !(p = aml_byte(p, end, &acpi_power.s5_a)))
			continue;
		if (!aml_byte(p, end, &acpi_power.s5_b))
			acpi_power.s5_b = acpi_power.s5_a;
		return true;
	}
	return false;
}

static void power_read(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0), *ssdt;
	struct acpi_power *power = &acpi_power;
	u32 flags;

	if (!fadt)
		return;
	flags = field32(fadt, FADT_FLAGS);
	power->reduced = flags & FADT_FLAG_REDUCED;
	power->sleep_control = field_address(fadt, FADT_SLEEP_CONTROL);
	if (!power->reduced) {
		power->pm1a = field_port(fadt, FADT_X_PM1A, FADT_PM1A);
		power->pm1b = field_port(fadt, FADT_X_PM1B, FADT_PM1B);
		power->smi_port = field32(fadt, FADT_SMI_PORT) & 0xffff;
		power->smi_enable = field8(fadt, FADT_ENABLE);
		power->timer_port = field_port(fadt, FADT_X_TIMER, FADT_TIMER);
		power->timer_32bit = flags & FADT_FLAG_TIMER_32BIT;
	}
	if (flags & FADT_FLAG_RESET) {
		power->reset = field_address(fadt, FADT_RESET);
		power->reset_value = field8(fadt, FADT_RESET_VALUE);
	}
	dsdt = table_map(field64(fadt, FADT_X_DSDT));
	if (!dsdt)
		dsdt = table_map(field32(fadt, FADT_DSDT));
	power->s5 = dsdt && s5_find(dsdt);
	for (unsigned int i = 0; !power->s5 && (ssdt = acpi_table_find("SSDT", i)); i++)
		power->s5 = s5_find(ssdt);
}

/* ---- MADT (ACPI 5.2.12) ---- */

enum madt_kind {
	MADT_LOCAL_APIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LOCAL_APIC_ADDRESS = 5,
	MADT_X2APIC = 9,
};
#define MADT_ENTRIES 44

/* The entry behind at (NULL: the first) of a kind that has at least size bytes; NULL: no more. */
static const u8 *madt_next(const u8 *at, unsigned int kind, unsigned int size)
{
	const struct acpi_header *madt = acpi_table_find("APIC", 0);
	const u8 *end;

	if (!madt || madt->length < MADT_ENTRIES)
		return NULL;
	end = (const u8 *)madt + madt->length;
	for (at = at ? at + at[1] : (const u8 *)madt + MADT_ENTRIES;
	     end - at >= 2 && at[1] >= 2 && at[1] <= end - at; at += at[1])
		if (at[0] == kind && at[1] >= size)
			return at;
	return NULL;
}

#define CPU_ENABLED 1u

void acpi_cpus_walk(bool (*fn)(void *arg, u32 apic_id, u32 acpi_id), void *arg)
{
	const u8 *at = NULL;

	while ((at = madt_next(at, MADT_LOCAL_APIC, 8)))
		if (le32_load(at + 4) & CPU_ENABLED && at[3] != 0xff && !fn(arg, at[3], at[2]))
			return;
	while ((at = madt_next(at, MADT_X2APIC, 16)))
		if (le32_load(at + 8) & CPU_ENABLED &&
		    !fn(arg, le32_load(at + 4), le32_load(at + 12)))
			return;
}

bool acpi_ioapic_get(unsigned int index, phys_addr_t *base, u32 *gsi_base)
{
	const u8 *at = NULL;

	while ((at = madt_next(at, MADT_IOAPIC, 12)))
		if (index-- == 0) {
			*base = le32_load(at + 4);
			*gsi_base = le32_load(at + 8);
			return true;
		}
	return false;
}

phys_addr_t acpi_local_apic_base(void)
{
	const struct acpi_header *madt = acpi_table_find("APIC", 0);
	const u8 *at = madt_next(NULL, MADT_LOCAL_APIC_ADDRESS, 12);

	if (at)
		return le64_load(at + 4);
	return madt ? field32(madt, 36) : 0;
}

void acpi_isa_irq(unsigned int irq, u32 *gsi, bool *level, bool *active_low)
{
	const u8 *at = NULL;

	*gsi = irq;
	*level = *active_low = false;
	while ((at = madt_next(at, MADT_OVERRIDE, 10)))
		if (at[2] == 0 && at[3] == irq) {
			u16 flags = le16_load(at + 8);

			*gsi = le32_load(at + 4);
			*active_low = (flags & 3) == 3;
			*level = (flags >> 2 & 3) == 3;
			return;
		}
}

bool acpi_mcfg_get(unsigned int index, phys_addr_t *base, u16 *segment, u8 *first_bus, u8 *last_bus)
{
	const struct acpi_header *mcfg = acpi_table_find("MCFG", 0);
	size_t at = 44 + 16 * (size_t)index;
	const u8 *entry = (const u8 *)mcfg + at;

	if (!mcfg || at + 16 > mcfg->length)
		return false;
	*base = le64_load(entry);
	*segment = le16_load(entry + 8);
	*first_bus = entry[10];
	*last_bus = entry[11];
	return *first_bus <= *last_bus;
}

void acpi_init(void)
{
	const struct rsdp *rsdp = rsdp_find();
	const struct acpi_header *root = NULL;

	table_count = 0;
	dsdt = NULL;
	acpi_power = (struct acpi_power){0};
	if (!rsdp) {
		log_info("acpi: no tables");
		return;
	}
	if (rsdp->revision >= 2 && rsdp->length >= sizeof(*rsdp) && rsdp->length <= 4096 &&
	    sum_is_zero(rsdp, sizeof(*rsdp)))
		root = table_map(rsdp->xsdt);
	if (root && memcmp(root->signature, "XSDT", 4) == 0) {
		tables_read(root, 8);
	} else {
		root = table_map(rsdp->rsdt);
		if (root && memcmp(root->signature, "RSDT", 4) == 0)
			tables_read(root, 4);
	}
	power_read();
}

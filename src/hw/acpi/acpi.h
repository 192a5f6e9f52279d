/*
 * What the kernel reads of the firmware's ACPI tables (ACPI 6.4): CPUs and interrupt controllers
 * (MADT), power management (FADT), PCI configuration space (MCFG). There is no AML interpreter; the
 * only thing taken from AML is the \_S5 package, found by its bytes.
 *
 * Tables are checked (address, length, checksum) before anything else looks at them, and every walk
 * over their entries is bounded. acpi_init() is called once, when memory works; without ACPI all
 * lookups find nothing.
 */
#ifndef ARAMID_HW_ACPI_ACPI_H
#define ARAMID_HW_ACPI_ACPI_H

#include "lib/types.h"

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

void acpi_init(void);
bool acpi_present(void);

/* The index-th table of a signature, or NULL. Its whole length is mapped, for good. */
const struct acpi_header *acpi_table_find(const char *signature, unsigned int index);

/* The table of AML that describes the machine; NULL. */
const struct acpi_header *acpi_dsdt(void);

/* CPUs that may be started, in the firmware's order; the callee returns false to end the walk. */
void acpi_cpus_walk(bool (*fn)(void *arg, u32 apic_id, u32 acpi_id), void *arg);

/* IO-APICs. False: no index-th one. */
bool acpi_ioapic_get(unsigned int index, phys_addr_t *base, u32 *gsi_base);

/* Local APICs' address, if the tables say; 0. */
phys_addr_t acpi_local_apic_base(void);

/* Which global system interrupt an ISA interrupt is, and its trigger. */
void acpi_isa_irq(unsigned int irq, u32 *gsi, bool *level, bool *active_low);

/* PCI configuration space segment of MCFG (PCI firmware specification 3.0, 4.1.2). False: no
 * index-th one. */
bool acpi_mcfg_get(unsigned int index, phys_addr_t *base, u16 *segment, u8 *first_bus,
		   u8 *last_bus);

/* An address in one of ACPI's spaces. */
struct acpi_address {
	u8 space; /* 0 memory, 1 I/O ports */
	u8 width, offset, access;
	u64 address;
} __packed;
#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_PORT   1

struct acpi_power {
	bool reduced;   /* hardware-reduced: sleep registers instead of PM1 */
	bool s5;        /* the soft-off state exists */
	u8 s5_a, s5_b;  /* what to write for it */
	u32 pm1a, pm1b; /* control ports; 0: none */
	u32 smi_port;   /* writing enable to it switches the chipset to ACPI */
	u8 smi_enable;
	struct acpi_address sleep_control; /* .address 0: none */
	struct acpi_address reset;
	u8 reset_value;
	u32 timer_port; /* the power management timer, 3.579545 MHz; 0: none */
	bool timer_32bit;
};
extern struct acpi_power acpi_power;

#endif

/*
 * What the boot loader (PVH, multiboot2) told us, in one form, and the order in which the kernel
 * starts.
 *
 *   hw entry      long mode, relocation, page tables, boot CPU, boot_info
 *   kernel_main   (src/sys/main.c) everything else, ends by becoming the idle thread
 */
#ifndef ARAMID_HW_BOOT_H
#define ARAMID_HW_BOOT_H

#include "lib/types.h"

enum memory_kind {
	MEMORY_RAM,
	MEMORY_RESERVED,
	MEMORY_ACPI, /* reclaimable tables: kept reserved */
};

struct memory_range {
	phys_addr_t base;
	u64 size;
	enum memory_kind kind;
};

#define BOOT_RANGES_MAX  64
#define BOOT_CMDLINE_MAX 2048

struct boot_info {
	struct memory_range ranges[BOOT_RANGES_MAX]; /* sorted, not overlapping */
	unsigned int range_count;
	phys_addr_t initrd_base; /* 0: none; reserved until boot_initrd_release() */
	u64 initrd_size;
	phys_addr_t kernel_base, kernel_end; /* the image in RAM */
	phys_addr_t acpi_rsdp;               /* 0: unknown */
	char cmdline[BOOT_CMDLINE_MAX];
	u64 entry_ns; /* clock source value at kernel entry, for the boot time line in dmesg */
};

extern struct boot_info boot_info;

/* Early stage, called by hw with all RAM of boot_info in the direct map (tables from early frames).
 */
void __noreturn kernel_main(void);

/* Steps of hw that kernel_main calls in this order. */
void hw_console_init(void); /* serial port: log lines come out from here on */
void hw_interrupts_init(
    void); /* IDT is up already; ACPI/MP tables, APICs, timer, clock source; memory works */
void hw_devices_init(void); /* PCI and MMIO buses; drivers attach */

/* Calls found for every virtio-mmio slot that the firmware's tables name (ACPI LNRO0005 in the DSDT), in an order such that
 * QEMU's first -device comes first. */
void hw_firmware_mmio_scan(void (*found)(phys_addr_t base, u64 size, unsigned int gsi, bool level, bool active_low));

/* Memory that early hw code used (page tables) beyond the image, to be reserved by mm: returns nr
 * of ranges. */
unsigned int hw_early_reserved(struct memory_range *ranges, unsigned int max);

/* Ends and failures. */
enum hw_reboot_mode { HW_POWER_OFF, HW_REBOOT, HW_HALT };
void __noreturn hw_shutdown(enum hw_reboot_mode mode);
/* Leaves QEMU with a non-zero status through the isa-debug-exit device if present; else returns. */
void hw_debug_exit(u8 code);

/* Writes bytes as they are to the machine's early console, polled; any context. */
void hw_console_write(const char *s, size_t n);
/* Turns the serial port's receiver on: from now on input() gets its bytes, in interrupt context. */
void hw_console_enable_input(void (*input)(const char *s, size_t n));

/* Backtrace of the running CPU into the log, starting at frame pointer fp (0: the caller's). */
void hw_backtrace(unsigned long fp);

#endif

#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/irq.h"
#include "hw/mmu.h"
#include "hw/x86_64/clock_int.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/log.h"

/*
 * Ways to end: ACPI's soft-off and reset, and what older machines understand.
 */

#define PM1_SCI_ENABLE  0x0001
#define PM1_SLEEP       0x2000
#define SLEEP_ENABLE    0x20 /* of the hardware-reduced control register */
#define DEBUG_EXIT_PORT 0xf4

/* Registers in memory are mapped now, while that may still fail without harm. */
static volatile u8 *sleep_register, *reset_register;

static volatile u8 *register_map(const struct acpi_address *address)
{
	if (!address->address || address->space != ACPI_SPACE_MEMORY)
		return NULL;
	return mmu_map_device(address->address, 4);
}

void power_init(void)
{
	sleep_register = register_map(&acpi_power.sleep_control);
	reset_register = register_map(&acpi_power.reset);
}

static void register_write(const struct acpi_address *address, volatile u8 *mapped, u8 value)
{
	if (mapped)
		*mapped = value;
	else if (address->address && address->space == ACPI_SPACE_PORT)
		outb((u16)address->address, value);
}

/* Devices take a moment to do as they are told, and an emulator's main loop a longer one. */
static void linger(void)
{
	const struct hw_clock *clock = hw_clock_get();
	u64 start = clock ? clock->read_ns() : 0;

	for (unsigned int i = 0; i < 100000; i++)
		inb(0x80);
	while (clock && clock->read_ns() - start < 500000000)
		cpu_relax();
}

static void power_off(void)
{
	const struct acpi_power *power = &acpi_power;

	if (!power->s5)
		return;
	if (power->sleep_control.address) {
		register_write(&power->sleep_control, sleep_register,
			       (u8)(power->s5_a << 2 | SLEEP_ENABLE));
		linger();
	}
	if (!power->pm1a)
		return;
	if (power->smi_port && power->smi_enable && !(inw((u16)power->pm1a) & PM1_SCI_ENABLE)) {
		outb((u16)power->smi_port, power->smi_enable);
		linger();
	}
	outw((u16)power->pm1a, (u16)(power->s5_a << 10 | PM1_SLEEP));
	if (power->pm1b)
		outw((u16)power->pm1b, (u16)(power->s5_b << 10 | PM1_SLEEP));
	linger();
}

static void reset(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed no_idt = {0, 0};

	register_write(&acpi_power.reset, reset_register, acpi_power.reset_value);
	linger();
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	linger();
	outb(0x64, 0xfe);
	linger();
	/* A fault without a way to handle it: the processor shuts down, and the machine resets. */
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

void hw_shutdown(enum hw_reboot_mode mode)
{
	irq_disable();
	cpu_stop_others();
	if (mode == HW_POWER_OFF)
		power_off();
	if (mode == HW_REBOOT)
		reset();
	if (mode != HW_HALT)
		log_emerg("The machine does not do as it is told: halted. You may turn it off.");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void hw_debug_exit(u8 code)
{
	outb(DEBUG_EXIT_PORT, code);
}

#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/x86_64/apic_int.h"
#include "hw/x86_64/clock_int.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/crc32c.h"
#include "hw/x86_64/mptable.h"
#include "hw/x86_64/trap_int.h"

/*
 * The order in which the machine is made ready.
 */

extern u8 boot_stack[];

/* boot.S comes here, where the image belongs, on the boot stack. */
void hw_start(void)
{
	cpu_features_detect();
	cpu_boot_prepare(boot_stack);
	idt_build();
	cpu_setup(0);
	crc32c_choose();
	mem_unrolled = cpu_features.tcg;
	kernel_main();
}

void hw_interrupts_init(void)
{
	acpi_init();
	if (!acpi_present())
		mptable_init();
	power_init();
	apic_init();
	ioapic_init();
	clock_source_init();
	vdso_init();
	irq_enable();
}

#include "hw/x86_64/apic_int.h"
#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/mptable.h"
#include "hw/x86_64/trap_int.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"

/*
 * Local APIC (Intel SDM volume 3, 11) and IO-APIC (82093AA data sheet). Where the processor offers
 * x2APIC, the same registers are MSRs 0x800 + offset / 16, and the interrupt command is one 64-bit
 * write.
 */

enum apic_register {
	APIC_ID = 0x20,
	APIC_TASK_PRIORITY = 0x80,
	APIC_EOI = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_ERROR_STATUS = 0x280,
	APIC_COMMAND = 0x300,
	APIC_COMMAND_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_START = 0x380,
	APIC_TIMER_NOW = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2     (1ull << 10)
#define SPURIOUS_ENABLE  0x100
#define LVT_MASKED       0x10000
#define LVT_TSC_DEADLINE 0x40000
#define DIVIDE_BY_1      0xb
#define COMMAND_BUSY     0x1000
#define COMMAND_ASSERT   0x4000
#define COMMAND_NMI      0x400
#define COMMAND_INIT     0x500
#define COMMAND_STARTUP  0x600

static volatile u8 *registers;
static bool x2;

static u32 apic_read(unsigned int reg)
{
	if (x2)
		return (u32)msr_read(0x800 + reg / 16);
	return *(volatile u32 *)(registers + reg);
}

static void apic_write(unsigned int reg, u32 value)
{
	if (x2)
		msr_write(0x800 + reg / 16, value);
	else
		*(volatile u32 *)(registers + reg) = value;
}

bool apic_is_x2(void)
{
	return x2;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2 ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_init_cpu(void)
{
	u64 base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	msr_write(MSR_APIC_BASE, base);
	if (x2)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, COMMAND_NMI);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER,
		   VECTOR_TIMER | (cpu_features.tsc_deadline ? LVT_TSC_DEADLINE : 0));
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

void apic_init(void)
{
	phys_addr_t base = msr_read(MSR_APIC_BASE) & PTE_PHYS_MASK;

	if (!base)
		base = acpi_local_apic_base();
	x2 = cpu_features.x2apic;
	if (!x2) {
		registers = mmu_map_device(base, PAGE_SIZE);
		if (!registers)
			panic("no memory to map the local APIC");
	}
	apic_init_cpu();
	cpus[0].apic_id = apic_id();
}

/* Interrupts off, so that nobody comes between the two halves. */
static void command(u32 id, u32 what)
{
	unsigned long flags = irq_save();

	if (x2) {
		/* Earlier stores first: this write does not order them. */
		memory_barrier();
		msr_write(0x800 + APIC_COMMAND / 16, (u64)id << 32 | what);
	} else {
		while (apic_read(APIC_COMMAND) & COMMAND_BUSY)
			cpu_relax();
		apic_write(APIC_COMMAND_HIGH, id << 24);
		apic_write(APIC_COMMAND, what);
	}
	irq_restore(flags);
}

void apic_send(u32 id, u8 vector)
{
	command(id, COMMAND_ASSERT | vector);
}

void apic_send_nmi(u32 id)
{
	command(id, COMMAND_ASSERT | COMMAND_NMI);
}

void apic_send_init(u32 id)
{
	command(id, COMMAND_ASSERT | COMMAND_INIT);
}

void apic_send_startup(u32 id, phys_addr_t page)
{
	command(id, COMMAND_ASSERT | COMMAND_STARTUP | (u32)(page >> 12));
}

void apic_timer_set(u32 count)
{
	apic_write(APIC_TIMER_START, count);
}

u32 apic_timer_now(void)
{
	return apic_read(APIC_TIMER_NOW);
}

/* ---- IO-APICs ---- */

#define IOAPICS_MAX     8
#define IOAPIC_DEFAULT  0xfec00000ull
#define IOAPIC_VERSION  1
#define IOAPIC_ROUTE(n) (0x10 + 2 * (n))
#define ROUTE_LOW       0x2000
#define ROUTE_LEVEL     0x8000
#define ROUTE_MASKED    0x10000

static struct ioapic {
	volatile u32 *select, *window;
	u32 gsi_base, inputs;
} ioapics[IOAPICS_MAX];
static unsigned int ioapic_count;
static struct irqlock ioapic_lock = IRQLOCK_INIT("ioapic");

static u32 ioapic_read(const struct ioapic *ioapic, u32 reg)
{
	*ioapic->select = reg;
	return *ioapic->window;
}

static void ioapic_write(const struct ioapic *ioapic, u32 reg, u32 value)
{
	*ioapic->select = reg;
	*ioapic->window = value;
}

static void ioapic_add(phys_addr_t base, u32 gsi_base)
{
	struct ioapic *ioapic = &ioapics[ioapic_count];
	volatile u8 *at;

	if (ioapic_count == IOAPICS_MAX || !(at = mmu_map_device(base, 0x20)))
		return;
	ioapic->select = (volatile u32 *)at;
	ioapic->window = (volatile u32 *)(at + 0x10);
	ioapic->gsi_base = gsi_base;
	ioapic->inputs = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (u32 i = 0; i < ioapic->inputs; i++)
		ioapic_write(ioapic, IOAPIC_ROUTE(i), ROUTE_MASKED);
	ioapic_count++;
}

void ioapic_init(void)
{
	phys_addr_t base;
	u32 gsi_base;

	/* The old controllers, if there are any: moved away from the exceptions, and masked. */
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	for (unsigned int i = 0; acpi_ioapic_get(i, &base, &gsi_base); i++)
		ioapic_add(base, gsi_base);
	if (acpi_present())
		return;
	/* Their inputs are numbered one after the other. */
	gsi_base = 0;
	for (unsigned int i = 0; i < IOAPICS_MAX && mptable_ioapic_get(i, &base); i++) {
		ioapic_add(base, gsi_base);
		gsi_base += ioapic_count ? ioapics[ioapic_count - 1].inputs : 0;
	}
	if (!ioapic_count)
		ioapic_add(IOAPIC_DEFAULT, 0);
}

int ioapic_route(u32 gsi, bool level, bool active_low, u8 vector)
{
	for (unsigned int i = 0; i < ioapic_count; i++) {
		const struct ioapic *ioapic = &ioapics[i];
		u32 input = gsi - ioapic->gsi_base, low = vector;
		irqflags_t flags;

		if (gsi < ioapic->gsi_base || input >= ioapic->inputs)
			continue;
		low |= (level ? ROUTE_LEVEL : 0) | (active_low ? ROUTE_LOW : 0);
		flags = irqlock_lock(&ioapic_lock);
		ioapic_write(ioapic, IOAPIC_ROUTE(input) + 1, cpus[0].apic_id << 24);
		ioapic_write(ioapic, IOAPIC_ROUTE(input), low);
		irqlock_unlock(&ioapic_lock, flags);
		return 0;
	}
	return -ENODEV;
}

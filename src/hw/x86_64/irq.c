#include "hw/irq.h"
#include "hw/acpi/acpi.h"
#include "hw/x86_64/apic_int.h"
#include "hw/x86_64/clock_int.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/trap_int.h"
#include "lib/lock.h"
#include "lib/log.h"

/*
 * Vectors and their handlers. One table for all CPUs: a vector means the same everywhere, and a
 * device's message names the CPU. A handler is written once, before its device is told the vector,
 * and never changes.
 */

#define VECTORS  256
#define ISA_IRQS 16

static struct {
	irq_handler_t *handler;
	void *arg;
	u32 gsi; /* + 1; 0: a message */
} vectors[VECTORS];
static unsigned int vector_next = VECTOR_DEVICE_FIRST; /* vectors_lock */
static struct spinlock vectors_lock = SPINLOCK_INIT("vectors");

bool irq_context(void)
{
	u32 depth;
	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(depth) : "i"(CPU_OFFSET_IRQDEPTH));
	return depth != 0;
}

bool irq_from_user(void)
{
	return cpu_self()->irq_user;
}

void irq_dispatch(unsigned int vector, bool user)
{
	struct cpu *cpu = cpu_self();

	cpu->irq_depth++;
	cpu->irq_user = user;
	switch (vector) {
	case VECTOR_TIMER:
		apic_eoi();
		clock_timer_interrupt();
		break;
	case VECTOR_CALL:
		apic_eoi();
		cpu_calls_run();
		break;
	case VECTOR_KICK: /* the way back to user mode, or out of idling, is all it is for */
	case VECTOR_ERROR:
		apic_eoi();
		break;
	case VECTOR_SPURIOUS: /* is never acknowledged */
		break;
	default:
		if (vectors[vector].handler)
			vectors[vector].handler(vectors[vector].arg);
		/* After the handler: a level-triggered line must be quiet by then. */
		if (vector >= VECTOR_DEVICE_FIRST)
			apic_eoi();
	}
	cpu->irq_depth--;
}

static int vector_take(irq_handler_t *handler, void *arg, u32 gsi)
{
	int vector = -ENOSPC;

	spin_lock(&vectors_lock);
	for (unsigned int i = VECTOR_DEVICE_FIRST; gsi && i < vector_next; i++)
		if (vectors[i].gsi == gsi)
			vector = -EBUSY;
	if (vector != -EBUSY && vector_next <= VECTOR_DEVICE_LAST) {
		vector = (int)vector_next++;
		vectors[vector].arg = arg;
		vectors[vector].gsi = gsi;
		WRITE_ONCE(vectors[vector].handler, handler);
	}
	spin_unlock(&vectors_lock);
	return vector;
}

int irq_wire(unsigned int gsi, bool level, bool active_low, irq_handler_t *handler, void *arg)
{
	int vector = vector_take(handler, arg, gsi + 1);

	return vector < 0 ? vector : ioapic_route(gsi, level, active_low, (u8)vector);
}

int irq_wire_isa(unsigned int irq, irq_handler_t *handler, void *arg)
{
	bool level, active_low;
	u32 gsi;

	if (irq >= ISA_IRQS)
		return -EINVAL;
	acpi_isa_irq(irq, &gsi, &level, &active_low);
	return irq_wire(gsi, level, active_low, handler, arg);
}

int irq_message(unsigned int cpu, irq_handler_t *handler, void *arg, u64 *address, u32 *data)
{
	int vector;

	/* The address has eight bits for the CPU (Intel SDM volume 3, 11.11.1). */
	if (cpu >= CPU_MAX || !cpus[cpu].online || cpus[cpu].apic_id > 0xff)
		cpu = 0;
	vector = vector_take(handler, arg, 0);
	if (vector < 0)
		return vector;
	*address = 0xfee00000ull | (u64)cpus[cpu].apic_id << 12;
	*data = (u32)vector;
	return 0;
}

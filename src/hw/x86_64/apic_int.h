/*
 * Interrupt controllers: the CPU's local APIC and the IO-APICs; see apic.c and irq.c.
 */
#ifndef ARAMID_X86_64_APIC_INT_H
#define ARAMID_X86_64_APIC_INT_H

#include "hw/irq.h"
#include "lib/types.h"

void apic_init(void);     /* finds and maps it; the boot CPU's is on afterwards */
void apic_init_cpu(void); /* turns on that of the CPU that runs */
u32 apic_id(void);
void apic_eoi(void);

/* Sends vector to one CPU by APIC id; or NMI, INIT, start-up to it. */
void apic_send(u32 apic_id, u8 vector);
void apic_send_nmi(u32 apic_id);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, phys_addr_t page); /* page below 1 MiB */
/* Whether ids beyond 255 can be reached (x2APIC). */
bool apic_is_x2(void);

/* The one-shot timer: counts down at apic_timer_hz from count, then VECTOR_TIMER. 0 stops it. */
void apic_timer_set(u32 count);
u32 apic_timer_now(void);

/* The IO-APICs, all inputs masked; and the old controllers off. */
void ioapic_init(void);
/* Sends gsi as vector to the boot CPU. -ENODEV. */
int __must_check ioapic_route(u32 gsi, bool level, bool active_low, u8 vector);

/* irq_wire() for one of the sixteen old interrupts, which firmware may have moved. */
int __must_check irq_wire_isa(unsigned int irq, irq_handler_t *handler, void *arg);

#endif

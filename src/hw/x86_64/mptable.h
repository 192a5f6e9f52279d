/*
 * CPUs and IO-APICs of machines without ACPI (microvm with acpi=off), from the tables of Intel's
 * MultiProcessor Specification 1.4. Same contracts as the functions of hw/acpi/acpi.h.
 */
#ifndef ARAMID_X86_64_MPTABLE_H
#define ARAMID_X86_64_MPTABLE_H

#include "lib/types.h"

void mptable_init(void);
void mptable_cpus_walk(bool (*fn)(void *arg, u32 apic_id, u32 number), void *arg);
bool mptable_ioapic_get(unsigned int index, phys_addr_t *base);

#endif

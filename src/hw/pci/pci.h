/*
 * PCI: enumeration, configuration space, BARs and MSI-X.
 *
 * The firmware has numbered the buses and assigned the BARs; we only look. pci_scan() walks all
 * buses reachable through bridges and offers each function to the drivers' table; what nobody wants
 * is named in dmesg and left alone. Everything runs once at start-up on the boot CPU, so there are
 * no locks.
 */
#ifndef ARAMID_HW_PCI_H
#define ARAMID_HW_PCI_H

#include "hw/irq.h"
#include "lib/types.h"

struct pci_device {
	u8 bus, slot, function;
	u16 vendor, device;
	u16 subsystem_vendor, subsystem;
	u32 class;   /* class, subclass, interface: 0xccssii */
	u8 msix_cap; /* offset of the capability; 0: none */
	volatile void *msix_table;
	u16 msix_count;
};

void pci_scan(void);

u32 pci_read32(const struct pci_device *device, unsigned int offset);
u16 pci_read16(const struct pci_device *device, unsigned int offset);
u8 pci_read8(const struct pci_device *device, unsigned int offset);
void pci_write32(const struct pci_device *device, unsigned int offset, u32 value);
void pci_write16(const struct pci_device *device, unsigned int offset, u16 value);

/* Offset of the first capability with this id after `after` (0: from the start); 0 if there is
 * none. */
unsigned int pci_find_capability(const struct pci_device *device, u8 id, unsigned int after);

/* Maps [offset, offset + length) of a memory BAR. NULL if the BAR is not there or too small. */
volatile void *pci_map_bar(const struct pci_device *device, unsigned int bar, u64 offset,
			   u64 length);

/* Memory decoding and bus mastering on, legacy interrupt off. */
void pci_enable(const struct pci_device *device);

/* MSI-X: prepare once, then give each vector a handler on a CPU. -ENODEV, -ENOSPC. */
int __must_check pci_msix_enable(struct pci_device *device);
int __must_check pci_msix_set(struct pci_device *device, unsigned int vector, unsigned int cpu,
			      irq_handler_t *handler, void *arg);

/* Seam of the architecture: aligned 32-bit access to configuration space; all ones where nothing
 * answers. */
u32 hw_pci_config_read(u8 bus, u8 slot, u8 function, unsigned int offset);
void hw_pci_config_write(u8 bus, u8 slot, u8 function, unsigned int offset, u32 value);
/* Whether there is a PCI host bridge at all (microvm has none). */
bool hw_pci_present(void);

#endif

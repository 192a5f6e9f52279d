/* PCI enumeration, BARs and MSI-X. See pci.h; PCI Local Bus 3.0 §6, MSI-X §6.8. */
#include "hw/pci/pci.h"

#include "hw/mmio.h"
#include "hw/mmu.h"
#include "hw/virtio/virtio.h"
#include "lib/log.h"
#include "lib/string.h"

#include <linux/pci_regs.h>

#define BUSES_DEEP        16
#define MSIX_ENTRY_SIZE   16
#define CAPABILITIES_MAX  48
#define VENDOR_REDHAT     0x1af4
#define VIRTIO_FIRST      0x1040
#define VIRTIO_TRANSITION 0x1000
#define VIRTIO_LAST       0x107f

u32 pci_read32(const struct pci_device *device, unsigned int offset)
{
	return hw_pci_config_read(device->bus, device->slot, device->function, offset);
}

u16 pci_read16(const struct pci_device *device, unsigned int offset)
{
	return (u16)(pci_read32(device, offset & ~3u) >> ((offset & 2) * 8));
}

u8 pci_read8(const struct pci_device *device, unsigned int offset)
{
	return (u8)(pci_read32(device, offset & ~3u) >> ((offset & 3) * 8));
}

void pci_write32(const struct pci_device *device, unsigned int offset, u32 value)
{
	hw_pci_config_write(device->bus, device->slot, device->function, offset, value);
}

void pci_write16(const struct pci_device *device, unsigned int offset, u16 value)
{
	unsigned int shift = (offset & 2) * 8;
	u32 word = pci_read32(device, offset & ~3u);
	pci_write32(device, offset & ~3u, (word & ~(0xffffu << shift)) | ((u32)value << shift));
}

unsigned int pci_find_capability(const struct pci_device *device, u8 id, unsigned int after)
{
	unsigned int at;
	if (!(pci_read16(device, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	at = after ? pci_read8(device, after + PCI_CAP_LIST_NEXT)
		   : pci_read8(device, PCI_CAPABILITY_LIST);
	for (unsigned int i = 0; i < CAPABILITIES_MAX && at >= PCI_STD_HEADER_SIZEOF; i++) {
		at &= ~3u;
		if (pci_read8(device, at + PCI_CAP_LIST_ID) == id)
			return at;
		at = pci_read8(device, at + PCI_CAP_LIST_NEXT);
	}
	return 0;
}

/* Size of a memory BAR, by writing ones to it; decoding is off meanwhile. */
static u64 bar_size(const struct pci_device *device, unsigned int reg, bool wide)
{
	u16 command = pci_read16(device, PCI_COMMAND);
	u32 low = pci_read32(device, reg), high = wide ? pci_read32(device, reg + 4) : 0;
	pci_write16(device, PCI_COMMAND, (u16)(command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO)));
	pci_write32(device, reg, U32_MAX);
	u64 mask = pci_read32(device, reg) & (u32)PCI_BASE_ADDRESS_MEM_MASK;
	pci_write32(device, reg, low);
	if (wide) {
		pci_write32(device, reg + 4, U32_MAX);
		mask |= (u64)pci_read32(device, reg + 4) << 32;
		pci_write32(device, reg + 4, high);
	} else {
		mask |= 0xffffffff00000000ull;
	}
	pci_write16(device, PCI_COMMAND, command);
	return mask ? ~mask + 1 : 0;
}

volatile void *pci_map_bar(const struct pci_device *device, unsigned int bar, u64 offset,
			   u64 length)
{
	if (bar > 5 || !length)
		return NULL;
	unsigned int reg = PCI_BASE_ADDRESS_0 + bar * 4;
	u32 low = pci_read32(device, reg);
	if (low & PCI_BASE_ADDRESS_SPACE_IO)
		return NULL;
	bool wide =
	    (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 && bar < 5;
	u64 base = low & (u32)PCI_BASE_ADDRESS_MEM_MASK;
	if (wide)
		base |= (u64)pci_read32(device, reg + 4) << 32;
	u64 size = bar_size(device, reg, wide);
	if (!base || offset > size || length > size - offset)
		return NULL;
	return mmu_map_device(base + offset, length);
}

void pci_enable(const struct pci_device *device)
{
	u16 command = pci_read16(device, PCI_COMMAND);
	pci_write16(
	    device, PCI_COMMAND,
	    (u16)(command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE));
}

int pci_msix_enable(struct pci_device *device)
{
	unsigned int cap = pci_find_capability(device, PCI_CAP_ID_MSIX, 0);
	if (!cap)
		return -ENODEV;
	u16 control = pci_read16(device, cap + PCI_MSIX_FLAGS);
	u32 table = pci_read32(device, cap + PCI_MSIX_TABLE);
	device->msix_count = (control & PCI_MSIX_FLAGS_QSIZE) + 1;
	device->msix_table =
	    pci_map_bar(device, table & PCI_MSIX_TABLE_BIR, table & PCI_MSIX_TABLE_OFFSET,
			(u64)device->msix_count * MSIX_ENTRY_SIZE);
	if (!device->msix_table)
		return -ENODEV;
	device->msix_cap = (u8)cap;
	for (unsigned int i = 0; i < device->msix_count; i++)
		mmio_write32((volatile char *)device->msix_table + i * MSIX_ENTRY_SIZE +
				 PCI_MSIX_ENTRY_VECTOR_CTRL,
			     PCI_MSIX_ENTRY_CTRL_MASKBIT);
	control = (u16)((control | PCI_MSIX_FLAGS_ENABLE) & ~PCI_MSIX_FLAGS_MASKALL);
	pci_write16(device, cap + PCI_MSIX_FLAGS, control);
	return 0;
}

int pci_msix_set(struct pci_device *device, unsigned int vector, unsigned int cpu,
		 irq_handler_t *handler, void *arg)
{
	u64 address;
	u32 data;
	if (vector >= device->msix_count)
		return -ENOSPC;
	int err = irq_message(cpu, handler, arg, &address, &data);
	if (err)
		return err;
	volatile char *entry = (volatile char *)device->msix_table + vector * MSIX_ENTRY_SIZE;
	mmio_write32(entry + PCI_MSIX_ENTRY_LOWER_ADDR, (u32)address);
	mmio_write32(entry + PCI_MSIX_ENTRY_UPPER_ADDR, (u32)(address >> 32));
	mmio_write32(entry + PCI_MSIX_ENTRY_DATA, data);
	mmio_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	return 0;
}

/* ---- enumeration ---- */

static bool is_virtio(const struct pci_device *device)
{
	return device->vendor == VENDOR_REDHAT && device->device >= VIRTIO_TRANSITION &&
	       device->device <= VIRTIO_LAST;
}

/* Bridges, and the chipset functions that every q35 has and that need no driver. */
static bool is_chipset(const struct pci_device *device)
{
	return device->class >> 16 == 0x06 || device->class >> 8 == 0x0c05;
}

static void offer(struct pci_device *device)
{
	int err = -ENODEV;
	if (is_virtio(device))
		err = virtio_pci_attach(device);
	if (err && !is_chipset(device))
		log_info("pci %02x:%02x.%u: no driver for %04x:%04x, class %06x: left alone",
			 device->bus, device->slot, device->function, device->vendor,
			 device->device, device->class);
}

static void scan_bus(u8 bus, unsigned int depth);

static void scan_function(u8 bus, u8 slot, u8 function, unsigned int depth)
{
	struct pci_device device = {.bus = bus, .slot = slot, .function = function};
	u32 id = pci_read32(&device, PCI_VENDOR_ID);
	if ((id & 0xffff) == 0xffff)
		return;
	device.vendor = (u16)id;
	device.device = (u16)(id >> 16);
	device.class = pci_read32(&device, PCI_CLASS_REVISION) >> 8;
	u8 type = pci_read8(&device, PCI_HEADER_TYPE) & 0x7f;
	if (type == PCI_HEADER_TYPE_BRIDGE) {
		u8 below = pci_read8(&device, PCI_SECONDARY_BUS);
		if (below > bus && depth < BUSES_DEEP)
			scan_bus(below, depth + 1);
		return;
	}
	u32 subsystem = pci_read32(&device, PCI_SUBSYSTEM_VENDOR_ID);
	device.subsystem_vendor = (u16)subsystem;
	device.subsystem = (u16)(subsystem >> 16);
	offer(&device);
}

static void scan_bus(u8 bus, unsigned int depth)
{
	for (u8 slot = 0; slot < 32; slot++) {
		u32 id = hw_pci_config_read(bus, slot, 0, PCI_VENDOR_ID);
		if ((id & 0xffff) == 0xffff)
			continue;
		u32 header = hw_pci_config_read(bus, slot, 0, PCI_HEADER_TYPE & ~3u);
		u8 functions = (header >> 16) & 0x80 ? 8 : 1;
		for (u8 function = 0; function < functions; function++)
			scan_function(bus, slot, function, depth);
	}
}

void pci_scan(void)
{
	if (hw_pci_present())
		scan_bus(0, 0);
}

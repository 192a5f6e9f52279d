/* The PCI transport: virtio 1.2 §4.1. One MSI-X vector per queue. */
#include "hw/mmio.h"
#include "hw/pci/pci.h"
#include "hw/virtio/virtqueue.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

struct virtio_pci {
	struct virtio_device device;
	struct pci_device pci;
	volatile u8 *common, *notify, *config;
	u32 notify_length, notify_multiplier, config_length;
};

static struct virtio_pci *pci_of(struct virtio_device *device)
{
	return device->transport_data;
}

static u64 features_read(struct virtio_device *device)
{
	volatile u8 *common = pci_of(device)->common;
	mmio_write32(common + VIRTIO_PCI_COMMON_DFSELECT, 0);
	u64 features = mmio_read32(common + VIRTIO_PCI_COMMON_DF);
	mmio_write32(common + VIRTIO_PCI_COMMON_DFSELECT, 1);
	return features | (u64)mmio_read32(common + VIRTIO_PCI_COMMON_DF) << 32;
}

static void features_write(struct virtio_device *device, u64 features)
{
	volatile u8 *common = pci_of(device)->common;
	mmio_write32(common + VIRTIO_PCI_COMMON_GFSELECT, 0);
	mmio_write32(common + VIRTIO_PCI_COMMON_GF, (u32)features);
	mmio_write32(common + VIRTIO_PCI_COMMON_GFSELECT, 1);
	mmio_write32(common + VIRTIO_PCI_COMMON_GF, (u32)(features >> 32));
}

static u8 status_read(struct virtio_device *device)
{
	return mmio_read8(pci_of(device)->common + VIRTIO_PCI_COMMON_STATUS);
}

static void status_write(struct virtio_device *device, u8 status)
{
	mmio_write8(pci_of(device)->common + VIRTIO_PCI_COMMON_STATUS, status);
}

static void config_read(struct virtio_device *device, unsigned int offset, void *buf,
			unsigned int n)
{
	struct virtio_pci *vp = pci_of(device);
	u8 *out = buf;
	for (unsigned int i = 0; i < n; i++)
		out[i] = offset + i < vp->config_length ? mmio_read8(vp->config + offset + i) : 0;
}

static u16 queue_size(struct virtio_device *device, u16 index)
{
	volatile u8 *common = pci_of(device)->common;
	if (index >= mmio_read16(common + VIRTIO_PCI_COMMON_NUMQ))
		return 0;
	mmio_write16(common + VIRTIO_PCI_COMMON_Q_SELECT, index);
	return mmio_read16(common + VIRTIO_PCI_COMMON_Q_SIZE);
}

static void write_address(volatile u8 *reg, const void *p)
{
	phys_addr_t address = virtio_phys(p);
	mmio_write32(reg, (u32)address);
	mmio_write32(reg + 4, (u32)(address >> 32));
}

static int queue_enable(struct virtio_device *device, struct virtqueue *queue, unsigned int cpu)
{
	struct virtio_pci *vp = pci_of(device);
	u16 vector = (u16)(device->queue_count - 1);
	int err = pci_msix_set(&vp->pci, vector, cpu, virtqueue_interrupt, queue);
	if (err)
		return err;
	mmio_write16(vp->common + VIRTIO_PCI_COMMON_Q_SELECT, queue->index);
	mmio_write16(vp->common + VIRTIO_PCI_COMMON_Q_SIZE, queue->size);
	mmio_write16(vp->common + VIRTIO_PCI_COMMON_Q_MSIX, vector);
	if (mmio_read16(vp->common + VIRTIO_PCI_COMMON_Q_MSIX) != vector)
		return -ENOSPC;
	write_address(vp->common + VIRTIO_PCI_COMMON_Q_DESCLO, queue->desc);
	write_address(vp->common + VIRTIO_PCI_COMMON_Q_AVAILLO, queue->avail);
	write_address(vp->common + VIRTIO_PCI_COMMON_Q_USEDLO, queue->used);
	u64 offset =
	    (u64)mmio_read16(vp->common + VIRTIO_PCI_COMMON_Q_NOFF) * vp->notify_multiplier;
	if (offset + 2 > vp->notify_length)
		return -ENODEV;
	queue->notify_register = vp->notify + offset;
	mmio_write16(vp->common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
	return 0;
}

static void notify(struct virtqueue *queue)
{
	mmio_write16(queue->notify_register, queue->index);
}

static const struct virtio_transport transport = {
    .features_read = features_read,
    .features_write = features_write,
    .status_read = status_read,
    .status_write = status_write,
    .config_read = config_read,
    .queue_size = queue_size,
    .queue_enable = queue_enable,
    .notify = notify,
};

/* Maps the structure that the first usable capability of this kind describes. */
static volatile u8 *map_structure(struct virtio_pci *vp, u8 kind, u32 *length, unsigned int *cap_at)
{
	unsigned int at = 0;
	while ((at = pci_find_capability(&vp->pci, PCI_CAP_ID_VNDR, at))) {
		if (pci_read8(&vp->pci, at + VIRTIO_PCI_CAP_CFG_TYPE) != kind)
			continue;
		u8 bar = pci_read8(&vp->pci, at + VIRTIO_PCI_CAP_BAR);
		u32 offset = pci_read32(&vp->pci, at + VIRTIO_PCI_CAP_OFFSET);
		*length = pci_read32(&vp->pci, at + VIRTIO_PCI_CAP_LENGTH);
		*cap_at = at;
		volatile void *p = pci_map_bar(&vp->pci, bar, offset, *length);
		if (p)
			return p;
	}
	return NULL;
}

static int map_structures(struct virtio_pci *vp)
{
	unsigned int at;
	u32 length;
	vp->common = map_structure(vp, VIRTIO_PCI_CAP_COMMON_CFG, &length, &at);
	if (!vp->common || length < sizeof(struct virtio_pci_common_cfg))
		return -ENODEV;
	vp->notify = map_structure(vp, VIRTIO_PCI_CAP_NOTIFY_CFG, &vp->notify_length, &at);
	if (!vp->notify)
		return -ENODEV;
	vp->notify_multiplier = pci_read32(&vp->pci, at + VIRTIO_PCI_NOTIFY_CAP_MULT);
	vp->config = map_structure(vp, VIRTIO_PCI_CAP_DEVICE_CFG, &vp->config_length, &at);
	if (!vp->config)
		vp->config_length = 0;
	return pci_msix_enable(&vp->pci);
}

int virtio_pci_attach(const struct pci_device *pci)
{
	struct virtio_pci *vp = kmalloc(sizeof(*vp), MM_ZERO);
	if (!vp)
		return -ENOMEM;
	vp->pci = *pci;
	vp->device.transport = &transport;
	vp->device.transport_data = vp;
	/* Transitional devices have their type in the subsystem id, modern ones in the device id.
	 */
	vp->device.type = pci->device < 0x1040 ? pci->subsystem : pci->device - 0x1040u;
	ksnprintf(vp->device.name, sizeof(vp->device.name), "virtio %02x:%02x.%u", pci->bus,
		  pci->slot, pci->function);
	pci_enable(&vp->pci);
	int err = map_structures(vp);
	if (!err)
		err = virtio_attach(&vp->device);
	/* Once a driver has shown it rings or vectors, a failed device keeps its memory. */
	if (err && !vp->device.queue_count)
		kfree(vp);
	return err;
}

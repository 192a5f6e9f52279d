/*
 * The MMIO transport: virtio 1.2 §4.2. Devices are named by the kernel command line
 * (virtio_mmio.device=size@base:irq, as QEMU adds it on machines without ACPI) or by the firmware's
 * tables (hw_mmio_device).
 */
#include "hw/irq.h"
#include "hw/mmio.h"
#include "hw/mmu.h"
#include "hw/virtio/virtio_mmio.h"
#include "hw/virtio/virtqueue.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <linux/virtio_mmio.h>

#define MMIO_MAGIC    0x74726976u /* "virt" */
#define MMIO_MIN_SIZE 0x200

struct virtio_mmio {
	struct virtio_device device;
	volatile u8 *registers;
	u64 size;
};

static volatile u8 *registers_of(struct virtio_device *device)
{
	return ((struct virtio_mmio *)device->transport_data)->registers;
}

static u64 features_read(struct virtio_device *device)
{
	volatile u8 *registers = registers_of(device);
	mmio_write32(registers + VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	u64 features = mmio_read32(registers + VIRTIO_MMIO_DEVICE_FEATURES);
	mmio_write32(registers + VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	return features | (u64)mmio_read32(registers + VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void features_write(struct virtio_device *device, u64 features)
{
	volatile u8 *registers = registers_of(device);
	mmio_write32(registers + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	mmio_write32(registers + VIRTIO_MMIO_DRIVER_FEATURES, (u32)features);
	mmio_write32(registers + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	mmio_write32(registers + VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32));
}

static u8 status_read(struct virtio_device *device)
{
	return (u8)mmio_read32(registers_of(device) + VIRTIO_MMIO_STATUS);
}

static void status_write(struct virtio_device *device, u8 status)
{
	mmio_write32(registers_of(device) + VIRTIO_MMIO_STATUS, status);
}

static void config_read(struct virtio_device *device, unsigned int offset, void *buf,
			unsigned int n)
{
	struct virtio_mmio *vm = device->transport_data;
	u8 *out = buf;
	for (unsigned int i = 0; i < n; i++) {
		u64 at = VIRTIO_MMIO_CONFIG + offset + i;
		out[i] = at < vm->size ? mmio_read8(vm->registers + at) : 0;
	}
}

static u16 queue_size(struct virtio_device *device, u16 index)
{
	volatile u8 *registers = registers_of(device);
	mmio_write32(registers + VIRTIO_MMIO_QUEUE_SEL, index);
	return (u16)min(mmio_read32(registers + VIRTIO_MMIO_QUEUE_NUM_MAX), 0x8000u);
}

static void write_address(volatile u8 *low, const void *p)
{
	phys_addr_t address = virtio_phys(p);
	mmio_write32(low, (u32)address);
	mmio_write32(low + 4, (u32)(address >> 32));
}

static int queue_enable(struct virtio_device *device, struct virtqueue *queue, unsigned int cpu)
{
	volatile u8 *registers = registers_of(device);
	mmio_write32(registers + VIRTIO_MMIO_QUEUE_SEL, queue->index);
	if (mmio_read32(registers + VIRTIO_MMIO_QUEUE_READY))
		return -EBUSY;
	mmio_write32(registers + VIRTIO_MMIO_QUEUE_NUM, queue->size);
	write_address(registers + VIRTIO_MMIO_QUEUE_DESC_LOW, queue->desc);
	write_address(registers + VIRTIO_MMIO_QUEUE_AVAIL_LOW, queue->avail);
	write_address(registers + VIRTIO_MMIO_QUEUE_USED_LOW, queue->used);
	queue->notify_register = registers + VIRTIO_MMIO_QUEUE_NOTIFY;
	mmio_write32(registers + VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

static void notify(struct virtqueue *queue)
{
	mmio_write32(queue->notify_register, queue->index);
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

/* One interrupt for everything: acknowledge, then let each queue look. */
static void interrupt(void *arg)
{
	struct virtio_mmio *vm = arg;
	u32 status = mmio_read32(vm->registers + VIRTIO_MMIO_INTERRUPT_STATUS);
	if (!status)
		return;
	mmio_write32(vm->registers + VIRTIO_MMIO_INTERRUPT_ACK, status);
	if (!(status & VIRTIO_MMIO_INT_VRING))
		return;
	for (unsigned int i = 0; i < vm->device.queue_count; i++)
		virtqueue_interrupt(vm->device.queues[i]);
}

void virtio_mmio_found(phys_addr_t base, u64 size, unsigned int gsi, bool level, bool active_low)
{
	volatile u8 *registers = size >= MMIO_MIN_SIZE ? mmu_map_device(base, size) : NULL;
	if (!registers) {
		log_warn("virtio-mmio at %#llx: %llu bytes of registers can't be mapped", base,
			 size);
		return;
	}
	u32 type = mmio_read32(registers + VIRTIO_MMIO_DEVICE_ID);
	if (mmio_read32(registers + VIRTIO_MMIO_MAGIC_VALUE) != MMIO_MAGIC || !type)
		return; /* an empty slot */
	if (mmio_read32(registers + VIRTIO_MMIO_VERSION) != 2) {
		log_warn("virtio-mmio at %#llx: only version 2 (modern) devices are driven", base);
		return;
	}
	struct virtio_mmio *vm = kmalloc(sizeof(*vm), MM_ZERO);
	if (!vm)
		return;
	vm->registers = registers;
	vm->size = size;
	vm->device.transport = &transport;
	vm->device.transport_data = vm;
	vm->device.type = type;
	ksnprintf(vm->device.name, sizeof(vm->device.name), "virtio %llx", base);
	int err = irq_wire(gsi, level, active_low, interrupt, vm);
	if (err)
		log_warn("%s: interrupt %u: error %d", vm->device.name, gsi, -err);
	else if (virtio_attach(&vm->device) == -ENODEV)
		log_info("%s: no driver for device type %u: left alone", vm->device.name, type);
}

void virtio_mmio_parameter(const char *text)
{
	u64 size, base, irq;
	const char *s = text;
	char number[24];
	const char *at = strchr(s, '@');
	if (!at || (size_t)(at - s) >= sizeof(number))
		goto bad;
	memcpy(number, s, (size_t)(at - s));
	number[at - s] = '\0';
	s = at + 1;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	if (parse_size(number, &size) || parse_digits(&s, 16, &base) || *s++ != ':' ||
	    parse_digits(&s, 10, &irq) || irq > 255)
		goto bad;
	virtio_mmio_found(base, size, (unsigned int)irq, false, false);
	return;
bad:
	log_warn("virtio_mmio.device=%s: not of the form size@base:irq: ignored", text);
}

/* The order in which buses are looked at. */
#include "hw/boot.h"
#include "hw/pci/pci.h"
#include "hw/virtio/virtio_mmio.h"
#include "sys/cmdline.h"

static int mmio_from_cmdline(const char *value, void *arg)
{
	virtio_mmio_parameter(value);
	return 0;
}

void hw_devices_init(void)
{
	pci_scan();
	hw_firmware_mmio_scan(virtio_mmio_found);
	(void)cmdline_for_each("virtio_mmio.device", mmio_from_cmdline, NULL);
}

/* PCI configuration space through the ports 0xcf8 and 0xcfc (mechanism #1). Only used on the boot
 * CPU at start-up. */
#include "hw/pci/pci.h"
#include "hw/x86_64/cpu_int.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

static u32 config_address(u8 bus, u8 slot, u8 function, unsigned int offset)
{
	return CONFIG_ENABLE | (u32)bus << 16 | (u32)slot << 11 | (u32)function << 8 |
	       (offset & 0xfc);
}

bool hw_pci_present(void)
{
	/* The address register keeps what is written to it; where there is no bridge, all ones come
	 * back. */
	outl(CONFIG_ADDRESS, CONFIG_ENABLE);
	return inl(CONFIG_ADDRESS) == CONFIG_ENABLE;
}

u32 hw_pci_config_read(u8 bus, u8 slot, u8 function, unsigned int offset)
{
	outl(CONFIG_ADDRESS, config_address(bus, slot, function, offset));
	return inl(CONFIG_DATA);
}

void hw_pci_config_write(u8 bus, u8 slot, u8 function, unsigned int offset, u32 value)
{
	outl(CONFIG_ADDRESS, config_address(bus, slot, function, offset));
	outl(CONFIG_DATA, value);
}

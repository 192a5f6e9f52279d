#include "hw/boot.h"
#include "hw/x86_64/cpu_int.h"

/* The image runs where it belongs; the boot CPU is made ready for C. */
void hw_start(void)
{
	kernel_main();
}
void hw_debug_exit(u8 code)
{
	outb(0xf4, code);
}

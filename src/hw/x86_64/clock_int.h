/*
 * The clock source and the timer; see clock.c.
 */
#ifndef ARAMID_X86_64_CLOCK_INT_H
#define ARAMID_X86_64_CLOCK_INT_H

#include "lib/types.h"

void clock_source_init(void); /* after apic_init() */
void clock_timer_interrupt(void);
void clock_delay_us(unsigned int us);
u64 hw_clock_khz(void); /* of the TSC */

#endif

/* The workloads of crash_layout.c, for the table in crash_workloads.c. */
#ifndef UNIT_CRASH_LAYOUT_H
#define UNIT_CRASH_LAYOUT_H

#define LAYOUT_KIB 4096 /* of the volume that grows, on a disk four times as large */

void prepare_ranges(void);
void run_ranges(unsigned variant);
void run_inline(unsigned variant);
void prepare_levels(void);
void run_levels(unsigned variant);
void run_grow(unsigned variant);

#endif

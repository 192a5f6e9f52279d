/*
 * Page tables of the hosted build, with a processor that uses them: a TLB that remembers every
 * translation until it is told to forget, so that a missing flush shows as an access to what is not
 * mapped any more.
 */
#ifndef HOST_MMU_H
#define HOST_MMU_H

#include "lib/types.h"

struct mm;

/* Whose address space mm_current() is. */
void host_mm_set(struct mm *mm);

/*
 * Accesses a byte of the current space as user code does, faults included. 0, or the signal that it
 * got. The frame that the access reaches must be allocated, or it panics.
 */
int host_user_load(unsigned long va, u8 *value);
int host_user_store(unsigned long va, u8 value);
int host_user_fetch(unsigned long va); /* an instruction */

size_t host_mmu_flushes(void); /* since start */
size_t host_user_faults(void);

#endif

/*
 * Floating point and vector registers; see fpu.c.
 */
#ifndef ARAMID_X86_64_FPU_INT_H
#define ARAMID_X86_64_FPU_INT_H

#include "hw/thread.h"
#include "lib/types.h"

void fpu_init_cpu(
    void); /* control registers of the CPU that runs; the boot CPU decides the format */

void *fpu_alloc(void); /* a save area in the initial state; NULL: no memory */
void fpu_free(void *area);
size_t fpu_size(void);  /* bytes that a save area has in a signal frame */
u64 fpu_features(void); /* XCR0; 0: FXSAVE only */

/* Interrupts off, all of them; arch is the running thread. */
void fpu_make_live(
    struct arch_thread *arch); /* loads the registers unless they hold arch's state */
void fpu_save(
    struct arch_thread *arch); /* registers to memory if live; they are not live after it */
/* Memory is up to date afterwards, registers stay as they are. */
void fpu_sync(struct arch_thread *arch);
/* Back to the initial state. */
void fpu_reset(struct arch_thread *arch);
/* Replaces the state by one that user mode made up; it is made harmless. */
void fpu_replace(struct arch_thread *arch, void *area);

/* An area of which only the FXSAVE part was filled: says so in its header. */
void fpu_legacy_mark(void *area);

/* si_code of a floating point exception. */
int fpu_exception_code(bool simd);

#endif

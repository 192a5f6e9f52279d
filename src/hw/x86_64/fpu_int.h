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
/*
 * Between the two, arch->fpu is overwritten with a state of size bytes (all, or the FXSAVE part
 * only) that user mode made up; it is made harmless. Interrupts stay off.
 */
void fpu_replace_begin(struct arch_thread *arch);
void fpu_replace_end(struct arch_thread *arch, size_t size);

/* si_code of a floating point exception. */
int fpu_exception_code(bool simd);

#endif

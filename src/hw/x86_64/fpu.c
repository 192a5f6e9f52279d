#include "hw/x86_64/fpu_int.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <asm/siginfo.h>

/*
 * The kernel uses no floating point or vector registers, so a thread's stay in the processor until
 * another user thread's are needed:
 *
 *   arch->fpu_live          the registers hold the state, memory is stale; only ever true of a
 * running thread cpu->fpu_owner == arch, arch->fpu_cpu == cpu+1  the registers still hold what was
 * saved: going back to user mode loads nothing
 *
 * Switching away saves a live state; the return to user mode (trap_exit_user) makes it live again.
 */

#define XCR0_X87    0x1ull
#define XCR0_SSE    0x2ull
#define XCR0_AVX    0x4ull
#define XCR0_AVX512 0xe0ull

#define CR4_OSXSAVE   (1ul << 18)
#define FXSAVE_SIZE   512
#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80

/* The area of FXSAVE and the header of XSAVE behind it (Intel SDM volume 1, 13.4). */
struct fpu_area {
	u16 fcw, fsw, ftw, fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u8 registers[FXSAVE_SIZE - 32];
	u64 xstate_bv, xcomp_bv, reserved[6];
};

static u64 xcr0;
static size_t area_size = FXSAVE_SIZE;
static u32 mxcsr_mask = 0xffbf;
static struct slab_cache *area_cache;

static void xsetbv(u64 value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

void fpu_init_cpu(void)
{
	unsigned long cr;

	__asm__ volatile("fninit");
	if (!cpu_features.xsave)
		return;
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr | CR4_OSXSAVE));
	if (!xcr0) {
		struct cpuid leaf = cpuid(0xd, 0);
		u64 offered = (u64)leaf.d << 32 | leaf.a;

		xcr0 = offered & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
		if ((offered & XCR0_AVX512) == XCR0_AVX512 && xcr0 & XCR0_AVX)
			xcr0 |= XCR0_AVX512;
		xsetbv(xcr0);
		area_size = cpuid(0xd, 0).b;
	}
	xsetbv(xcr0);
}

static void area_reset(struct fpu_area *area)
{
	memset(area, 0, area_size);
	area->fcw = FCW_INITIAL;
	area->mxcsr = MXCSR_INITIAL;
}

static void area_save(void *area)
{
	u32 lo = (u32)xcr0, hi = (u32)(xcr0 >> 32);

	if (cpu_features.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else if (xcr0)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

/* All components, even those that are in their initial state: for eyes other than xrstor's. */
static void area_save_full(void *area)
{
	u32 lo = (u32)xcr0, hi = (u32)(xcr0 >> 32);

	if (xcr0)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void area_load(const void *area)
{
	if (xcr0)
		__asm__ volatile("xrstor64 (%0)"
				 :
				 : "r"(area), "a"((u32)xcr0), "d"((u32)(xcr0 >> 32))
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* With the first thread, which there is before other CPUs are. */
static void fpu_init(void)
{
	static struct fpu_area probe __aligned(64);

	__asm__ volatile("fxsave64 (%0)" : : "r"(&probe) : "memory");
	if (probe.mxcsr_mask)
		mxcsr_mask = probe.mxcsr_mask;
	area_cache = slab_cache_create("fpu", max(area_size, sizeof(struct fpu_area)), 64);
}

void *fpu_alloc(void)
{
	void *area;

	if (!area_cache)
		fpu_init();
	area = slab_alloc(area_cache, MM_NORMAL);
	if (area)
		area_reset(area);
	return area;
}

void fpu_free(void *area)
{
	if (area)
		slab_free(area_cache, area);
}

size_t fpu_size(void)
{
	return area_size;
}

u64 fpu_features(void)
{
	return xcr0;
}

void fpu_make_live(struct arch_thread *arch)
{
	struct cpu *cpu = cpu_self();

	if (arch->fpu_live || !arch->fpu)
		return;
	if (cpu->fpu_owner != arch || arch->fpu_cpu != cpu->id + 1) {
		area_load(arch->fpu);
		cpu->fpu_owner = arch;
		arch->fpu_cpu = cpu->id + 1;
	}
	arch->fpu_live = true;
}

void fpu_save(struct arch_thread *arch)
{
	if (!arch->fpu_live)
		return;
	area_save(arch->fpu);
	arch->fpu_live = false;
}

void fpu_sync(struct arch_thread *arch)
{
	if (arch->fpu_live)
		area_save_full(arch->fpu);
}

/* Memory was changed: what registers hold is of no use any more. */
static void registers_forget(struct arch_thread *arch)
{
	arch->fpu_live = false;
	arch->fpu_cpu = 0;
}

void fpu_reset(struct arch_thread *arch)
{
	registers_forget(arch);
	area_reset(arch->fpu);
}

void fpu_replace_begin(struct arch_thread *arch)
{
	registers_forget(arch);
}

void fpu_replace_end(struct arch_thread *arch, size_t size)
{
	struct fpu_area *area = arch->fpu;

	area->mxcsr &= mxcsr_mask;
	if (!xcr0)
		return;
	if (size < area_size)
		area->xstate_bv = XCR0_X87 | XCR0_SSE;
	area->xstate_bv &= xcr0;
	area->xcomp_bv = 0;
	memset(area->reserved, 0, sizeof(area->reserved));
}

int fpu_exception_code(bool simd)
{
	u32 status;

	if (simd) {
		u32 mxcsr;
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		status = mxcsr & ~(mxcsr >> 7);
	} else {
		u16 sw, cw;
		__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(sw), "=m"(cw));
		status = sw & ~(u32)cw;
	}
	return status & 0x01   ? FPE_FLTINV
	       : status & 0x04 ? FPE_FLTDIV
	       : status & 0x08 ? FPE_FLTOVF
	       : status & 0x12 ? FPE_FLTUND
	       : status & 0x20 ? FPE_FLTRES
			       : SI_KERNEL;
}

/*
 * The processor's own structures, one struct cpu per CPU, and the instructions that touch them.
 */
#ifndef ARAMID_X86_64_CPU_INT_H
#define ARAMID_X86_64_CPU_INT_H

#include "hw/cpu.h"
#include "hw/mmu.h"
#include "hw/regs.h"
#include "lib/types.h"

/* The kernel's parts of the address space besides the image and the direct map: 512 GiB each. */
#define KERNEL_AREA 0xffffd00000000000ul /* device registers and other mappings */
#define STACK_AREA  0xffffd80000000000ul /* kernel stacks */

/* Selectors; the order of the user ones is what sysret asks for, the values are Linux's. */
#define SEL_KERNEL_CODE 0x10
#define SEL_KERNEL_DATA 0x18
#define SEL_USER_CODE32 0x23
#define SEL_USER_DATA   0x2b
#define SEL_USER_CODE   0x33
#define SEL_TSS         0x40
#define GDT_ENTRIES     10

enum ist { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };
#define IST_STACK_SIZE 8192 /* and so aligned; the lowest word is the address of its struct cpu */

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 ist[8]; /* ist[0] is reserved */
	u64 reserved1;
	u16 reserved2, iomap;
} __packed;

struct cpu_call {
	void (*fn)(void *arg);
	void *arg;
	u64 waiting; /* atomic: CPUs that have not run it yet */
};

struct cpu {
	/* Known to assembler: CPU_OFFSET_* in arch/cpu.h. */
	struct cpu *self;
	unsigned long stack_top;
	unsigned long user_sp;
	struct thread *current;
	u32 id;
	u32 irq_depth;

	u32 apic_id, acpi_id;
	struct arch_thread *arch;       /* of current; never NULL */
	unsigned long fs_base, gs_base; /* what the user bases were last loaded with */
	struct arch_thread *fpu_owner;  /* whose state the FPU registers hold, live or not */
	struct mmu *mmu;                /* loaded; NULL: the kernel's own tables */
	bool mmu_stale;                 /* atomic: lazy, and a flush has passed by */
	bool mmu_lazy;                  /* loaded, but only because nothing else was needed since */
	bool online;                    /* atomic */
	void *boot_stack;
	bool irq_user;      /* the interrupt in progress came from user mode */
	u64 timer_deadline; /* (u64)-1: not armed */
	u64 calls_from;     /* atomic: CPUs whose call is for us */
	struct cpu_call call;
	struct tss tss __aligned(16);
	u64 gdt[GDT_ENTRIES] __aligned(16);
} __cache_aligned;

extern struct cpu cpus[CPU_MAX];
extern u64 cpus_online; /* atomic */

static inline struct cpu *cpu_self(void)
{
	struct cpu *cpu;
	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_OFFSET_SELF));
	return cpu;
}

/* What this processor offers and the kernel uses; filled by the boot CPU. */
struct cpu_features {
	bool nx, smap, smep, umip, fsgsbase, xsave, xsaveopt, avx, x2apic, tsc_deadline, rdrand,
	    invariant_tsc, hypervisor, tcg, rdtscp, rdpid;
	unsigned int phys_bits;
};
extern struct cpu_features cpu_features;

void cpu_features_detect(void);
/* mem.S and copy.S: loops instead of string instructions. */
extern bool mem_unrolled;
/* Control registers, GDT, TSS, IDT and system-call MSRs of the CPU that runs; %gs is set first. */
void cpu_setup(unsigned int id);

/* Instructions. */
static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline u16 inw(u16 port)
{
	u16 value;
	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 inl(u16 port)
{
	u32 value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 msr_read(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void msr_write(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;
	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline u64 tsc_read(void)
{
	u32 lo, hi;
	/* lfence: not before the loads ahead of it. */
	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static inline unsigned long cr2_read(void)
{
	unsigned long value;
	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

static inline unsigned long cr3_read(void)
{
	unsigned long value;
	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(unsigned long value)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

#define MSR_APIC_BASE      0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103

/* The frame behind a mapping of the kernel's areas. */
phys_addr_t mmu_kernel_phys(unsigned long va);
/* mmu_kernel_unmap() in two steps, so that several areas share the flush. */
void mmu_kernel_clear(unsigned long va, size_t size);
void mmu_kernel_flush(void);

/* The boot CPU's struct cpu, before memory works; and those of the others. */
void cpu_boot_prepare(void *stack);
int __must_check cpu_prepare(unsigned int id, u32 apic_id, u32 acpi_id);

/* Where an address of the image lies in memory. */
#define image_phys(p) ((unsigned long)(p)-kernel_base + boot_info.kernel_base)

/* Runs the calls that other CPUs have posted for this one. */
void cpu_calls_run(void);

void power_init(void);
void vdso_init(void);

/* A non-maskable interrupt: another CPU stops us, or nobody we know. */
void cpu_nmi(void);
/* A system-call entry stack and the interrupts' from user mode, for the thread that runs. */
static inline void cpu_stack_set(struct cpu *cpu, unsigned long top)
{
	cpu->stack_top = top;
	cpu->tss.rsp[0] = top;
}

/* Where boot.S hands over: everything of hw before kernel_main(). */
void __noreturn hw_start(void);

#endif

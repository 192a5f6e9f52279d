#include "hw/x86_64/cpu_int.h"
#include "hw/boot.h"
#include "hw/x86_64/clock_int.h"
#include "hw/x86_64/fpu_int.h"
#include "hw/x86_64/trap_int.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page.h"

/*
 * Processors: what they offer, and making one ready to run the kernel.
 */

struct cpu cpus[CPU_MAX];
u64 cpus_online;
struct cpu_features cpu_features;

_Static_assert(offsetof(struct cpu, self) == CPU_OFFSET_SELF, "");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_OFFSET_STACK, "");
_Static_assert(offsetof(struct cpu, user_sp) == CPU_OFFSET_USER_SP, "");
_Static_assert(offsetof(struct cpu, current) == CPU_OFFSET_CURRENT, "");
_Static_assert(offsetof(struct cpu, id) == CPU_OFFSET_ID, "");
_Static_assert(offsetof(struct cpu, irq_depth) == CPU_OFFSET_IRQDEPTH, "");
_Static_assert(sizeof(struct user_regs) == 176, "entry.S and boot.S know it");

#define CR0_MP         0x2ul
#define CR0_EM         0x4ul
#define CR0_TS         0x8ul
#define CR0_NE         0x20ul
#define CR0_WP         0x10000ul
#define CR0_AM         0x40000ul /* user mode may ask for alignment checks */
#define CR4_PGE        (1ul << 7)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_UMIP       (1ul << 11)
#define CR4_FSGSBASE   (1ul << 16)
#define CR4_SMEP       (1ul << 20)
#define CR4_SMAP       (1ul << 21)
#define CR4_PAE        (1ul << 5)

#define EFER_SCE 1ull
#define EFER_NXE 0x800ull
/* Cleared on system-call entry: CF PF AF ZF SF TF IF DF OF IOPL NT RF AC ID. */
#define SYSCALL_FLAGS 0x257fd5ull

static bool bit(u32 word, unsigned int n)
{
	return word >> n & 1;
}

void cpu_features_detect(void)
{
	struct cpu_features *has = &cpu_features;
	struct cpuid r = cpuid(0, 0);
	u32 max = r.a, max_extended = cpuid(0x80000000, 0).a;

	r = cpuid(1, 0);
	has->x2apic = bit(r.c, 21);
	has->tsc_deadline = bit(r.c, 24);
	has->xsave = bit(r.c, 26);
	has->rdrand = bit(r.c, 30);
	has->hypervisor = bit(r.c, 31);
	has->avx = bit(r.c, 28);
	if (max >= 7) {
		r = cpuid(7, 0);
		has->fsgsbase = bit(r.b, 0);
		has->smep = bit(r.b, 7);
		has->smap = bit(r.b, 20);
		has->umip = bit(r.c, 2);
		has->rdpid = bit(r.c, 22);
	}
	if (has->xsave && max >= 0xd)
		has->xsaveopt = bit(cpuid(0xd, 1).a, 0);
	else
		has->xsave = false;
	has->nx = mmu_nx != 0;
	has->rdtscp = max_extended >= 0x80000001 && bit(cpuid(0x80000001, 0).d, 27);
	has->invariant_tsc = max_extended >= 0x80000007 && bit(cpuid(0x80000007, 0).d, 8);
	has->phys_bits = max_extended >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;
	if (has->hypervisor) {
		r = cpuid(0x40000000, 0);
		has->tcg = r.b == 0x54474354 && r.c == 0x43544743 && r.d == 0x47435447;
	}
}

static void gdt_load(struct cpu *cpu)
{
	unsigned long tss = (unsigned long)&cpu->tss;
	struct {
		u16 limit;
		u64 base;
	} __packed gdtr = {sizeof(cpu->gdt) - 1, (unsigned long)cpu->gdt};

	cpu->gdt[SEL_KERNEL_CODE >> 3] = 0x00af9b000000ffffull;
	cpu->gdt[SEL_KERNEL_DATA >> 3] = 0x00cf93000000ffffull;
	cpu->gdt[SEL_USER_CODE32 >> 3] = 0x00cffb000000ffffull;
	cpu->gdt[SEL_USER_DATA >> 3] = 0x00cff3000000ffffull;
	cpu->gdt[SEL_USER_CODE >> 3] = 0x00affb000000ffffull;
	cpu->gdt[SEL_TSS >> 3] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
				 (tss >> 24 & 0xff) << 56;
	cpu->gdt[(SEL_TSS >> 3) + 1] = tss >> 32;
	cpu->tss.iomap = sizeof(struct tss);
	__asm__ volatile("lgdt %0\n\t"
			 "movl %1, %%ss\n\t"
			 "pushq %2\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n\t"
			 "1: ltr %w3"
			 :
			 : "m"(gdtr), "r"(SEL_KERNEL_DATA), "i"(SEL_KERNEL_CODE), "r"(SEL_TSS)
			 : "rax", "memory");
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" : : "r"(0));
}

static void control_registers_set(void)
{
	unsigned long cr0, cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	__asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
	cr0 = (cr0 & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP | CR0_AM;
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0));
	cr4 |= cpu_features.smep ? CR4_SMEP : 0;
	cr4 |= cpu_features.smap ? CR4_SMAP : 0;
	cr4 |= cpu_features.umip ? CR4_UMIP : 0;
	cr4 |= cpu_features.fsgsbase ? CR4_FSGSBASE : 0;
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
}

static void syscall_setup(unsigned int id)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE | (cpu_features.nx ? EFER_NXE : 0));
	/* syscall: kernel code, data behind it; sysret: base + 16 is code, base + 8 data. */
	msr_write(MSR_STAR, (u64)(SEL_USER_CODE - 16) << 48 | (u64)SEL_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (unsigned long)syscall_entry);
	msr_write(MSR_CSTAR, 0);
	msr_write(MSR_SFMASK, SYSCALL_FLAGS);
	if (cpu_features.rdtscp)
		msr_write(MSR_TSC_AUX, id); /* getcpu in user mode */
}

void cpu_setup(unsigned int id)
{
	struct cpu *cpu = &cpus[id];

	gdt_load(cpu);
	idt_load();
	msr_write(MSR_GS_BASE, (unsigned long)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	msr_write(MSR_FS_BASE, 0);
	control_registers_set();
	syscall_setup(id);
	fpu_init_cpu();
}

/* One of each for the boot CPU, before there is memory to allocate. */
static u8 boot_ist[IST_COUNT - 1][IST_STACK_SIZE] __aligned(IST_STACK_SIZE);

static void ist_set(struct cpu *cpu, unsigned int ist, void *stack)
{
	*(struct cpu **)stack = cpu;
	cpu->tss.ist[ist] = (unsigned long)stack + IST_STACK_SIZE;
}

void cpu_boot_prepare(void *stack)
{
	struct cpu *cpu = &cpus[0];
	static struct arch_thread boot_arch;

	cpu->self = cpu;
	cpu->timer_deadline = (u64)-1;
	cpu->boot_stack = stack;
	cpu->arch = &boot_arch;
	cpu_stack_set(cpu, (unsigned long)stack + THREAD_STACK_SIZE);
	for (unsigned int i = 1; i < IST_COUNT; i++)
		ist_set(cpu, i, boot_ist[i - 1]);
	cpu->online = true;
	cpus_online = 1;
}

int cpu_prepare(unsigned int id, u32 apic_id, u32 acpi_id)
{
	struct cpu *cpu = &cpus[id];
	static struct arch_thread boot_arch[CPU_MAX];

	cpu->self = cpu;
	cpu->timer_deadline = (u64)-1;
	cpu->id = id;
	cpu->apic_id = apic_id;
	cpu->acpi_id = acpi_id;
	cpu->arch = &boot_arch[id];
	if (!cpu->boot_stack)
		cpu->boot_stack = kernel_stack_alloc();
	if (!cpu->boot_stack)
		return -ENOMEM;
	cpu_stack_set(cpu, (unsigned long)cpu->boot_stack + THREAD_STACK_SIZE);
	for (unsigned int i = 1; i < IST_COUNT; i++) {
		struct page *page;

		if (cpu->tss.ist[i])
			continue;
		page = page_alloc(1, MM_NORMAL);
		if (!page)
			return -ENOMEM;
		ist_set(cpu, i, page_address(page));
	}
	return 0;
}

unsigned int cpu_count(void)
{
	u64 online = __atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE);
	unsigned int n = 0;

	for (; online; online &= online - 1)
		n++;
	return n;
}

unsigned long cpu_hwcap(void)
{
	return cpuid(1, 0).d;
}

unsigned long cpu_hwcap2(void)
{
	return cpu_features.fsgsbase ? 2 : 0;
}

const char *cpu_platform(void)
{
	return "x86_64";
}

static const char *const flags_1d[32] = {
    "fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", NULL,
    "sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,   "dts",
    "acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe"};
static const char *const flags_1c[32] = {
    "pni",    "pclmulqdq", "dtes64", "monitor", "ds_cpl",
    "vmx",    "smx",       "est",    "tm2",     "ssse3",
    "cid",    "sdbg",      "fma",    "cx16",    "xtpr",
    "pdcm",   NULL,        "pcid",   "dca",     "sse4_1",
    "sse4_2", "x2apic",    "movbe",  "popcnt",  "tsc_deadline_timer",
    "aes",    "xsave",     NULL,     "avx",     "f16c",
    "rdrand", "hypervisor"};
static const char *const flags_e1d[32] = {
    [11] = "syscall", [19] = "mp",     [20] = "nx", [22] = "mmxext",   [25] = "fxsr_opt",
    [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm", [30] = "3dnowext", [31] = "3dnow"};
static const char *const flags_e1c[32] = {
    [0] = "lahf_lm",       [1] = "cmp_legacy", [2] = "svm",   [3] = "extapic",
    [4] = "cr8_legacy",    [5] = "abm",        [6] = "sse4a", [7] = "misalignsse",
    [8] = "3dnowprefetch", [9] = "osvw"};
static const char *const flags_7b[32] = {
    [0] = "fsgsbase",  [3] = "bmi1",      [5] = "avx2",    [7] = "smep",      [8] = "bmi2",
    [9] = "erms",      [10] = "invpcid",  [11] = "rtm",    [14] = "mpx",      [16] = "avx512f",
    [17] = "avx512dq", [18] = "rdseed",   [19] = "adx",    [20] = "smap",     [23] = "clflushopt",
    [24] = "clwb",     [28] = "avx512cd", [29] = "sha_ni", [30] = "avx512bw", [31] = "avx512vl"};

static size_t flags_text(char *buf, size_t size, u32 word, const char *const names[32])
{
	size_t n = 0;

	for (unsigned int i = 0; i < 32; i++)
		if (bit(word, i) && names[i])
			n += kscnprintf(buf + n, size - n, " %s", names[i]);
	return n;
}

size_t cpu_describe(unsigned int cpu, char *buf, size_t size)
{
	struct cpuid r = cpuid(0, 0), brand[3] = {{0}};
	u32 signature = cpuid(1, 0).a, family = signature >> 8 & 15, model = signature >> 4 & 15;
	char vendor[13] = {0}, name[49] = {0};
	u64 khz = hw_clock_khz();
	size_t n;

	memcpy(vendor, &r.b, 4);
	memcpy(vendor + 4, &r.d, 4);
	memcpy(vendor + 8, &r.c, 4);
	if (family == 15)
		family += signature >> 20 & 255;
	if (family == 6 || family >= 15)
		model |= signature >> 12 & 0xf0;
	if (cpuid(0x80000000, 0).a >= 0x80000004)
		for (u32 i = 0; i < 3; i++)
			brand[i] = cpuid(0x80000002 + i, 0);
	memcpy(name, brand, 48);
	n = kscnprintf(buf, size,
		       "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
		       "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n"
		       "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
		       "apicid\t\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\nflags\t\t:",
		       cpu, vendor, family, model, name, signature & 15, khz / 1000, khz % 1000,
		       cpu_count(), cpu, cpu_count(), cpus[cpu].apic_id);
	r = cpuid(1, 0);
	n += flags_text(buf + n, size - n, r.d, flags_1d);
	n += flags_text(buf + n, size - n, r.c, flags_1c);
	r = cpuid(0x80000001, 0);
	n += flags_text(buf + n, size - n, r.d, flags_e1d);
	n += flags_text(buf + n, size - n, r.c, flags_e1c);
	if (cpuid(0, 0).a >= 7)
		n += flags_text(buf + n, size - n, cpuid(7, 0).b, flags_7b);
	n += kscnprintf(buf + n, size - n,
			"\nbogomips\t: %llu.%02llu\nclflush size\t: 64\n"
			"address sizes\t: %u bits physical, 48 bits virtual\n\n",
			khz / 500, khz / 5 % 100, cpu_features.phys_bits);
	return n;
}

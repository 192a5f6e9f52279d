#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/irq.h"
#include "hw/regs.h"
#include "hw/x86_64/apic_int.h"
#include "hw/x86_64/clock_int.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/early_int.h"
#include "hw/x86_64/mptable.h"
#include "hw/x86_64/trap_int.h"
#include "lib/log.h"
#include "lib/string.h"

/*
 * Starting the other CPUs, and talking to them.
 *
 * All are started at once: INIT to every one, then the start-up message, twice, as the
 * MultiProcessor Specification (B.4) has it, but with the short waits that processors of this
 * century need.
 *
 * A call to other CPUs is posted in the caller's own struct cpu_call, and a bit in each target's
 * calls_from says whose it is; so there is no lock, and calls of several CPUs to each other at once
 * go through, as a waiting CPU has interrupts on, or polls.
 */

struct trampoline_data {
	u64 entry;
	u32 root, cr0, cr4, efer;
	u32 jump_offset;
	u16 jump_selector, pad;
	u16 gdt_limit;
	u32 gdt_base;
	u16 pad2;
	u64 gdt[3];
} __packed;

extern const u8 trampoline_start[], trampoline_end[], trampoline_data[], trampoline_long[];
extern u64 boot_pml4[512];
void ap_entry(void);
void ap_main(u32 id) __noreturn;

struct ap_entry {
	u32 apic_id, cpu;
	u64 stack;
};
struct ap_entry ap_table[CPU_MAX];

#define CR0_START 0x80010033u /* PG WP NE ET MP PE */
#define CR4_START 0x000006a0u /* PAE PGE OSFXSR OSXMMEXCPT */
#define EFER_LME  0x100u
#define EFER_NXE  0x800u

#define STARTUP_WAIT_MS 1000

void ap_main(u32 id)
{
	cpu_setup(id);
	apic_init_cpu();
	cpus[id].online = true;
	__atomic_fetch_or(&cpus_online, BIT64(id), __ATOMIC_SEQ_CST);
	sched_secondary_start();
}

/* boot.S's tables again, but now with the trampoline's page as all that is mapped to itself. */
static phys_addr_t trampoline_tables(phys_addr_t page)
{
	u64 *table = boot_pml4;

	/* boot_pml4, boot_pdpt and the first two of boot_pd lie behind each other. */
	for (unsigned int level = 0; level < 3; level++) {
		u64 *below = table + 512;

		memset(below, 0, 4096);
		table[0] = (image_phys(below)) | PTE_BIT_PRESENT | PTE_BIT_WRITE;
		table = below;
	}
	table[page >> 12 & 511] = pte_make(page, PTE_READ | PTE_EXEC).v;
	return image_phys(boot_pml4);
}

static void trampoline_install(phys_addr_t page)
{
	u8 *at = phys_to_direct(page);
	struct trampoline_data *data =
	    (struct trampoline_data *)(at + (trampoline_data - trampoline_start));
	u32 gdt = (u32)((u8 *)data->gdt - at);

	memcpy(at, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	data->entry = (unsigned long)ap_entry;
	data->root = (u32)trampoline_tables(page);
	data->cr0 = CR0_START;
	data->cr4 = CR4_START;
	data->efer = EFER_LME | (cpu_features.nx ? EFER_NXE : 0);
	data->jump_offset = (u32)page + (u32)(trampoline_long - trampoline_start);
	data->gdt_base = (u32)page + gdt;
}

struct start {
	unsigned int count, max;
};

static bool cpu_found(void *arg, u32 apic, u32 acpi)
{
	struct start *start = arg;
	unsigned int id = start->count;

	if (apic == cpus[0].apic_id || (apic > 0xfe && !apic_is_x2()))
		return true;
	if (id >= start->max)
		return false;
	if (cpu_prepare(id, apic, acpi)) {
		log_warn("smp: no memory to start CPU %u", id);
		return false;
	}
	ap_table[id - 1] = (struct ap_entry){apic, id,
					     (unsigned long)cpus[id].boot_stack +
						 THREAD_STACK_SIZE - sizeof(struct user_regs)};
	start->count++;
	return true;
}

static bool all_online(unsigned int count)
{
	u64 all = count == 64 ? ~0ull : BIT64(count) - 1;

	return __atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE) == all;
}

/* CPUs that did not come are struck from the end; one that is missing in the middle ends the
 * numbering. */
static void wait_online(unsigned int count)
{
	u64 until = hw_clock_get()->read_ns() + STARTUP_WAIT_MS * 1000000ull;

	while (!all_online(count)) {
		if (hw_clock_get()->read_ns() > until) {
			log_err("smp: only CPUs %#llx of %u started", cpus_online, count);
			return;
		}
		cpu_relax();
	}
}

void cpu_start_all(unsigned int max)
{
	struct start start = {1, min(max, (unsigned int)CPU_MAX)};

	if (start.max > 1 && acpi_present())
		acpi_cpus_walk(cpu_found, &start);
	else if (start.max > 1)
		mptable_cpus_walk(cpu_found, &start);
	if (start.count == 1)
		return;
	if (!early.trampoline) {
		log_err("smp: no memory below 1 MiB to start CPUs from");
		return;
	}
	trampoline_install(early.trampoline);
	for (unsigned int i = 1; i < start.count; i++)
		apic_send_init(cpus[i].apic_id);
	clock_delay_us(10);
	for (unsigned int again = 0; again < 2 && !all_online(start.count); again++) {
		for (unsigned int i = 1; i < start.count; i++)
			if (!READ_ONCE(cpus[i].online))
				apic_send_startup(cpus[i].apic_id, early.trampoline);
		clock_delay_us(again ? 0 : 50);
	}
	wait_online(start.count);
	memset(boot_pml4, 0, 4096);
	log_info("smp: %u CPUs", cpu_count());
}

/* ---- messages between CPUs ---- */

void cpu_idle_wait(void)
{
	/* No interrupt can come between the two. */
	__asm__ volatile("sti; hlt" ::: "memory");
}

void cpu_kick(unsigned int cpu)
{
	apic_send(cpus[cpu].apic_id, VECTOR_KICK);
}

void cpu_calls_run(void)
{
	struct cpu *self = cpu_self();
	u64 from = __atomic_exchange_n(&self->calls_from, 0, __ATOMIC_SEQ_CST);

	while (from) {
		unsigned int id = (unsigned int)__builtin_ctzll(from);
		struct cpu_call *call = &cpus[id].call;

		from &= from - 1;
		call->fn(call->arg);
		__atomic_fetch_and(&call->waiting, ~BIT64(self->id), __ATOMIC_SEQ_CST);
	}
}

void cpu_call_mask(u64 mask, void (*fn)(void *arg), void *arg)
{
	struct cpu *self = cpu_self();
	u64 targets = mask & __atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE) & ~BIT64(self->id);

	if (!targets)
		return;
	self->call.fn = fn;
	self->call.arg = arg;
	__atomic_store_n(&self->call.waiting, targets, __ATOMIC_SEQ_CST);
	for (u64 left = targets; left; left &= left - 1) {
		struct cpu *cpu = &cpus[__builtin_ctzll(left)];

		/* One message is enough for all who call before it is taken. */
		if (!__atomic_fetch_or(&cpu->calls_from, BIT64(self->id), __ATOMIC_SEQ_CST))
			apic_send(cpu->apic_id, VECTOR_CALL);
	}
	while (__atomic_load_n(&self->call.waiting, __ATOMIC_ACQUIRE)) {
		/* Another may be waiting for us, and we not hear of it. */
		if (READ_ONCE(self->calls_from) && !irq_enabled())
			cpu_calls_run();
		cpu_relax();
	}
}

/* ---- the end ---- */

static u64 stopping; /* atomic: CPUs that are to stop */

void cpu_nmi(void)
{
	unsigned int id = cpu_self()->id;

	if (!(__atomic_load_n(&stopping, __ATOMIC_ACQUIRE) & BIT64(id))) {
		log_warn("non-maskable interrupt on CPU %u", id);
		return;
	}
	__atomic_fetch_and(&stopping, ~BIT64(id), __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void cpu_stop_others(void)
{
	u64 others = __atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE) & ~BIT64(cpu_id());
	u64 none = 0;

	/* The first who comes stops the others; a second is stopped by it. */
	if (!others || !__atomic_compare_exchange_n(&stopping, &none, others, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	for (u64 left = others; left; left &= left - 1)
		apic_send_nmi(cpus[__builtin_ctzll(left)].apic_id);
	for (unsigned int i = 0; i < 10000000 && __atomic_load_n(&stopping, __ATOMIC_ACQUIRE); i++)
		cpu_relax();
	__atomic_store_n(&stopping, U64_MAX, __ATOMIC_SEQ_CST);
}

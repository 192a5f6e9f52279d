#include "hw/x86_64/trap_int.h"
#include "hw/boot.h"
#include "hw/irq.h"
#include "hw/thread.h"
#include "hw/x86_64/asm_int.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/fpu_int.h"
#include "lib/log.h"
#include "lib/panic.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

/*
 * Exceptions, and the way back to user mode.
 *
 * A fault in user mode is a page fault for mm_fault() or a signal (user_exception()). A fault in
 * the kernel is only in order where copy.S says so with a fixup; anything else is our bug, and a
 * panic.
 */

enum exception {
	EXC_DIVIDE = 0,
	EXC_DEBUG = 1,
	EXC_NMI = 2,
	EXC_BREAKPOINT = 3,
	EXC_INVALID_OPCODE = 6,
	EXC_DOUBLE_FAULT = 8,
	EXC_SEGMENT_MISSING = 11,
	EXC_STACK = 12,
	EXC_PROTECTION = 13,
	EXC_PAGE = 14,
	EXC_FLOAT = 16,
	EXC_ALIGNMENT = 17,
	EXC_MACHINE_CHECK = 18,
	EXC_SIMD = 19,
};

#define PF_WRITE    0x02
#define PF_RESERVED 0x08
#define PF_EXEC     0x10

#define RFLAGS_TF 0x100ul
#define RFLAGS_RF 0x10000ul

static const char *const exception_names[20] = {
    "divide error",
    "debug trap",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no coprocessor",
    "double fault",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "protection fault",
    "page fault",
    "reserved exception",
    "floating point",
    "alignment check",
    "machine check",
    "SIMD floating point",
};

static const char *exception_name(unsigned int vector)
{
	return vector < 20 ? exception_names[vector] : "unknown exception";
}

struct idt_gate {
	u16 low, selector;
	u8 ist, kind;
	u16 middle;
	u32 high, reserved;
};
static struct idt_gate idt[256] __aligned(16);

void idt_build(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		unsigned long at = (unsigned long)trap_stubs[i];
		u8 ist = i == EXC_DOUBLE_FAULT    ? IST_DOUBLE_FAULT
			 : i == EXC_NMI           ? IST_NMI
			 : i == EXC_MACHINE_CHECK ? IST_MACHINE_CHECK
						  : IST_NONE;

		/* An interrupt gate; user mode may call only the breakpoint's. */
		idt[i] = (struct idt_gate){
		    .low = (u16)at,
		    .selector = SEL_KERNEL_CODE,
		    .ist = ist,
		    .kind = i == EXC_BREAKPOINT ? 0xee : 0x8e,
		    .middle = (u16)(at >> 16),
		    .high = (u32)(at >> 32),
		};
	}
}

void idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = {sizeof(idt) - 1, (unsigned long)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

struct fixup {
	s32 from, end, to; /* each relative to itself */
	u32 flags;
};
extern const struct fixup __fixups_start[], __fixups_end[];

static unsigned long address_of(const s32 *relative)
{
	return (unsigned long)relative + (unsigned long)(long)*relative;
}

static const struct fixup *fixup_find(unsigned long ip)
{
	for (const struct fixup *fixup = __fixups_start; fixup < __fixups_end; fixup++)
		if (ip >= address_of(&fixup->from) && ip < address_of(&fixup->end))
			return fixup;
	return NULL;
}

static void fixup_apply(struct user_regs *regs, const struct fixup *fixup)
{
	regs->rip = address_of(&fixup->to);
}

static void __noreturn kernel_fault(struct user_regs *regs, unsigned long addr)
{
	unsigned int vector = (unsigned int)regs->entry;

	irq_disable();
	regs_log(LOG_EMERG, regs);
	backtrace_line(0, regs->rip + 1);
	hw_backtrace(regs->rbp);
	if (vector == EXC_PAGE || vector == EXC_DOUBLE_FAULT)
		panic("kernel %s at %#lx, address %#lx, error %#lx", exception_name(vector),
		      regs->rip, addr, regs->code);
	panic("kernel %s at %#lx, error %#lx", exception_name(vector), regs->rip, regs->code);
}

static unsigned int fault_access(unsigned long code)
{
	return code & PF_WRITE ? 1 : code & PF_EXEC ? 2 : 0;
}

static void page_fault_kernel(struct user_regs *regs, unsigned long addr)
{
	const struct fixup *fixup = fixup_find(regs->rip);
	int code;

	if (!fixup || (addr >= MMU_USER_MAX && fixup->flags != FIXUP_ANY))
		kernel_fault(regs, addr);
	if (fixup->flags == FIXUP_RESOLVE && regs->rflags & X86_FLAGS_IF && !irq_context()) {
		int sig;

		irq_enable();
		sig = mm_fault(addr, fault_access(regs->code), false, &code);
		irq_disable();
		if (!sig)
			return;
	}
	fixup_apply(regs, fixup);
}

/* For struct sigcontext of the signal that this fault will become. */
static void fault_remember(const struct user_regs *regs, unsigned long addr)
{
	struct arch_thread *arch = cpu_self()->arch;

	arch->fault_vector = regs->entry;
	arch->fault_code = regs->code;
	arch->fault_addr = addr;
}

static void page_fault_user(struct user_regs *regs, unsigned long addr)
{
	int code = SEGV_MAPERR, sig;

	irq_enable();
	if (regs->code & PF_RESERVED)
		panic("damaged page table: user address %#lx", addr);
	sig = mm_fault(addr, fault_access(regs->code), true, &code);
	if (sig) {
		fault_remember(regs, addr);
		user_exception(regs, sig, code, addr, exception_names[EXC_PAGE]);
	}
	irq_disable();
}

static void exception_user(struct user_regs *regs)
{
	unsigned int vector = (unsigned int)regs->entry;
	unsigned long addr = regs->rip;
	int sig = SIGSEGV, code = SI_KERNEL;

	switch (vector) {
	case EXC_DIVIDE:
		sig = SIGFPE;
		code = FPE_INTDIV;
		break;
	case EXC_DEBUG:
		__asm__ volatile("movq %0, %%dr6" : : "r"(0ul));
		sig = SIGTRAP;
		code = TRAP_TRACE;
		break;
	case EXC_BREAKPOINT:
		sig = SIGTRAP;
		addr = 0;
		break;
	case EXC_INVALID_OPCODE:
		sig = SIGILL;
		code = ILL_ILLOPN;
		break;
	case EXC_SEGMENT_MISSING:
	case EXC_STACK:
		sig = SIGBUS;
		addr = 0;
		break;
	case EXC_FLOAT:
	case EXC_SIMD:
		sig = SIGFPE;
		code = fpu_exception_code(vector == EXC_SIMD);
		break;
	case EXC_ALIGNMENT:
		sig = SIGBUS;
		code = BUS_ADRALN;
		addr = 0;
		break;
	default:
		addr = 0;
	}
	irq_enable();
	fault_remember(regs, 0);
	user_exception(regs, sig, code, addr, exception_name(vector));
	irq_disable();
}

static void exception_kernel(struct user_regs *regs)
{
	const struct fixup *fixup = fixup_find(regs->rip);

	if (regs->entry == EXC_DEBUG) {
		/* Nothing of ours sets breakpoints or steps: shake it off. */
		__asm__ volatile("movq %0, %%dr6" : : "r"(0ul));
		regs->rflags &= ~RFLAGS_TF;
		return;
	}
	if (!fixup || regs->entry != EXC_PROTECTION || fixup->flags != FIXUP_ANY)
		kernel_fault(regs, 0);
	fixup_apply(regs, fixup);
}

void trap_handle(struct user_regs *regs)
{
	bool user = regs->cs & 3;

	if (regs->entry >= 32) {
		irq_dispatch((unsigned int)regs->entry, user);
	} else if (regs->entry == EXC_PAGE) {
		unsigned long addr = cr2_read();

		if (user)
			page_fault_user(regs, addr);
		else
			page_fault_kernel(regs, addr);
	} else if (user) {
		exception_user(regs);
	} else {
		exception_kernel(regs);
	}
	if (user)
		trap_exit_user(regs);
}

void trap_handle_ist(struct user_regs *regs)
{
	unsigned long addr = cr2_read();

	if (regs->entry == EXC_NMI) {
		cpu_nmi();
		return;
	}
	if (regs->entry == EXC_DOUBLE_FAULT && addr >= STACK_AREA &&
	    addr < STACK_AREA + (1ul << 39))
		log_emerg("kernel stack overflow at %#lx", addr);
	kernel_fault(regs, addr);
}

static bool canonical(unsigned long addr)
{
	return (unsigned long)((long)(addr << 16) >> 16) == addr;
}

void trap_exit_user(struct user_regs *regs)
{
	for (;;) {
		if (user_return_pending()) {
			irq_enable();
			user_return_work(regs);
			irq_disable();
		} else if (unlikely(!canonical(regs->rip))) {
			/* iretq would fault, in the kernel. */
			irq_enable();
			user_exception(regs, SIGSEGV, SI_KERNEL, 0,
				       exception_names[EXC_PROTECTION]);
			irq_disable();
		} else {
			break;
		}
	}
	fpu_make_live(cpu_self()->arch);
}

bool syscall_handle(struct user_regs *regs)
{
	irq_enable();
	user_syscall(regs);
	irq_disable();
	trap_exit_user(regs);
	return regs->rcx == regs->rip && regs->r11 == regs->rflags && regs->rip < MMU_USER_MAX &&
	       !(regs->rflags & (RFLAGS_TF | RFLAGS_RF));
}

#include "hw/thread.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/fpu_int.h"
#include "lib/park.h"
#include "lib/string.h"
#include "mm/usercopy.h"

#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>

/*
 * Signal frames: what a handler finds on its stack, and what rt_sigreturn believes of it.
 *
 * From high to low addresses: the FPU state as XSAVE writes it with Linux's two magic numbers that
 * say so, then struct frame with the restorer as return address. All of it comes back from user
 * mode, so nothing of it can give more than user mode has: segments are fixed, flags masked, the
 * FPU state made harmless.
 */

struct frame {
	unsigned long restorer;
	struct ucontext uc;
	u8 info[128];
};
_Static_assert(sizeof(struct siginfo) == 128, "siginfo of the ABI");

#define RED_ZONE      128
#define FPSTATE_ALIGN 64
#define SW_RESERVED   464 /* where struct _fpx_sw_bytes lies in the FXSAVE area */

#define RFLAGS_DF 0x400ul
#define RFLAGS_TF 0x100ul
#define RFLAGS_RF 0x10000ul
/* What a frame may change: CF PF AF ZF SF TF DF OF RF AC. */
#define RFLAGS_USER 0x50dd5ul

static void fpstate_describe(struct _fpx_sw_bytes *sw)
{
	memset(sw, 0, sizeof(*sw));
	if (!fpu_features())
		return;
	sw->magic1 = FP_XSTATE_MAGIC1;
	sw->extended_size = (u32)fpu_size() + FP_XSTATE_MAGIC2_SIZE;
	sw->xfeatures = fpu_features();
	sw->xstate_size = (u32)fpu_size();
}

/* Writes the state below sp, and returns where; 0: not writable. */
static unsigned long fpstate_push(struct arch_thread *arch, unsigned long sp)
{
	struct _fpx_sw_bytes sw;
	unsigned long at, flags;
	u32 magic2 = FP_XSTATE_MAGIC2;

	at = round_down(sp - fpu_size() - FP_XSTATE_MAGIC2_SIZE, FPSTATE_ALIGN);
	flags = irq_save();
	fpu_sync(arch);
	irq_restore(flags);
	fpstate_describe(&sw);
	if (copy_to_user((void __user *)at, arch->fpu, fpu_size()) ||
	    copy_to_user((void __user *)(at + SW_RESERVED), &sw, sizeof(sw)) ||
	    (fpu_features() && put_user(magic2, (u32 __user *)(at + fpu_size()))))
		return 0;
	return at;
}

static void context_fill(struct sigcontext *context, const struct user_regs *regs,
			 const struct arch_thread *arch)
{
	context->r8 = regs->r8;
	context->r9 = regs->r9;
	context->r10 = regs->r10;
	context->r11 = regs->r11;
	context->r12 = regs->r12;
	context->r13 = regs->r13;
	context->r14 = regs->r14;
	context->r15 = regs->r15;
	context->rdi = regs->rdi;
	context->rsi = regs->rsi;
	context->rbp = regs->rbp;
	context->rbx = regs->rbx;
	context->rdx = regs->rdx;
	context->rax = regs->rax;
	context->rcx = regs->rcx;
	context->rsp = regs->rsp;
	context->rip = regs->rip;
	context->eflags = regs->rflags;
	context->cs = SEL_USER_CODE;
	context->ss = SEL_USER_DATA;
	context->err = arch->fault_code;
	context->trapno = arch->fault_vector;
	context->cr2 = arch->fault_addr;
}

int arch_signal_push(struct user_regs *regs, int sig, const void *siginfo128, u64 blocked_mask,
		     unsigned long handler, unsigned long restorer, unsigned long sa_flags,
		     unsigned long on_sp, unsigned long alt_sp, unsigned long alt_size,
		     unsigned int alt_flags)
{
	struct arch_thread *arch = cpu_self()->arch;
	struct frame frame;
	unsigned long at, fpstate;

	if (on_sp == regs->rsp)
		on_sp -= RED_ZONE;
	fpstate = fpstate_push(arch, on_sp);
	if (!fpstate)
		return -EFAULT;
	/* As a function finds its stack after a call. */
	at = round_down(fpstate - sizeof(frame), 16) - 8;
	memset(&frame, 0, sizeof(frame));
	frame.restorer = restorer;
	frame.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (fpu_features())
		frame.uc.uc_flags |= UC_FP_XSTATE;
	frame.uc.uc_stack.ss_sp = (void *)alt_sp;
	frame.uc.uc_stack.ss_size = alt_size;
	frame.uc.uc_stack.ss_flags = (int)alt_flags;
	context_fill(&frame.uc.uc_mcontext, regs, arch);
	frame.uc.uc_mcontext.oldmask = blocked_mask;
	frame.uc.uc_mcontext.fpstate = (void *)fpstate;
	memcpy(&frame.uc.uc_sigmask, &blocked_mask, sizeof(blocked_mask));
	memcpy(frame.info, siginfo128, sizeof(frame.info));
	if (copy_to_user((void __user *)at, &frame, sizeof(frame)))
		return -EFAULT;
	regs->rdi = (unsigned long)sig;
	regs->rsi = at + offsetof(struct frame, info);
	regs->rdx = at + offsetof(struct frame, uc);
	regs->rax = 0;
	regs->rip = handler;
	regs->rsp = at;
	regs->rflags &= ~(RFLAGS_DF | RFLAGS_TF | RFLAGS_RF);
	regs->cs = SEL_USER_CODE;
	regs->ss = SEL_USER_DATA;
	regs->entry = REGS_ENTRY_NONE;
	return 0;
}

static void context_read(struct user_regs *regs, const struct sigcontext *context)
{
	regs->r8 = context->r8;
	regs->r9 = context->r9;
	regs->r10 = context->r10;
	regs->r11 = context->r11;
	regs->r12 = context->r12;
	regs->r13 = context->r13;
	regs->r14 = context->r14;
	regs->r15 = context->r15;
	regs->rdi = context->rdi;
	regs->rsi = context->rsi;
	regs->rbp = context->rbp;
	regs->rbx = context->rbx;
	regs->rdx = context->rdx;
	regs->rax = context->rax;
	regs->rcx = context->rcx;
	regs->rsp = context->rsp;
	regs->rip = context->rip;
	regs->rflags = (regs->rflags & ~RFLAGS_USER) | (context->eflags & RFLAGS_USER);
	regs->cs = SEL_USER_CODE;
	regs->ss = SEL_USER_DATA;
	regs->entry = REGS_ENTRY_NONE;
}

/* Whether the state at fpstate is all of ours, not only the FXSAVE part. */
static bool fpstate_is_full(unsigned long fpstate, const struct _fpx_sw_bytes *sw)
{
	u32 magic2;

	if (sw->magic1 != FP_XSTATE_MAGIC1 || sw->xstate_size != fpu_size() ||
	    sw->extended_size < sw->xstate_size + FP_XSTATE_MAGIC2_SIZE)
		return false;
	return !get_user(magic2, (u32 __user *)(fpstate + fpu_size())) &&
	       magic2 == FP_XSTATE_MAGIC2;
}

static int fpstate_pop(struct arch_thread *arch, unsigned long fpstate)
{
	struct _fpx_sw_bytes sw;
	unsigned long flags;
	size_t size = sizeof(struct _fpstate), left;

	if (!fpstate) {
		flags = irq_save();
		fpu_reset(arch);
		irq_restore(flags);
		return 0;
	}
	if (copy_from_user(&sw, (void __user *)(fpstate + SW_RESERVED), sizeof(sw)))
		return -EFAULT;
	if (fpu_features() && fpstate_is_full(fpstate, &sw))
		size = fpu_size();
	/* Without faults, as a switch in the middle would save the registers over it. */
	do {
		flags = irq_save();
		fpu_replace_begin(arch);
		left = copy_from_user_nofault(arch->fpu, (void __user *)fpstate, size);
		fpu_replace_end(arch, size);
		irq_restore(flags);
	} while (left && !user_fault_in_readable((void __user *)fpstate, size) &&
		 !thread_fatal_signal_pending());
	return left ? -EFAULT : 0;
}

int arch_signal_pop(struct user_regs *regs, u64 *blocked_mask, unsigned long *alt_sp,
		    unsigned long *alt_size, unsigned int *alt_flags)
{
	/* The handler's return took the restorer off the stack. */
	const struct frame __user *frame = (const void *)(regs->rsp - sizeof(long));
	struct ucontext uc;
	int err;

	if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
		return -EFAULT;
	err = fpstate_pop(cpu_self()->arch, (unsigned long)uc.uc_mcontext.fpstate);
	if (err)
		return err;
	context_read(regs, &uc.uc_mcontext);
	memcpy(blocked_mask, &uc.uc_sigmask, sizeof(*blocked_mask));
	*alt_sp = (unsigned long)uc.uc_stack.ss_sp;
	*alt_size = uc.uc_stack.ss_size;
	*alt_flags = (unsigned int)uc.uc_stack.ss_flags;
	return 0;
}

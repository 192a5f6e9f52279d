#include "hw/boot_int.h"
#include "hw/mmu.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/early_int.h"
#include "lib/string.h"

/*
 * From the boot loader's world to the kernel's own address space.
 *
 * boot_early() runs where the loader put the image, with the first 4 GiB mapped one to one and
 * before relocation: code and data are reached relative to the instruction pointer, and pointers in
 * initialised data are not yet valid. It reads the loader's information, chooses the two bases,
 * relocates the image, patches what depends on the processor, and builds the tables:
 *
 *   kernel_base       the image, 4 KiB pages: text RX, rodata R, data RW
 *   direct_map_base   all RAM, no-execute, with the largest pages that fit; the image's text and
 * rodata are read-only here too KERNEL_AREA       empty upper tables for device registers and
 * stacks (mmu.c), so that every address space can copy the upper half of the top table once and for
 * all
 *
 * The tables' frames come from one piece of RAM that is reported by hw_early_reserved().
 */

extern const char __image_start[], __text_end[], __data_start[], __image_end[];
extern const char boot_stack_guard[];
extern const u64 __link_base;
extern u64 boot_pml4[512];

struct rela {
	u64 offset, info;
	s64 addend;
};
extern const struct rela __rela_start[], __rela_end[];
#define R_X86_64_RELATIVE 8

struct patch {
	s32 at;
	u32 byte;
};
extern const struct patch __patches_start[], __patches_end[];

/* Chosen here, with the link address and the usual place as defaults. */
unsigned long kernel_base = 0xffffffff80100000ul;
unsigned long direct_map_base = 0xffff888000000000ul;

unsigned long boot_offset; /* from where the loader put the image to where it runs */
u64 mmu_nx;
phys_addr_t mmu_kernel_root;
struct early_result early;

static struct {
	phys_addr_t base, next, end;
} frames;

static phys_addr_t low4g_end(void)
{
	return 1ull << 32;
}

static u64 *frame_alloc(void)
{
	u64 *frame;

	if (frames.next >= frames.end)
		return NULL;
	frame = (u64 *)frames.next;
	frames.next += 4096;
	memset(frame, 0, 4096);
	return frame;
}

static u64 *table_under(u64 *entry)
{
	if (!*entry) {
		u64 *table = frame_alloc();
		if (!table)
			return NULL;
		*entry = (u64)table | PTE_BIT_PRESENT | PTE_BIT_WRITE;
	}
	return (u64 *)(*entry & PTE_PHYS_MASK);
}

/* The entry that maps va by a page of 1 << shift bytes (12, 21 or 30). */
static u64 *entry_of(u64 *root, unsigned long va, unsigned int shift)
{
	u64 *table = root;

	for (unsigned int at = 39; at > shift; at -= 9) {
		table = table_under(&table[va >> at & 511]);
		if (!table)
			return NULL;
	}
	return &table[va >> shift & 511];
}

static bool map_image(u64 *root, phys_addr_t image)
{
	size_t text = (size_t)(__text_end - __image_start);
	size_t data = (size_t)(__data_start - __image_start);
	size_t end = (size_t)(__image_end - __image_start);
	size_t guard = (size_t)(boot_stack_guard - __image_start);
	u64 *entry = NULL;

	for (size_t at = 0; at < end; at += 4096, entry++) {
		unsigned int prot = PTE_GLOBAL | PTE_READ;

		if (!entry || is_aligned((unsigned long)entry, 4096))
			entry = entry_of(root, kernel_base + at, 12);
		if (!entry)
			return false;
		if (at < text)
			prot |= PTE_EXEC;
		else if (at >= data)
			prot |= PTE_WRITE;
		if (at != guard)
			*entry = pte_make(image + at, prot).v;
	}
	return true;
}

/* One page of the direct map; pages that hold the image are split until the image can be read-only.
 */
static bool map_direct_page(u64 *root, phys_addr_t pa, unsigned int shift, phys_addr_t image)
{
	phys_addr_t readonly_end = image + (size_t)(__data_start - __image_start);
	bool inside = pa < readonly_end && pa + (1ull << shift) > image;
	u64 *entry;

	if (inside && shift > 12) {
		for (unsigned int i = 0; i < 512; i++)
			if (!map_direct_page(root, pa + ((phys_addr_t)i << (shift - 9)), shift - 9,
					     image))
				return false;
		return true;
	}
	entry = entry_of(root, direct_map_base + pa, shift);
	if (!entry)
		return false;
	*entry = pte_make(pa, PTE_READ | (inside ? 0 : PTE_WRITE) | PTE_GLOBAL).v |
		 (shift > 12 ? PTE_BIT_LARGE : 0);
	return true;
}

static bool map_direct(u64 *root, phys_addr_t image)
{
	phys_addr_t done = 0;

	for (unsigned int i = 0; i < boot_info.range_count; i++) {
		const struct memory_range *range = &boot_info.ranges[i];
		phys_addr_t pa, end;

		if (range->kind == MEMORY_RESERVED && range->base >= 0x100000)
			continue;
		pa = max(round_down(range->base, 0x200000), done);
		end = round_up(range->base + range->size, 0x200000);
		while (pa < end) {
			unsigned int shift = 21;

			if (early.has_1g && is_aligned(pa, 1u << 30) && end - pa >= 1u << 30)
				shift = 30;
			if (!map_direct_page(root, pa, shift, image))
				return false;
			pa += 1ull << shift;
		}
		done = max(done, end);
	}
	return true;
}

/* Finds RAM for the tables, below 4 GiB, beside the image and the initrd. */
static bool frames_find(phys_addr_t image)
{
	phys_addr_t image_end = image + (size_t)(__image_end - __image_start);
	size_t need = 16 + (size_t)(__image_end - __image_start) / 0x200000 + 2;
	phys_addr_t initrd_end = boot_info.initrd_base + boot_info.initrd_size;

	for (unsigned int i = 0; i < boot_info.range_count; i++)
		if (boot_info.ranges[i].kind != MEMORY_RESERVED)
			need +=
			    (boot_info.ranges[i].size >> 30) + (boot_info.ranges[i].size >> 39) + 4;
	for (unsigned int i = 0; i < boot_info.range_count; i++) {
		const struct memory_range *range = &boot_info.ranges[i];
		phys_addr_t at = range->base, end = min(range->base + range->size, low4g_end());

		if (range->kind != MEMORY_RAM || at >= end)
			continue;
		for (unsigned int again = 0; again < 2; again++) {
			if (at < image_end && at + need * 4096 > image)
				at = round_up(image_end, 4096);
			if (boot_info.initrd_size && at < initrd_end &&
			    at + need * 4096 > boot_info.initrd_base)
				at = round_up(initrd_end, 4096);
		}
		if (at < end && end - at >= need * 4096) {
			frames.base = frames.next = at;
			frames.end = at + need * 4096;
			return true;
		}
	}
	return false;
}

static void relocate(phys_addr_t image)
{
	u64 move = kernel_base - __link_base;

	for (const struct rela *rela = __rela_start; rela < __rela_end; rela++)
		if ((u32)rela->info == R_X86_64_RELATIVE)
			*(u64 *)(rela->offset - __link_base + image) = (u64)rela->addend + move;
}

static void cpuid_early(u32 leaf, u32 sub, u32 regs[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
			 : "a"(leaf), "c"(sub));
}

static void detect(void)
{
	u32 regs[4], max_basic, max_extended;

	cpuid_early(0, 0, regs);
	max_basic = regs[0];
	cpuid_early(0x80000000, 0, regs);
	max_extended = regs[0];
	if (max_extended >= 0x80000001) {
		cpuid_early(0x80000001, 0, regs);
		mmu_nx = regs[3] & 1u << 20 ? PTE_BIT_NX : 0;
		early.has_1g = regs[3] & 1u << 26;
	}
	if (max_basic >= 7) {
		cpuid_early(7, 0, regs);
		early.has_smap = regs[1] & 1u << 20;
	}
}

/* Puts in the instructions that this processor has; see asm_int.h. */
static void patch(void)
{
	for (const struct patch *p = __patches_start; p < __patches_end; p++) {
		u8 *code = (u8 *)((unsigned long)&p->at + (unsigned long)(long)p->at);

		if (early.has_smap) {
			code[0] = 0x0f;
			code[1] = 0x01;
			code[2] = (u8)p->byte;
		}
	}
}

/* hw.kernel_base=0xffff... and hw.direct_map_base=0x...: other bases than the usual ones. */
static unsigned long option_address(const char *name, unsigned long otherwise)
{
	size_t n = strlen(name);
	const char *at = boot_info.cmdline;

	while ((at = strstr(at, name))) {
		unsigned long value = 0;
		int digit;

		if (at != boot_info.cmdline && at[-1] != ' ') {
			at += n;
			continue;
		}
		for (at += n; (digit = char_hex_value(*at)) >= 0 || *at == 'x'; at++)
			value = value << 4 | (unsigned long)max(digit, 0);
		return value;
	}
	return otherwise;
}

static void choose_bases(void)
{
	size_t size = (size_t)(__image_end - __image_start);
	unsigned long base = option_address("hw.kernel_base=", kernel_base);

	if (is_aligned(base, 4096) && base >= 0xffffffff80000000ul && base < -size - 4096)
		kernel_base = base;
	/* One entry of the top table per 512 GiB: up to 64 TiB, below the kernel's other areas. */
	base = option_address("hw.direct_map_base=", direct_map_base);
	if (is_aligned(base, 1ul << 30) && base >= 0xffff800000000000ul &&
	    base <= KERNEL_AREA - BOOT_PHYS_MAX)
		direct_map_base = base;
}

static __noreturn void give_up(void)
{
	static const char text[] = "aramid: not enough memory below 4 GiB to start\r\n";

	for (const char *at = text; *at; at++)
		outb(0x3f8, (u8)*at);
	outb(0xf4, 1);
	for (;;)
		__asm__ volatile("cli; hlt");
}

phys_addr_t boot_early(u32 magic, phys_addr_t info)
{
	phys_addr_t image = (unsigned long)__image_start;
	u64 *root;
	bool ok;

	early.entry_tsc = tsc_read();
	early_info_read(magic, info);
	boot_info.kernel_base = image;
	boot_info.kernel_end = image + (size_t)(__image_end - __image_start);
	detect();
	choose_bases();
	root = frames_find(image) ? frame_alloc() : NULL;
	ok = root && map_image(root, image) && map_direct(root, image);
	/* The upper tables of the areas that mmu.c fills, for every address space to share. */
	for (unsigned int i = 256; ok && i < 512; i++)
		if (i == (KERNEL_AREA >> 39 & 511) || i == (STACK_AREA >> 39 & 511))
			ok = table_under(&root[i]);
	if (!ok)
		give_up();
	relocate(image);
	patch();
	boot_offset = kernel_base - image;
	mmu_kernel_root = (phys_addr_t)root;
	boot_pml4[kernel_base >> 39 & 511] = root[kernel_base >> 39 & 511];
	return (phys_addr_t)root;
}

unsigned int hw_early_reserved(struct memory_range *ranges, unsigned int max)
{
	if (!max)
		return 0;
	ranges[0] = (struct memory_range){frames.base, frames.next - frames.base, MEMORY_RESERVED};
	return 1;
}

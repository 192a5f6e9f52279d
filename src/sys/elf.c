/*
 * Loading ELF programs (System V gABI chapter 4 and 5): which parts of a file appear where in
 * memory.
 *
 * Files are not trusted: every header field is checked before it is used; overlapping or unordered
 * segments only hurt the program itself.
 */
#include <linux/elf.h>
#include <linux/elf-em.h>
#include <linux/mman.h>

#include "arch/abi.h"
#include "hw/mmu.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/exec_int.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define PHDRS_MAX     (PAGE_SIZE / sizeof(Elf64_Phdr))
#define PIE_BASE      (MMU_USER_MAX / 3 * 2 & PAGE_MASK)
#define PIE_RANDOM    (1ul << 40)
#define PAGE_START(a) ((a)&PAGE_MASK)
#define PAGE_END(a)   (((a) + PAGE_SIZE - 1) & PAGE_MASK)

struct elf_file {
	struct file *file;
	Elf64_Ehdr header;
	Elf64_Phdr *phdrs;
	unsigned long low, high; /* of all segments, page multiples, before the bias */
};

unsigned long exec_random_offset(unsigned long limit)
{
	u64 random;

	random_bytes(&random, sizeof(random));
	return (unsigned long)(random % (limit >> PAGE_SHIFT)) << PAGE_SHIFT;
}

static int read_exactly(struct file *file, void *buf, size_t n, u64 offset)
{
	loff_t pos = (loff_t)offset;
	ssize_t got;

	if (offset > S64_MAX - n)
		return -ENOEXEC;
	got = file_read_kernel(file, buf, n, &pos);
	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -ENOEXEC;
}

/* ---- reading and checking ---- */

static int header_check(const Elf64_Ehdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if ((h->e_type != ET_EXEC && h->e_type != ET_DYN) || h->e_machine != ARCH_ELF_MACHINE)
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > PHDRS_MAX)
		return -ENOEXEC;
	return 0;
}

static int segment_check(const Elf64_Phdr *p)
{
	if (p->p_filesz > p->p_memsz || p->p_memsz > MMU_USER_MAX ||
	    p->p_vaddr > MMU_USER_MAX - p->p_memsz)
		return -ENOEXEC;
	if ((p->p_vaddr - p->p_offset) % PAGE_SIZE)
		return -ENOEXEC;
	if (p->p_offset > S64_MAX - p->p_filesz - PAGE_SIZE)
		return -ENOEXEC;
	return 0;
}

static int segments_check(struct elf_file *elf)
{
	elf->low = ULONG_MAX;
	elf->high = 0;
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];
		int err;

		if (p->p_type != PT_LOAD || p->p_memsz == 0)
			continue;
		err = segment_check(p);
		if (err)
			return err;
		if (PAGE_START(p->p_vaddr) < elf->low)
			elf->low = PAGE_START(p->p_vaddr);
		if (PAGE_END(p->p_vaddr + p->p_memsz) > elf->high)
			elf->high = PAGE_END(p->p_vaddr + p->p_memsz);
	}
	return elf->high ? 0 : -ENOEXEC;
}

static int elf_read(struct elf_file *elf, struct file *file)
{
	size_t size;
	int err;

	elf->file = file;
	elf->phdrs = NULL;
	err = read_exactly(file, &elf->header, sizeof(elf->header), 0);
	if (!err)
		err = header_check(&elf->header);
	if (err)
		return err;
	size = elf->header.e_phnum * sizeof(Elf64_Phdr);
	elf->phdrs = kmalloc(size, MM_NORMAL);
	if (!elf->phdrs)
		return -ENOMEM;
	err = read_exactly(file, elf->phdrs, size, elf->header.e_phoff);
	return err ? err : segments_check(elf);
}

/* ---- mapping ---- */

static unsigned int segment_prot(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_fixed(struct mm *mm, unsigned long addr, size_t length, unsigned int prot,
		     struct file *file, u64 offset)
{
	unsigned int flags = MAP_PRIVATE | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
	long result = mm_mmap(mm, addr, length, prot, flags, file, offset);

	return result < 0 && result >= -MAX_ERRNO ? (int)result : 0;
}

/* The rest of the last page of file data is zeroes, if the program may see it change. */
static int zero_tail(struct mm *mm, unsigned long addr)
{
	static const char zeroes[256];

	while (addr & ~PAGE_MASK) {
		size_t n = PAGE_SIZE - (addr & ~PAGE_MASK);
		if (n > sizeof(zeroes))
			n = sizeof(zeroes);
		if (mm_access(mm, addr, (void *)zeroes, n, true) != n)
			return -ENOMEM;
		addr += n;
	}
	return 0;
}

static int map_segment(struct mm *mm, const struct elf_file *elf, const Elf64_Phdr *p,
		       unsigned long bias)
{
	unsigned long start = PAGE_START(bias + p->p_vaddr);
	unsigned long file_end = bias + p->p_vaddr + p->p_filesz;
	unsigned long end = PAGE_END(bias + p->p_vaddr + p->p_memsz);
	unsigned int prot = segment_prot(p);
	int err = 0;

	if (start < MMU_USER_MIN)
		return -EPERM;
	if (p->p_filesz) {
		err = map_fixed(mm, start, PAGE_END(file_end) - start, prot, elf->file,
				PAGE_START(p->p_offset));
		start = PAGE_END(file_end);
	}
	if (!err && start < end)
		err = map_fixed(mm, start, end - start, prot, NULL, 0);
	if (!err && p->p_memsz > p->p_filesz && p->p_filesz && (prot & PROT_WRITE))
		err = zero_tail(mm, file_end);
	return err;
}

static int map_segments(struct mm *mm, const struct elf_file *elf, unsigned long bias)
{
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];
		if (p->p_type == PT_LOAD && p->p_memsz) {
			int err = map_segment(mm, elf, p, bias);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Where a position-independent program goes. */
static int choose_bias(struct mm *mm, const struct elf_file *elf, bool main, bool randomize,
		       unsigned long *bias)
{
	size_t size = elf->high - elf->low;
	long addr;

	*bias = 0;
	if (elf->header.e_type == ET_EXEC)
		return 0;
	if (main) {
		*bias = PIE_BASE + (randomize ? exec_random_offset(PIE_RANDOM) : 0) - elf->low;
		return elf->low + *bias + size < MMU_USER_MAX ? 0 : -ENOMEM;
	}
	/* A free range of the whole size; the segments go to it at their distances. */
	addr = mm_mmap(mm, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
	if (addr < 0 && addr >= -MAX_ERRNO)
		return (int)addr;
	*bias = (unsigned long)addr - elf->low;
	return mm_munmap(mm, (unsigned long)addr, size);
}

/* ---- the interpreter ---- */

static int interpreter_open(const struct elf_file *elf, struct file **out)
{
	const Elf64_Phdr *interp = NULL;
	char *name;
	int err;

	*out = NULL;
	for (unsigned int i = 0; i < elf->header.e_phnum && !interp; i++)
		if (elf->phdrs[i].p_type == PT_INTERP)
			interp = &elf->phdrs[i];
	if (!interp)
		return 0;
	if (interp->p_filesz < 2 || interp->p_filesz > PATH_MAX_SIZE)
		return -ENOEXEC;
	name = kmalloc(interp->p_filesz, MM_NORMAL);
	if (!name)
		return -ENOMEM;
	err = read_exactly(elf->file, name, interp->p_filesz, interp->p_offset);
	if (err == -ENOEXEC)
		err = -EIO; /* as Linux has it */
	if (!err && name[interp->p_filesz - 1])
		err = -ENOEXEC;
	if (!err)
		err = exec_open(-100 /* AT_FDCWD */, name, 0, out);
	kfree(name);
	return err;
}

static int interpreter_load(struct mm *mm, struct file *file, struct exec_image *image)
{
	struct elf_file elf;
	unsigned long bias;
	int err = elf_read(&elf, file);

	if (err == -ENOEXEC)
		err = -ELIBBAD;
	if (!err)
		err = choose_bias(mm, &elf, false, false, &bias);
	if (!err)
		err = map_segments(mm, &elf, bias);
	if (!err) {
		image->start = bias + elf.header.e_entry;
		image->interp_base = bias + elf.low;
	}
	kfree(elf.phdrs);
	return err;
}

/* ---- the program ---- */

/* Address of the program headers once mapped: PT_PHDR says, or the segment that holds them. */
static unsigned long phdr_address(const struct elf_file *elf, unsigned long bias)
{
	u64 offset = elf->header.e_phoff;

	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];
		if (p->p_type == PT_LOAD && offset >= p->p_offset &&
		    offset - p->p_offset < p->p_filesz)
			return bias + p->p_vaddr + (offset - p->p_offset);
	}
	return 0;
}

static void note_sizes(struct mm *mm, const struct elf_file *elf, unsigned long bias)
{
	mm->code_start = ULONG_MAX;
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];
		unsigned long start = bias + p->p_vaddr, end = start + p->p_filesz;

		if (p->p_type != PT_LOAD)
			continue;
		if (start < mm->code_start)
			mm->code_start = start;
		if ((p->p_flags & PF_X) && end > mm->code_end)
			mm->code_end = end;
		if (start > mm->data_start)
			mm->data_start = start;
		if (end > mm->data_end)
			mm->data_end = end;
	}
}

static bool wants_exec_stack(const struct elf_file *elf)
{
	for (unsigned int i = 0; i < elf->header.e_phnum; i++)
		if (elf->phdrs[i].p_type == PT_GNU_STACK)
			return elf->phdrs[i].p_flags & PF_X;
	return false;
}

int elf_load(struct mm *mm, struct file *file, bool randomize, struct exec_image *image)
{
	struct elf_file elf;
	struct file *interp = NULL;
	unsigned long bias;
	int err;

	memset(image, 0, sizeof(*image));
	err = elf_read(&elf, file);
	if (!err)
		err = interpreter_open(&elf, &interp);
	if (!err)
		err = choose_bias(mm, &elf, true, randomize, &bias);
	if (!err)
		err = map_segments(mm, &elf, bias);
	if (!err) {
		image->entry = image->start = bias + elf.header.e_entry;
		image->phdr = phdr_address(&elf, bias);
		image->phnum = elf.header.e_phnum;
		image->end = bias + elf.high;
		image->exec_stack = wants_exec_stack(&elf);
		note_sizes(mm, &elf, bias);
		if (interp)
			err = interpreter_load(mm, interp, image);
	}
	if (interp)
		file_put(interp);
	kfree(elf.phdrs);
	return err;
}

/*
 * The first stack of a program: argument strings, and above them in the reading order argc, argv,
 * envp and the auxiliary vector (System V ABI, AMD64 supplement, 3.4.1; the auxv entries are
 * Linux's).
 */
#include <linux/auxvec.h>
#include <linux/mman.h>

#include "hw/cpu.h"
#include "hw/mmu.h"
#include "lib/clock.h"
#include "lib/park.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "sys/exec_int.h"
#include "sys/signal.h"
#include "vfs/cred.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define STRINGS_MIN  (128ul << 10) /* whatever the stack's limit */
#define STRINGS_MAX  (6ul << 20)
#define AUXV_MAX     24
#define CLOCK_TICKS  100
#define SIGNAL_FRAME 4096 /* AT_MINSIGSTKSZ: with AVX-512 state to spare */

/* ---- gathering ---- */

void exec_strings_init(struct exec_strings *strings, u64 stack_limit)
{
	memset(strings, 0, sizeof(*strings));
	strings->limit = stack_limit / 4 > STRINGS_MAX ? STRINGS_MAX : (size_t)(stack_limit / 4);
	if (strings->limit < STRINGS_MIN)
		strings->limit = STRINGS_MIN;
}

void exec_strings_free(struct exec_strings *strings)
{
	for (unsigned int i = 0; i < strings->page_count; i++)
		page_put(strings->pages[i]);
	kfree(strings->pages);
}

static int strings_grow(struct exec_strings *strings)
{
	struct page *page;

	if (strings->page_count == strings->page_room) {
		unsigned int room = strings->page_room ? strings->page_room * 2 : 8;
		struct page **pages = krealloc(strings->pages, strings->page_room * sizeof(*pages),
					       room * sizeof(*pages), MM_NORMAL);
		if (!pages)
			return -ENOMEM;
		strings->pages = pages;
		strings->page_room = room;
	}
	page = page_alloc(0, MM_NORMAL);
	if (!page)
		return -ENOMEM;
	strings->pages[strings->page_count++] = page;
	return 0;
}

/* Room for more at the end: where, and how much. */
static int strings_room(struct exec_strings *strings, char **at, size_t *room)
{
	size_t used = strings->length & ~PAGE_MASK;
	int err;

	if (strings->length >= strings->limit)
		return -E2BIG;
	if (strings->length >> PAGE_SHIFT == strings->page_count) {
		err = strings_grow(strings);
		if (err)
			return err;
	}
	*at = (char *)page_address(strings->pages[strings->length >> PAGE_SHIFT]) + used;
	*room = PAGE_SIZE - used;
	return 0;
}

int exec_strings_add(struct exec_strings *strings, const char *s)
{
	size_t left = strlen(s) + 1;

	while (left) {
		char *at;
		size_t room, n;
		int err = strings_room(strings, &at, &room);

		if (err)
			return err;
		n = left < room ? left : room;
		memcpy(at, s, n);
		s += n;
		left -= n;
		strings->length += n;
	}
	return 0;
}

static int strings_add_user(struct exec_strings *strings, const char __user *s)
{
	size_t total = 0;

	for (;;) {
		char *at;
		size_t room;
		ssize_t n;
		int err = strings_room(strings, &at, &room);

		if (err)
			return err;
		n = strncpy_from_user(at, s + total, room);
		if (n >= 0) {
			strings->length += (size_t)n + 1;
			return total + (size_t)n + 1 > EXEC_STRING_MAX ? -E2BIG : 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		strings->length += room; /* all of it was filled */
		total += room;
		if (total >= EXEC_STRING_MAX)
			return -E2BIG;
	}
}

int exec_strings_add_vector(struct exec_strings *strings, const struct exec_vector *vector,
			    unsigned int skip, unsigned int *count)
{
	for (unsigned int i = 0;; i++) {
		const char __user *s;
		int err;

		if (vector->user) {
			if (copy_from_user(&s, vector->user + i, sizeof(s)))
				return -EFAULT;
		} else {
			s = vector->kernel ? vector->kernel[i] : NULL;
		}
		if (!s)
			return 0;
		if (i < skip)
			continue;
		err = vector->user ? strings_add_user(strings, s) : exec_strings_add(strings, s);
		if (err)
			return err;
		/* The vectors' own words count, too. */
		if (strings->length + (size_t)(++*count) * sizeof(long) > strings->limit)
			return -E2BIG;
		if (thread_fatal_signal_pending())
			return -EINTR;
		thread_yield_point();
	}
}

/* ---- writing into the new address space ---- */

struct stack_writer {
	struct mm *mm;
	unsigned long at; /* next word */
	unsigned long words[64];
	unsigned int count;
	int err;
};

static void writer_flush(struct stack_writer *w)
{
	size_t n = w->count * sizeof(long);

	if (n && !w->err && mm_access(w->mm, w->at, w->words, n, true) != n)
		w->err = -ENOMEM;
	w->at += n;
	w->count = 0;
}

static void writer_put(struct stack_writer *w, unsigned long word)
{
	w->words[w->count++] = word;
	if (w->count == ARRAY_SIZE(w->words))
		writer_flush(w);
}

static int write_strings(struct mm *mm, const struct exec_strings *strings, unsigned long at)
{
	for (size_t done = 0; done < strings->length; done += PAGE_SIZE) {
		size_t n = strings->length - done;
		if (n > PAGE_SIZE)
			n = PAGE_SIZE;
		if (mm_access(mm, at + done, page_address(strings->pages[done >> PAGE_SHIFT]), n,
			      true) != n)
			return -ENOMEM;
	}
	return 0;
}

/* Writes the addresses of n strings that begin at position *pos of strings, then NULL. */
static void write_vector(struct stack_writer *w, const struct exec_strings *strings,
			 unsigned long base, size_t *pos, unsigned int n)
{
	while (n--) {
		writer_put(w, base + *pos);
		for (;;) {
			const char *page = page_address(strings->pages[*pos >> PAGE_SHIFT]);
			size_t offset = *pos & ~PAGE_MASK, left = PAGE_SIZE - offset;
			const char *end = memchr(page + offset, 0, left);

			*pos += end ? (size_t)(end - (page + offset)) + 1 : left;
			if (end)
				break;
		}
	}
	writer_put(w, 0);
}

struct auxv {
	unsigned long words[2 * AUXV_MAX];
	unsigned int count;
};

static void auxv_put(struct auxv *auxv, unsigned long type, unsigned long value)
{
	auxv->words[auxv->count++] = type;
	auxv->words[auxv->count++] = value;
}

struct stack_addresses {
	unsigned long random, platform, exec_name;
};

static void auxv_fill(struct auxv *auxv, struct mm *mm, const struct exec_image *image,
		      const struct cred *cred, bool secure, const struct stack_addresses *where)
{
	auxv->count = 0;
	if (mm->vdso)
		auxv_put(auxv, AT_SYSINFO_EHDR, mm->vdso);
	auxv_put(auxv, AT_MINSIGSTKSZ, SIGNAL_FRAME);
	auxv_put(auxv, AT_HWCAP, cpu_hwcap());
	auxv_put(auxv, AT_PAGESZ, PAGE_SIZE);
	auxv_put(auxv, AT_CLKTCK, CLOCK_TICKS);
	auxv_put(auxv, AT_PHDR, image->phdr);
	auxv_put(auxv, AT_PHENT, 56);
	auxv_put(auxv, AT_PHNUM, image->phnum);
	auxv_put(auxv, AT_BASE, image->interp_base);
	auxv_put(auxv, AT_FLAGS, 0);
	auxv_put(auxv, AT_ENTRY, image->entry);
	auxv_put(auxv, AT_UID, cred->uid);
	auxv_put(auxv, AT_EUID, cred->euid);
	auxv_put(auxv, AT_GID, cred->gid);
	auxv_put(auxv, AT_EGID, cred->egid);
	auxv_put(auxv, AT_SECURE, secure);
	auxv_put(auxv, AT_RANDOM, where->random);
	auxv_put(auxv, AT_HWCAP2, cpu_hwcap2());
	auxv_put(auxv, AT_EXECFN, where->exec_name);
	auxv_put(auxv, AT_PLATFORM, where->platform);
	auxv_put(auxv, AT_NULL, 0);
	memcpy(mm->saved_auxv, auxv->words, auxv->count * sizeof(long));
}

/* The platform's name and AT_RANDOM's bytes, right below the strings. Returns the lowest address
 * used. */
static unsigned long write_extras(struct mm *mm, unsigned long below, struct stack_addresses *where,
				  int *err)
{
	const char *platform = cpu_platform();
	size_t length = strlen(platform) + 1;
	u8 random[16];

	where->platform = below - length;
	where->random = (where->platform - sizeof(random)) & ~15ul;
	random_bytes(random, sizeof(random));
	if (mm_access(mm, where->platform, (void *)platform, length, true) != length ||
	    mm_access(mm, where->random, random, sizeof(random), true) != sizeof(random))
		*err = -ENOMEM;
	return where->random;
}

static int stack_area_make(struct mm *mm, size_t content, bool exec_stack, bool randomize)
{
	unsigned long top =
	    MMU_USER_MAX - PAGE_SIZE - (randomize ? exec_random_offset(EXEC_STACK_RANDOM) : 0);
	unsigned int prot = PROT_READ | PROT_WRITE | (exec_stack ? PROT_EXEC : 0);
	size_t size = (content + EXEC_STACK_GAP + PAGE_SIZE - 1) & PAGE_MASK;

	mm->stack_top = top;
	return mm_map_stack(mm, top, size, prot);
}

int exec_stack_make(struct mm *mm, const struct exec_strings *strings,
		    const struct exec_image *image, const struct cred *cred, bool secure,
		    bool randomize, unsigned long *sp)
{
	size_t vectors = (strings->argc + strings->envc + 3) * sizeof(long);
	struct stack_addresses where;
	struct stack_writer *writer;
	struct auxv *auxv;
	unsigned long base, low;
	size_t pos = 0;
	int err = stack_area_make(mm, strings->length + vectors, image->exec_stack, randomize);

	if (err)
		return err;
	writer = kmalloc(sizeof(*writer) + sizeof(*auxv), MM_NORMAL);
	if (!writer)
		return -ENOMEM;
	auxv = (struct auxv *)(writer + 1);
	base = mm->stack_top - sizeof(long) - strings->length;
	err = write_strings(mm, strings, base);
	low = write_extras(mm, base, &where, &err);
	where.exec_name = base + strings->name_offset;
	auxv_fill(auxv, mm, image, cred, secure, &where);
	*sp = (low - vectors - auxv->count * sizeof(long)) & ~15ul;
	writer->mm = mm;
	writer->at = *sp;
	writer->count = 0;
	writer->err = 0;
	writer_put(writer, strings->argc);
	write_vector(writer, strings, base, &pos, strings->argc);
	mm->arg_start = base;
	mm->arg_end = mm->env_start = base + pos;
	write_vector(writer, strings, base, &pos, strings->envc);
	mm->env_end = base + pos;
	for (unsigned int i = 0; i < auxv->count; i++)
		writer_put(writer, auxv->words[i]);
	writer_flush(writer);
	if (!err)
		err = writer->err;
	kfree(writer);
	return err;
}

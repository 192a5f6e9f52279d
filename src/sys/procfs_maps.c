/* /proc/PID/maps, smaps and smaps_rollup. */
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/procfs_int.h"
#include "vfs/file.h"

#include <linux/kdev_t.h>
#include <linux/mman.h>

#define NAME_COLUMN 73

static void show_area(struct text_buffer *text, const struct mm *mm, struct vm_area *area)
{
	struct inode *inode = area->file ? area->file->inode : NULL;
	const char *name = area->ops && area->ops->name ? area->ops->name(area) : NULL;
	char *path = NULL;
	size_t start = text->length;
	text_printf(text, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu ", area->start, area->end,
		    area->prot & PROT_READ ? 'r' : '-', area->prot & PROT_WRITE ? 'w' : '-',
		    area->prot & PROT_EXEC ? 'x' : '-', area->flags & VM_SHARED ? 's' : 'p',
		    inode ? (unsigned long long)area->pgoff << PAGE_SHIFT : 0,
		    inode ? inode->super->dev_major : 0, inode ? inode->super->dev_minor : 0,
		    inode ? inode->number : 0);
	if (inode && !procfs_path_name(&area->file->path, &path))
		name = path;
	if (!name && !inode) {
		if (area->start <= mm->brk && area->end > mm->brk_start && mm->brk > mm->brk_start)
			name = "[heap]";
		else if (area->start <= mm->stack_top && area->end >= mm->stack_top)
			name = "[stack]";
	}
	if (name) {
		while (text->length - start < NAME_COLUMN && !text->error)
			text_append(text, " ", 1);
		text_printf(text, "%s", name);
	}
	text_append(text, "\n", 1);
	kfree(path);
}

/* Runs fn, under mm->lock, on the address space that key means; one that is gone shows nothing. */
static int show_space(struct text_buffer *text, const struct pseudo_key *key,
		      void (*fn)(struct text_buffer *text, struct mm *mm))
{
	struct mm *mm;
	int err = procfs_inspect_mm(key, &mm);
	if (err || !mm)
		return err;
	rwsem_read_lock(&mm->lock);
	fn(text, mm);
	rwsem_read_unlock(&mm->lock);
	mm_put(mm);
	return 0;
}

static void show_areas(struct text_buffer *text, struct mm *mm)
{
	for (struct vm_area *area = mm_area_find(mm, 0); area; area = mm_area_next(area))
		show_area(text, mm, area);
}

int procfs_show_maps(struct text_buffer *text, const struct pseudo_key *key)
{
	return show_space(text, key, show_areas);
}

/* ---- smaps ---- */

static void show_kilobytes(struct text_buffer *text, const char *name, u64 bytes)
{
	text_printf(text, "%-15s %8llu kB\n", name, bytes >> 10);
}

static void show_usage(struct text_buffer *text, const struct area_usage *usage, u64 locked_bytes)
{
	const struct {
		const char *name;
		u64 bytes;
	} lines[] = {
	    {"Rss:", (u64)usage->rss << PAGE_SHIFT},
	    {"Pss:", usage->pss_bytes},
	    {"Pss_Dirty:", usage->pss_dirty_bytes},
	    {"Shared_Clean:", (u64)usage->shared_clean << PAGE_SHIFT},
	    {"Shared_Dirty:", (u64)usage->shared_dirty << PAGE_SHIFT},
	    {"Private_Clean:", (u64)usage->private_clean << PAGE_SHIFT},
	    {"Private_Dirty:", (u64)usage->private_dirty << PAGE_SHIFT},
	    {"Referenced:", (u64)usage->referenced << PAGE_SHIFT},
	    {"Anonymous:", (u64)usage->anonymous << PAGE_SHIFT},
	    {"LazyFree:", 0},
	    {"AnonHugePages:", 0},
	    {"ShmemPmdMapped:", 0},
	    {"FilePmdMapped:", 0},
	    {"Shared_Hugetlb:", 0},
	    {"Private_Hugetlb:", 0},
	    {"Swap:", 0},
	    {"SwapPss:", 0},
	    {"Locked:", locked_bytes},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		show_kilobytes(text, lines[i].name, lines[i].bytes);
}

static void show_flags(struct text_buffer *text, const struct vm_area *area)
{
	const struct {
		bool set;
		char name[3];
	} flags[] = {
	    {area->prot & PROT_READ, "rd"},     {area->prot & PROT_WRITE, "wr"},
	    {area->prot & PROT_EXEC, "ex"},     {area->flags & VM_SHARED, "sh"},
	    {area->flags & VM_MAYREAD, "mr"},   {area->flags & VM_MAYWRITE, "mw"},
	    {area->flags & VM_MAYEXEC, "me"},   {area->flags & VM_GROWSDOWN, "gd"},
	    {area->flags & VM_LOCKED, "lo"},    {area->flags & VM_SEQUENTIAL, "sr"},
	    {area->flags & VM_RANDOM, "rr"},    {area->flags & VM_DONTFORK, "dc"},
	    {area->flags & VM_NORESERVE, "nr"}, {area->flags & VM_WIPEONFORK, "wf"},
	    {area->flags & VM_SPECIAL, "dd"},
	};
	text_printf(text, "VmFlags:");
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			text_printf(text, " %s", flags[i].name);
	text_printf(text, " \n");
}

static void show_areas_with_usage(struct text_buffer *text, struct mm *mm)
{
	for (struct vm_area *area = mm_area_find(mm, 0); area; area = mm_area_next(area)) {
		struct area_usage usage = {};
		area_usage_add(mm, area, &usage);
		show_area(text, mm, area);
		show_kilobytes(text, "Size:", area->end - area->start);
		show_kilobytes(text, "KernelPageSize:", PAGE_SIZE);
		show_kilobytes(text, "MMUPageSize:", PAGE_SIZE);
		show_usage(text, &usage, area->flags & VM_LOCKED ? usage.pss_bytes : 0);
		text_printf(text, "THPeligible:    %8u\n", 0u);
		show_flags(text, area);
	}
}

int procfs_show_smaps(struct text_buffer *text, const struct pseudo_key *key)
{
	return show_space(text, key, show_areas_with_usage);
}

static void show_sum(struct text_buffer *text, struct mm *mm)
{
	struct area_usage usage = {};
	unsigned long start = 0, end = 0;
	u64 locked_bytes = 0;
	for (struct vm_area *area = mm_area_find(mm, 0); area; area = mm_area_next(area)) {
		u64 before = usage.pss_bytes;
		area_usage_add(mm, area, &usage);
		if (area->flags & VM_LOCKED)
			locked_bytes += usage.pss_bytes - before;
		if (!end)
			start = area->start;
		end = area->end;
	}
	size_t line = text->length;
	text_printf(text, "%08lx-%08lx ---p 00000000 00:00 0 ", start, end);
	while (text->length - line < NAME_COLUMN && !text->error)
		text_append(text, " ", 1);
	text_printf(text, "[rollup]\n");
	show_usage(text, &usage, locked_bytes);
}

int procfs_show_smaps_rollup(struct text_buffer *text, const struct pseudo_key *key)
{
	return show_space(text, key, show_sum);
}

/* /proc/PID/maps. */
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

int procfs_show_maps(struct text_buffer *text, const struct pseudo_key *key)
{
	struct mm *mm;
	int err = procfs_inspect_mm(key, &mm);
	if (err || !mm)
		return err;
	rwsem_read_lock(&mm->lock);
	for (struct vm_area *area = mm_area_find(mm, 0); area; area = mm_area_next(area))
		show_area(text, mm, area);
	rwsem_read_unlock(&mm->lock);
	mm_put(mm);
	return 0;
}

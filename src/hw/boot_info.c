#include "hw/boot_int.h"
#include "lib/string.h"

/*
 * Building boot_info out of what a boot loader says. Nothing of it is trusted: ranges may overlap,
 * wrap, be unsorted or too many. The later call wins where ranges overlap, so RAM is added first.
 *
 * Runs before relocation on x86_64: no tables of pointers here.
 */

struct boot_info boot_info;

static void range_remove_at(struct boot_info *info, unsigned int i)
{
	info->range_count--;
	memmove(&info->ranges[i], &info->ranges[i + 1],
		(info->range_count - i) * sizeof(info->ranges[0]));
}

static bool range_insert_at(struct boot_info *info, unsigned int i, struct memory_range range)
{
	if (info->range_count == BOOT_RANGES_MAX)
		return false;
	memmove(&info->ranges[i + 1], &info->ranges[i],
		(info->range_count - i) * sizeof(info->ranges[0]));
	info->ranges[i] = range;
	info->range_count++;
	return true;
}

/* Takes [base, end) out of every range. Without room for a second half, that half is lost. */
static void ranges_carve(struct boot_info *info, phys_addr_t base, phys_addr_t end)
{
	unsigned int i = 0;

	while (i < info->range_count) {
		struct memory_range *range = &info->ranges[i];
		phys_addr_t range_end = range->base + range->size;

		if (range_end <= base || range->base >= end) {
			i++;
			continue;
		}
		if (range->base < base && range_end > end) {
			struct memory_range upper = {end, range_end - end, range->kind};

			range->size = base - range->base;
			range_insert_at(info, i + 1, upper);
			i += 2;
		} else if (range->base < base) {
			range->size = base - range->base;
			i++;
		} else if (range_end > end) {
			range->base = end;
			range->size = range_end - end;
			i++;
		} else {
			range_remove_at(info, i);
		}
	}
}

void boot_range_add(struct boot_info *info, phys_addr_t base, u64 size, enum memory_kind kind)
{
	phys_addr_t end;
	unsigned int i;

	if (base >= BOOT_PHYS_MAX || !size)
		return;
	end = size > BOOT_PHYS_MAX - base ? BOOT_PHYS_MAX : base + size;
	/* What is only partly RAM is not RAM. */
	if (kind == MEMORY_RAM) {
		base = round_up(base, 4096);
		end = round_down(end, 4096);
	} else {
		base = round_down(base, 4096);
		end = round_up(end, 4096);
	}
	if (base >= end)
		return;
	ranges_carve(info, base, end);
	for (i = 0; i < info->range_count && info->ranges[i].base < base; i++)
		;
	if (i > 0 && info->ranges[i - 1].kind == kind &&
	    info->ranges[i - 1].base + info->ranges[i - 1].size == base) {
		info->ranges[i - 1].size += end - base;
		return;
	}
	range_insert_at(info, i, (struct memory_range){base, end - base, kind});
}

void boot_cmdline_set(struct boot_info *info, const char *text, size_t limit)
{
	size_t n = 0;

	while (n < limit && n < sizeof(info->cmdline) - 1 && text[n])
		n++;
	memcpy(info->cmdline, text, n);
	info->cmdline[n] = '\0';
}

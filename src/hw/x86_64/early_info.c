#include "hw/boot_int.h"
#include "hw/x86_64/early_int.h"
#include "lib/string.h"

/*
 * What the boot loader says: PVH's struct hvm_start_info (Xen's docs/misc/pvh.pandoc and
 * public/arch-x86/hvm/start_info.h) or multiboot2's tags (Multiboot2 specification 2.0, 3.6).
 *
 * Runs before relocation, with the first 4 GiB mapped one to one; addresses beyond are ignored.
 */

#define PVH_MAGIC 0x336ec578
#define MB2_MAGIC 0x36d76289
#define LOW_END   (1ull << 32)

struct pvh_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp;
	/* Version 1. */
	u64 map;
	u32 map_count, reserved;
};

struct pvh_module {
	u64 base, size, cmdline, reserved;
};

struct pvh_range {
	u64 base, size;
	u32 kind, reserved;
};

struct mb2_tag {
	u32 kind, size;
};

enum mb2_kind {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_MODULE = 3,
	MB2_MAP = 6,
	MB2_RSDP_OLD = 14,
	MB2_RSDP_NEW = 15,
};

struct mb2_module {
	struct mb2_tag tag;
	u32 base, end;
};

struct mb2_map {
	struct mb2_tag tag;
	u32 entry_size, version;
};

/* multiboot2 gives a copy of the RSDP; it is kept here. */
static u8 rsdp_copy[64] __aligned(16);

/* Kinds of ranges as in E820 and ACPI's table 15.4. */
#define E820_RAM  1
#define E820_ACPI 3

/*
 * pass 0 adds RAM, pass 1 all else, which so wins where they overlap. The first MiB is the
 * firmware's, and ours for starting CPUs.
 */
static void range_read(u64 base, u64 size, u32 kind, unsigned int pass)
{
	if (kind == E820_RAM && base < 0xa0000 && size >= 0x2000 && pass == 0) {
		/* The last page that is RAM, away from where loaders leave their information. */
		u64 end = min(base + min(size, 0xa0000ull), 0x90000ull);

		if (round_down(end, 4096) >= base + 4096)
			early.trampoline = round_down(end, 4096) - 4096;
	}
	if (pass == 0 && kind == E820_RAM)
		boot_range_add(&boot_info, base, size, MEMORY_RAM);
	if (pass == 1 && kind != E820_RAM)
		boot_range_add(&boot_info, base, size,
			       kind == E820_ACPI ? MEMORY_ACPI : MEMORY_RESERVED);
}

static void module_read(u64 base, u64 size)
{
	if (boot_info.initrd_size || base >= LOW_END || size >= LOW_END - base)
		return;
	boot_info.initrd_base = base;
	boot_info.initrd_size = size;
}

static void pvh_read(const struct pvh_info *info)
{
	if (info->version >= 1 && info->map < LOW_END && info->map_count < 4096) {
		const struct pvh_range *map = (const struct pvh_range *)info->map;

		for (unsigned int pass = 0; pass < 2; pass++)
			for (u32 i = 0; i < info->map_count; i++)
				range_read(map[i].base, map[i].size, map[i].kind, pass);
	}
	if (info->module_count && info->modules && info->modules < LOW_END) {
		const struct pvh_module *module = (const struct pvh_module *)info->modules;

		module_read(module->base, module->size);
	}
	if (info->cmdline && info->cmdline < LOW_END - BOOT_CMDLINE_MAX)
		boot_cmdline_set(&boot_info, (const char *)info->cmdline, BOOT_CMDLINE_MAX);
	boot_info.acpi_rsdp = info->rsdp;
}

static void mb2_map_read(const struct mb2_map *map)
{
	if (map->entry_size < 24)
		return;
	for (unsigned int pass = 0; pass < 2; pass++)
		for (u32 at = sizeof(*map); at + 24 <= map->tag.size; at += map->entry_size) {
			const struct pvh_range *range = (const void *)((const u8 *)map + at);
			range_read(range->base, range->size, range->kind, pass);
		}
}

static void mb2_rsdp_read(const struct mb2_tag *tag)
{
	size_t n = min_t(size_t, tag->size - sizeof(*tag), sizeof(rsdp_copy));

	memcpy(rsdp_copy, tag + 1, n);
	boot_info.acpi_rsdp = (unsigned long)rsdp_copy;
}

static void mb2_read(const u32 *info)
{
	u32 total = info[0];

	for (u32 at = 8; at + sizeof(struct mb2_tag) <= total;) {
		const struct mb2_tag *tag = (const void *)((const u8 *)info + at);

		if (tag->kind == MB2_END || tag->size < sizeof(*tag) || tag->size > total - at)
			break;
		if (tag->kind == MB2_CMDLINE) {
			boot_cmdline_set(&boot_info, (const char *)(tag + 1),
					 tag->size - sizeof(*tag));
		} else if (tag->kind == MB2_MODULE && tag->size >= sizeof(struct mb2_module)) {
			const struct mb2_module *module = (const void *)tag;
			if (module->end > module->base)
				module_read(module->base, module->end - module->base);
		} else if (tag->kind == MB2_MAP && tag->size >= sizeof(struct mb2_map)) {
			mb2_map_read((const void *)tag);
		} else if (tag->kind == MB2_RSDP_NEW ||
			   (tag->kind == MB2_RSDP_OLD && !boot_info.acpi_rsdp)) {
			mb2_rsdp_read(tag);
		}
		at += round_up(tag->size, 8);
	}
}

void early_info_read(u32 magic, phys_addr_t info)
{
	if (magic == MB2_MAGIC)
		mb2_read((const u32 *)info);
	else if (((const struct pvh_info *)info)->magic == PVH_MAGIC)
		pvh_read((const struct pvh_info *)info);
	boot_range_add(&boot_info, 0, 0x100000, MEMORY_RESERVED);
}

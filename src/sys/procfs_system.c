/* The system-wide files of /proc: proc(5). */
#include "hw/cpu.h"
#include "lib/clock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page.h"
#include "sys/cmdline.h"
#include "sys/procfs_int.h"
#include "sys/uts.h"
#include "vfs/block.h"
#include "vfs/buffer.h"
#include "vfs/pagecache.h"
#include "vfs/vfs.h"

#define LOAD_SHIFT 16

static u64 kib(size_t pages)
{
	return (u64)pages << (PAGE_SHIFT - 10);
}

int procfs_show_cmdline(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "%s\n", cmdline_text());
	return 0;
}

int procfs_show_cpuinfo(struct text_buffer *text, const struct pseudo_key *key)
{
	char *buf = kmalloc(PAGE_SIZE, MM_NORMAL);
	if (!buf)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
		text_append(text, buf, cpu_describe(cpu, buf, PAGE_SIZE));
	kfree(buf);
	return 0;
}

int procfs_show_meminfo(struct text_buffer *text, const struct pseudo_key *key)
{
	struct mm_stats mm;
	struct pagecache_stats cache;
	size_t buffers, dirty_buffers;
	mm_stats_get(&mm);
	pagecache_stats_get(&cache);
	buffer_usage_get(&buffers, &dirty_buffers);
	const struct {
		const char *name;
		u64 kib;
	} lines[] = {
	    {"MemTotal:", kib(mm.total)},
	    {"MemFree:", kib(mm.free)},
	    {"MemAvailable:", kib(mm.available)},
	    {"Buffers:", buffers / 1024},
	    {"Cached:", kib(cache.pages)},
	    {"SwapCached:", 0},
	    {"SwapTotal:", 0},
	    {"SwapFree:", 0},
	    {"Dirty:", kib(cache.dirty) + dirty_buffers / 1024},
	    {"Writeback:", kib(cache.writeback)},
	    {"AnonPages:", kib(mm.anon)},
	    {"Shmem:", kib(cache.memory)},
	    {"Slab:", kib(mm.slab)},
	    {"KernelStack:", kib(mm.kernel_stacks)},
	    {"PageTables:", kib(mm.page_tables)},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		text_printf(text, "%-16s%8llu kB\n", lines[i].name, lines[i].kib);
	return 0;
}

int procfs_show_uptime(struct text_buffer *text, const struct pseudo_key *key)
{
	u64 now = clock_monotonic_ns(), idle = 0;
	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
		struct sched_cpu_time time;
		sched_cpu_time_get(cpu, &time);
		idle += time.idle;
	}
	text_printf(text, "%llu.%02llu %llu.%02llu\n", now / NSEC_PER_SEC, now / 10000000 % 100,
		    idle / NSEC_PER_SEC, idle / 10000000 % 100);
	return 0;
}

int procfs_show_slabinfo(struct text_buffer *text, const struct pseudo_key *key)
{
	struct slab_info info;
	text_printf(text, "slabinfo - version: 2.1\n"
			  "# name            <active_objs> <num_objs> <objsize> <objperslab> "
			  "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
			  "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned int n = 0; slab_info_get(n, &info); n++)
		text_printf(text,
			    "%-17s %6zu %6zu %6zu %4zu %4zu : tunables %4u %4u %4u : slabdata "
			    "%6zu %6zu %6u\n",
			    info.name, info.active_objects, info.total_objects, info.object_size,
			    info.objects_per_slab, info.pages_per_slab, 0u, 0u, 0u, info.slabs,
			    info.slabs, 0u);
	return 0;
}

int procfs_show_loadavg(struct text_buffer *text, const struct pseudo_key *key)
{
	unsigned long load[3];
	unsigned int threads = 0;
	int last = 0;
	struct process *process;
	sched_load_get(load);
	irqflags_t flags = irqlock_lock(&process_lock);
	list_for_each_entry(process, &process_list, all_node) {
		threads += process->thread_count;
		last = max(last, process->pid);
	}
	irqlock_unlock(&process_lock, flags);
	for (unsigned int i = 0; i < 3; i++) {
		unsigned long rounded = load[i] + (1ul << LOAD_SHIFT) / 200;
		text_printf(text, "%lu.%02lu ", rounded >> LOAD_SHIFT,
			    (rounded & ((1ul << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT);
	}
	text_printf(text, "%u/%u %d\n", sched_runnable_count(), threads, last);
	return 0;
}

static void show_cpu_line(struct text_buffer *text, const char *name,
			  const struct sched_cpu_time *time)
{
	text_printf(text, "%s %llu %llu %llu %llu 0 0 0 0 0 0\n", name, procfs_ticks(time->user),
		    procfs_ticks(time->nice), procfs_ticks(time->system), procfs_ticks(time->idle));
}

int procfs_show_stat(struct text_buffer *text, const struct pseudo_key *key)
{
	struct sched_cpu_time sum = {0}, time;
	char name[16];
	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
		sched_cpu_time_get(cpu, &time);
		sum.user += time.user;
		sum.nice += time.nice;
		sum.system += time.system;
		sum.idle += time.idle;
	}
	show_cpu_line(text, "cpu ", &sum);
	for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
		sched_cpu_time_get(cpu, &time);
		ksnprintf(name, sizeof(name), "cpu%u", cpu);
		show_cpu_line(text, name, &time);
	}
	s64 boot = clock_realtime().sec - (s64)(clock_monotonic_ns() / NSEC_PER_SEC);
	text_printf(text,
		    "ctxt %llu\nbtime %lld\nprocesses %llu\nprocs_running %u\nprocs_blocked 0\n",
		    sched_switch_count(), boot, process_created_count(), sched_runnable_count());
	return 0;
}

int procfs_show_version(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "Linux version %s (%s) %s\n", uts_release(), "Aramid", uts_version());
	return 0;
}

static int show_type(struct fs_type *type, void *arg)
{
	text_printf(arg, "%s\t%s\n", type->needs_device ? "" : "nodev", type->name);
	return 0;
}

int procfs_show_filesystems(struct text_buffer *text, const struct pseudo_key *key)
{
	(void)fs_type_for_each(show_type, text);
	return 0;
}

int procfs_show_devices(struct text_buffer *text, const struct pseudo_key *key)
{
	static const char character[] =
	    "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n229 hvc\n";
	text_printf(text, "%s\nBlock devices:\n254 virtblk\n", character);
	return 0;
}

static int show_partition(struct block_device *bdev, void *arg)
{
	text_printf(arg, "%4u %8u %10llu %s\n", bdev->major, bdev->minor, bdev->sectors / 2,
		    bdev->name);
	return 0;
}

int procfs_show_partitions(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "major minor  #blocks  name\n\n");
	(void)block_for_each(show_partition, text);
	return 0;
}

static int show_disk(struct block_device *bdev, void *arg)
{
	text_printf(arg, "%4u %7u %s %llu 0 %llu 0 %llu 0 %llu 0 %u 0 0 %llu 0 %llu 0 %llu 0\n",
		    bdev->major, bdev->minor, bdev->name, bdev->stat_ios[BIO_READ],
		    bdev->stat_sectors[BIO_READ], bdev->stat_ios[BIO_WRITE],
		    bdev->stat_sectors[BIO_WRITE], bdev->stat_in_flight,
		    bdev->stat_ios[BIO_DISCARD], bdev->stat_sectors[BIO_DISCARD],
		    bdev->stat_ios[BIO_FLUSH]);
	return 0;
}

int procfs_show_diskstats(struct text_buffer *text, const struct pseudo_key *key)
{
	(void)block_for_each(show_disk, text);
	return 0;
}

int procfs_show_swaps(struct text_buffer *text, const struct pseudo_key *key)
{
	text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

int procfs_show_vmstat(struct text_buffer *text, const struct pseudo_key *key)
{
	struct mm_stats mm;
	struct pagecache_stats cache;
	mm_stats_get(&mm);
	pagecache_stats_get(&cache);
	text_printf(text,
		    "nr_free_pages %zu\nnr_anon_pages %zu\nnr_file_pages %zu\nnr_dirty %zu\n"
		    "nr_writeback %zu\nnr_shmem %zu\nnr_page_table_pages %zu\n",
		    mm.free, mm.anon, cache.pages, cache.dirty, cache.writeback, cache.memory,
		    mm.page_tables);
	return 0;
}

#include "lib/log.h"
#include "mm/radix_node.h"
#include "mm/mm.h"
#include "mm/mm_int.h"
#include "mm/page_int.h"
#include "mm/slab_int.h"

void mm_init(void)
{
	struct mm_stats stats;

	page_init();
	slab_init();
	kmalloc_init();
	radix_node_init();
	mm_spaces_init();
	mm_stats_get(&stats);
	log_info("mm: %zu MiB of RAM to use", stats.total >> (20 - PAGE_SHIFT));
}

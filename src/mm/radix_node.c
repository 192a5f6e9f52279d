/* Memory for lib/radix.h: one slab cache for the nodes of all radix trees. */
#include "lib/assert.h"
#include "lib/radix.h"
#include "mm/kmalloc.h"
#include "mm/radix_node.h"

static struct slab_cache *node_cache;

void radix_node_init(void)
{
	node_cache = slab_cache_create("radix_node", RADIX_NODE_SIZE, 8);
}

void *radix_node_alloc(unsigned int mm_flags)
{
	VERIFY(node_cache != NULL);
	return slab_alloc(node_cache, mm_flags | MM_ZERO);
}

void radix_node_free(void *node)
{
	slab_free(node_cache, node);
}

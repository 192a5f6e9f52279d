/*
 * Memory for the nodes of radix trees. Called once at boot, when slab_cache_create() works and
 * before the first radix_insert(); the hosted build calls it before main().
 */
#ifndef MM_RADIX_NODE_H
#define MM_RADIX_NODE_H

void radix_node_init(void);

#endif

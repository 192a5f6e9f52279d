/*
 * kmalloc: slab caches of round sizes up to half a page, whole frames above.
 *
 * A pointer's frame says what it is: PG_SLAB leads to the cache; otherwise the frame is the first
 * of a block and page->order is its size.
 */
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/page_int.h"
#include "mm/slab_int.h"

#define SLAB_SIZE_MAX 2048
#define SIZE_STEP     16

static const struct {
	u16 size;
	const char *name;
} size_classes[] = {
    {16, "kmalloc-16"},     {32, "kmalloc-32"},     {48, "kmalloc-48"},   {64, "kmalloc-64"},
    {96, "kmalloc-96"},     {128, "kmalloc-128"},   {192, "kmalloc-192"}, {256, "kmalloc-256"},
    {384, "kmalloc-384"},   {512, "kmalloc-512"},   {768, "kmalloc-768"}, {1024, "kmalloc-1024"},
    {1360, "kmalloc-1360"}, {2048, "kmalloc-2048"},
};

static struct slab_cache *size_caches[ARRAY_SIZE(size_classes)];
static u8 class_of_step[SLAB_SIZE_MAX / SIZE_STEP + 1]; /* by size in steps, rounded up */

void kmalloc_init(void)
{
	unsigned int class = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(size_classes); i++) {
		size_t size = size_classes[i].size;

		size_caches[i] =
		    slab_cache_create(size_classes[i].name, size, is_pow2(size) ? size : 16);
	}
	for (unsigned int step = 0; step < ARRAY_SIZE(class_of_step); step++) {
		while (size_classes[class].size < step * SIZE_STEP)
			class ++;
		class_of_step[step] = (u8) class;
	}
}

void *kmalloc(size_t size, unsigned int flags)
{
	if (likely(size <= SLAB_SIZE_MAX))
		return slab_alloc(size_caches[class_of_step[DIV_ROUND_UP(size, SIZE_STEP)]], flags);
	if (size > KMALLOC_MAX)
		return NULL;
	unsigned int order = ilog2_up(DIV_ROUND_UP(size, PAGE_SIZE));
	struct page *page = page_alloc(order, flags);

	if (!page)
		return NULL;
	page->order = order;
	return page_address_inline(page);
}

void *kcalloc(size_t n, size_t size, unsigned int flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, flags | MM_ZERO);
}

static size_t allocated_size(const void *p)
{
	struct page *page = page_from_address(p);

	return page->flags & BIT(PG_SLAB) ? slab_object_size(page->slab_cache)
					  : PAGE_SIZE << page->order;
}

void *krealloc(void *old, size_t old_size, size_t new_size, unsigned int flags)
{
	void *fresh;

	if (old) {
		size_t has = allocated_size(old);

		ASSERT_LE(old_size, has);
		if (new_size <= has && new_size >= has / 4) {
			if (flags & MM_ZERO && new_size > old_size)
				memset((char *)old + old_size, 0, new_size - old_size);
			return old;
		}
	}
	fresh = kmalloc(new_size, flags);
	if (!fresh)
		return NULL;
	if (old)
		memcpy(fresh, old, min(old_size, new_size));
	kfree(old);
	return fresh;
}

void kfree(void *p)
{
	if (!p)
		return;
	struct page *page = page_from_address(p);

	if (likely(page->flags & BIT(PG_SLAB))) {
		slab_free(page->slab_cache, p);
		return;
	}
	VERIFY(is_aligned((unsigned long)p, PAGE_SIZE));
	page_free(page, page->order);
}

char *kstrdup(const char *s, unsigned int flags)
{
	size_t size = strlen(s) + 1;
	char *copy = kmalloc(size, flags);

	return copy ? memcpy(copy, s, size) : NULL;
}

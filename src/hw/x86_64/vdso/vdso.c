#include "hw/vdso.h"
#include "hw/irq.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/vdso/vdso_data.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/page.h"

/*
 * The kernel's side of the vDSO: pages that hold a copy of its image behind the data page, and the
 * writers of that page. Without memory for them there is no vDSO; programs do without.
 */

#define PAGES_MAX 8

extern const u8 vdso_image_start[], vdso_image_end[];

static struct irqlock data_lock = IRQLOCK_INIT("vdso data");
static struct vdso_data current_data; /* data_lock */
static struct vdso_data *data_page;   /* what user mode sees; data_lock */
static struct page *pages[PAGES_MAX];
static unsigned int page_count;

/* Shows user mode what current_data says now. */
static void data_publish(void)
{
	if (!data_page)
		return;
	__atomic_store_n(&data_page->seq, data_page->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	current_data.seq = data_page->seq;
	*data_page = current_data;
	__atomic_store_n(&data_page->seq, current_data.seq + 1, __ATOMIC_RELEASE);
}

void vdso_init(void)
{
	size_t size = (size_t)(vdso_image_end - vdso_image_start);
	unsigned int count = 1 + (unsigned int)DIV_ROUND_UP(size, PAGE_SIZE);
	irqflags_t flags;

	if (count > PAGES_MAX)
		return;
	for (unsigned int i = 0; i < count; i++) {
		size_t at = i ? (i - 1) * PAGE_SIZE : 0;

		pages[i] = page_alloc(0, MM_NORMAL | MM_ZERO);
		if (!pages[i]) {
			log_warn("vdso: no memory");
			while (i--)
				page_free(pages[i], 0);
			return;
		}
		if (i)
			memcpy(page_address(pages[i]), vdso_image_start + at,
			       min(size - at, PAGE_SIZE));
	}
	page_count = count;
	flags = irqlock_lock(&data_lock);
	data_page = page_address(pages[0]);
	current_data.has_rdtscp = cpu_features.rdtscp;
	data_publish();
	irqlock_unlock(&data_lock, flags);
}

unsigned int vdso_page_count(void)
{
	return page_count;
}

struct page *vdso_page(unsigned int index)
{
	return index < page_count ? pages[index] : NULL;
}

unsigned long vdso_sigreturn_offset(void)
{
	return 0; /* programs always name a restorer on this machine */
}

void vdso_realtime_set(s64 offset_ns)
{
	irqflags_t flags = irqlock_lock(&data_lock);

	current_data.realtime_offset = offset_ns;
	data_publish();
	irqlock_unlock(&data_lock, flags);
}

void vdso_clock_set(const struct hw_clock *clock)
{
	irqflags_t flags = irqlock_lock(&data_lock);

	current_data.mult = clock->mult;
	current_data.shift = clock->shift;
	current_data.base_tsc = clock->base_tsc;
	current_data.base_ns = clock->base_ns;
	data_publish();
	irqlock_unlock(&data_lock, flags);
}

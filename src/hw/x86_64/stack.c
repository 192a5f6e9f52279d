#include "hw/mmu.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/assert.h"
#include "lib/lock.h"

/*
 * Kernel stacks, each in a slot of its own whose first page is never mapped: an overflow faults.
 *
 * Freed stacks stay mapped on a list for the next thread, up to a limit; beyond it a batch of them
 * is taken apart with one flush of all TLBs, and only then slots and frames are used again.
 */

#define SLOT_SIZE  (2ul * THREAD_STACK_SIZE)
#define SLOTS      65536u
#define FREE_LIMIT 64
#define BATCH      32

/* At the top of a free stack, where it costs no additional page. */
struct free_stack {
	struct free_stack *next;
};

static struct spinlock stack_lock = SPINLOCK_INIT("kernel stacks");
static struct free_stack *free_stacks; /* stack_lock, as all below */
static unsigned int free_count;
static u64 slots_used[SLOTS / 64];
static unsigned int slot_hint;

static unsigned long slot_address(unsigned int slot)
{
	return STACK_AREA + slot * SLOT_SIZE + (SLOT_SIZE - THREAD_STACK_SIZE);
}

static unsigned int slot_of(const void *stack)
{
	return (unsigned int)(((unsigned long)stack - STACK_AREA) / SLOT_SIZE);
}

static int slot_take(unsigned int *slot)
{
	for (unsigned int n = 0; n < SLOTS / 64; n++) {
		unsigned int word = (slot_hint + n) % (SLOTS / 64);

		if (~slots_used[word]) {
			unsigned int bit = (unsigned int)__builtin_ctzll(~slots_used[word]);

			slots_used[word] |= BIT64(bit);
			slot_hint = word;
			*slot = word * 64 + bit;
			return 0;
		}
	}
	return -ENOSPC;
}

static void slot_release(unsigned int slot)
{
	spin_lock(&stack_lock);
	slots_used[slot / 64] &= ~BIT64(slot % 64);
	spin_unlock(&stack_lock);
}

/* Clears the mapping of [stack, stack + size); the frames are the caller's to free after a flush.
 */
static void stack_unmap(void *stack, size_t size, struct list_head *frames)
{
	unsigned long va = (unsigned long)stack;

	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		struct page *page = page_from_phys(mmu_kernel_phys(va + at));
		list_add(&page->lru, frames);
	}
	mmu_kernel_clear(va, size);
}

static void frames_free(struct list_head *frames)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, frames, lru) {
		list_del(&page->lru);
		page_free(page, 0);
		mm_count(MM_COUNT_KERNEL_STACKS, -1);
	}
}

static void *stack_make(void)
{
	LIST_HEAD(frames);
	unsigned long va;
	unsigned int slot;
	size_t at;
	int err;

	spin_lock(&stack_lock);
	err = slot_take(&slot);
	spin_unlock(&stack_lock);
	if (err)
		return NULL;
	va = slot_address(slot);
	for (at = 0; at < THREAD_STACK_SIZE; at += PAGE_SIZE) {
		struct page *page = page_alloc(0, MM_NORMAL);

		if (!page)
			goto undo;
		if (mmu_kernel_map(va + at, page_phys(page), PAGE_SIZE, PTE_READ | PTE_WRITE)) {
			page_free(page, 0);
			goto undo;
		}
		mm_count(MM_COUNT_KERNEL_STACKS, 1);
	}
	return (void *)va;
undo:
	stack_unmap((void *)va, at, &frames);
	mmu_kernel_flush();
	frames_free(&frames);
	slot_release(slot);
	return NULL;
}

static struct free_stack *free_stack_at(void *stack)
{
	return (struct free_stack *)((char *)stack + THREAD_STACK_SIZE) - 1;
}

void *kernel_stack_alloc(void)
{
	struct free_stack *free;

	spin_lock(&stack_lock);
	free = free_stacks;
	if (free) {
		free_stacks = free->next;
		free_count--;
	}
	spin_unlock(&stack_lock);
	return free ? (char *)(free + 1) - THREAD_STACK_SIZE : stack_make();
}

/* Takes apart those that were free the longest. Their slots are used again only after the flush. */
static void batch_release(struct free_stack *batch)
{
	unsigned int slots[BATCH + 1], count = 0;
	LIST_HEAD(frames);

	while (batch) {
		struct free_stack *next = batch->next;
		void *stack = (char *)(batch + 1) - THREAD_STACK_SIZE;

		slots[count++] = slot_of(stack);
		stack_unmap(stack, THREAD_STACK_SIZE, &frames);
		batch = next;
	}
	if (!count)
		return;
	mmu_kernel_flush();
	frames_free(&frames);
	while (count)
		slot_release(slots[--count]);
}

void kernel_stack_free(void *stack)
{
	struct free_stack *free, *batch = NULL;

	if (!stack)
		return;
	free = free_stack_at(stack);
	spin_lock(&stack_lock);
	free->next = free_stacks;
	free_stacks = free;
	if (++free_count > FREE_LIMIT) {
		struct free_stack *last = free_stacks;

		for (unsigned int i = 1; i < FREE_LIMIT - BATCH; i++)
			last = last->next;
		batch = last->next;
		last->next = NULL;
		free_count = FREE_LIMIT - BATCH;
	}
	spin_unlock(&stack_lock);
	batch_release(batch);
}

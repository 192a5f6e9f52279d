/*
 * The random number generator of the system: one pool (random_pool.h), and a small stock of bytes
 * made ahead for each CPU.
 *
 * Seeds: the processor's generator and virtio-rng where there are; always the cycle counter at
 * moments that vary (first uses, device start-up), which under an emulator is weak but better than
 * nothing. The generator never blocks.
 */
#include "sys/random.h"

#include "hw/cpu.h"
#include "hw/irq.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/park.h"
#include "lib/string.h"
#include "sys/random_pool.h"
#include "sys/syscall.h"
#include "vfs/uio.h"

#include <linux/random.h>

#define CHUNK_SIZE 256

static struct irqlock random_lock = IRQLOCK_INIT("random");
static struct random_pool random_pool; /* random_lock */
static bool random_seeded;             /* random_lock */

/* Bytes made ahead, for small requests. */
#define STOCK_SIZE 256u

struct random_stock {
	bool busy;
	u32 generation;
	size_t left; /* unused bytes, from the start */
	u8 bytes[STOCK_SIZE];
} __cache_aligned;

static struct random_stock random_stocks[CPU_MAX];
static u32 random_generation; /* random_lock; counts added entropy */

static void seed(void)
{
	u8 bytes[RANDOM_KEY];
	u64 times[2] = {cpu_cycles(), clock_monotonic_ns()};
	size_t n = min(hw_entropy(bytes, sizeof(bytes)), sizeof(bytes));

	random_pool_mix(&random_pool, bytes, n);
	random_pool_mix(&random_pool, times, sizeof(times));
	random_seeded = true;
}

/* Fills buf from a stream that only this request sees. */
static void stream_fill(u8 *buf, size_t n)
{
	u8 key[RANDOM_KEY];
	irqflags_t flags = irqlock_lock(&random_lock);

	if (unlikely(!random_seeded))
		seed();
	random_pool_take(&random_pool, key);
	irqlock_unlock(&random_lock, flags);
	random_stream(key, buf, n);
}

/*
 * A few bytes from this CPU's stock. As everywhere with per-CPU data, an interrupt that finds it in
 * use goes another way. What was given out is erased, and new entropy makes the stock stale.
 */
static bool stock_take(void *buf, size_t n)
{
	struct random_stock *stock = &random_stocks[cpu_id()];

	if (n > STOCK_SIZE / 4 || stock->busy)
		return false;
	stock->busy = true;
	barrier();
	if (stock->left < n || stock->generation != READ_ONCE(random_generation)) {
		stock->generation = READ_ONCE(random_generation);
		stream_fill(stock->bytes, STOCK_SIZE);
		stock->left = STOCK_SIZE;
	}
	stock->left -= n;
	memcpy(buf, stock->bytes + stock->left, n);
	memset(stock->bytes + stock->left, 0, n);
	barrier();
	stock->busy = false;
	return true;
}

void random_bytes(void *buf, size_t n)
{
	if (!stock_take(buf, n))
		stream_fill(buf, n);
}

void random_add_entropy(const void *buf, size_t n)
{
	u64 now = cpu_cycles();
	irqflags_t flags = irqlock_lock(&random_lock);

	random_pool_mix(&random_pool, buf, n);
	random_pool_mix(&random_pool, &now, sizeof(now));
	WRITE_ONCE(random_generation, random_generation + 1);
	irqlock_unlock(&random_lock, flags);
}

ssize_t random_read(struct uio *uio)
{
	u8 chunk[CHUNK_SIZE];
	ssize_t done = 0;

	while (uio->resid > 0) {
		size_t now = min(uio->resid, sizeof(chunk)), moved;

		random_bytes(chunk, now);
		moved = uio_copy_out(uio, chunk, now);
		done += (ssize_t)moved;
		if (moved < now)
			return done ? done : -EFAULT;
		if (uio->resid > 0) {
			thread_yield_point();
			if (thread_signal_pending())
				break;
		}
	}
	return done;
}

ssize_t random_write(struct uio *uio)
{
	u8 chunk[CHUNK_SIZE];
	ssize_t done = 0;

	while (uio->resid > 0) {
		size_t now = min(uio->resid, sizeof(chunk)), moved = uio_copy_in(uio, chunk, now);

		random_add_entropy(chunk, moved);
		done += (ssize_t)moved;
		if (moved < now)
			return done ? done : -EFAULT;
		thread_yield_point();
	}
	return done;
}

SYSCALL(getrandom)
{
	unsigned int flags = (unsigned int)args[2];
	struct uio uio;

	if (flags & ~(unsigned int)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	uio_init_user(&uio, (void __user *)args[0], min(args[1], (unsigned long)INT_MAX));
	return random_read(&uio);
}

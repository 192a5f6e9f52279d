/*
 * The random number generator: ChaCha20 with fast key erasure.
 *
 * The state is one key. A request takes a block under that key: its first half becomes the next key
 * and its second half is the result, or, for more than fits, the key of a stream that only this
 * request sees. So what was given out cannot be computed from a later state. Entropy is mixed in by
 * encrypting under a key that it is xored into.
 *
 * Seeds: the processor's generator and virtio-rng where there are; always the cycle counter at
 * moments that vary (first uses, device start-up), which under an emulator is weak but better than
 * nothing. The generator never blocks.
 */
#include "sys/random.h"

#include "hw/cpu.h"
#include "hw/irq.h"
#include "lib/chacha.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/park.h"
#include "lib/string.h"
#include "sys/syscall.h"
#include "vfs/uio.h"

#include <linux/random.h>

#define KEY_SIZE   32
#define CHUNK_SIZE 256

static struct irqlock random_lock = IRQLOCK_INIT("random");
static u8 random_key[KEY_SIZE]; /* random_lock */
static bool random_seeded;      /* random_lock */

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

static void stream_block(const u8 key[KEY_SIZE], u32 counter, u8 out[CHACHA_BLOCK])
{
	static const u8 nonce[12];
	u32 state[16];

	chacha20_init(state, key, counter, nonce);
	chacha20_block(state, out);
}

/* random_lock held. */
static void key_mix(const u8 *bytes, size_t n)
{
	u8 block[CHACHA_BLOCK];

	do {
		size_t now = min(n, (size_t)KEY_SIZE);

		for (size_t i = 0; i < now; i++)
			random_key[i] ^= bytes[i];
		stream_block(random_key, 1, block);
		memcpy(random_key, block, KEY_SIZE);
		bytes += now;
		n -= now;
	} while (n > 0);
}

static void seed(void)
{
	u8 bytes[KEY_SIZE];
	u64 times[2] = {cpu_cycles(), clock_monotonic_ns()};
	size_t n = min(hw_entropy(bytes, sizeof(bytes)), sizeof(bytes));

	key_mix(bytes, n);
	key_mix((const u8 *)times, sizeof(times));
	random_seeded = true;
}

/* A block of output nobody else gets: 32 bytes. */
static void key_take(u8 out[KEY_SIZE])
{
	u8 block[CHACHA_BLOCK];
	irqflags_t flags = irqlock_lock(&random_lock);

	if (unlikely(!random_seeded))
		seed();
	stream_block(random_key, 0, block);
	memcpy(random_key, block, KEY_SIZE);
	irqlock_unlock(&random_lock, flags);
	memcpy(out, block + KEY_SIZE, KEY_SIZE);
}

/* Fills buf from a stream that only this request sees. */
static void stream_fill(u8 *at, size_t n)
{
	u8 key[KEY_SIZE], block[CHACHA_BLOCK];

	key_take(key);
	for (u32 counter = 0; n > 0; counter++) {
		size_t now = min(n, sizeof(block));

		stream_block(key, counter, block);
		memcpy(at, block, now);
		at += now;
		n -= now;
	}
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

	key_mix(buf, n);
	key_mix((const u8 *)&now, sizeof(now));
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

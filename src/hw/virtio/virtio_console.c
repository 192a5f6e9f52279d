/*
 * virtio console: virtio 1.2 §5.3, the first port only, as /dev/hvc0.
 *
 * Input buffers of one page each are offered to the device and given back once their bytes went to
 * the terminal. Output is copied into a small set of buffers; when none is free the terminal waits
 * for the completion interrupt.
 *
 * Locking: console->lock (irqlock) guards both queues and the free output buffers.
 */
#include "hw/virtio/virtio.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "sys/tty.h"

#define HVC_MAJOR      229
#define INPUT_BUFFERS  4
#define OUTPUT_BUFFERS 16
#define BUFFER_BYTES   512

struct console_buffer {
	struct list_head node;
	u8 data[BUFFER_BYTES];
};

struct virtio_console {
	struct irqlock lock;
	struct virtqueue *input, *output; /* lock */
	struct list_head free_output;     /* lock */
	unsigned int free_count;          /* lock */
	struct tty *tty;
};

/* Lock held. */
static int offer_input(struct virtio_console *console, struct console_buffer *buffer)
{
	struct virtio_segment segment = {virtio_phys(buffer->data), BUFFER_BYTES};
	return virtqueue_push(console->input, &segment, 0, 1, NULL, buffer);
}

static void input_interrupt(struct virtqueue *queue)
{
	struct virtio_console *console = virtqueue_driver_data(queue);
	struct console_buffer *buffer;
	bool more = true;
	u32 written;
	while (more) {
		irqlock_lock_raw(&console->lock);
		buffer = virtqueue_pop(queue, &written);
		more = buffer || virtqueue_rearm(queue);
		irqlock_unlock_raw(&console->lock);
		if (!buffer)
			continue;
		if (console->tty)
			tty_input(console->tty, (const char *)buffer->data,
				  min_t(u32, written, BUFFER_BYTES));
		irqlock_lock_raw(&console->lock);
		bool notify = !offer_input(console, buffer) && virtqueue_kick_prepare(queue);
		irqlock_unlock_raw(&console->lock);
		if (notify)
			virtqueue_notify(queue);
	}
}

static void output_interrupt(struct virtqueue *queue)
{
	struct virtio_console *console = virtqueue_driver_data(queue);
	struct console_buffer *buffer;
	u32 written;
	irqlock_lock_raw(&console->lock);
	do {
		while ((buffer = virtqueue_pop(queue, &written))) {
			list_add(&buffer->node, &console->free_output);
			console->free_count++;
		}
	} while (virtqueue_rearm(queue) && console->free_count < OUTPUT_BUFFERS);
	irqlock_unlock_raw(&console->lock);
	if (console->tty)
		tty_write_wakeup(console->tty);
}

static size_t console_write(struct tty *tty, const char *s, size_t n)
{
	struct virtio_console *console = tty_driver_data(tty);
	size_t done = 0;
	irqflags_t flags = irqlock_lock(&console->lock);
	while (done < n && !list_empty(&console->free_output)) {
		struct console_buffer *buffer =
		    list_first_entry(&console->free_output, struct console_buffer, node);
		size_t piece = min_t(size_t, n - done, BUFFER_BYTES);
		struct virtio_segment segment = {virtio_phys(buffer->data), (u32)piece};
		memcpy(buffer->data, s + done, piece);
		if (virtqueue_push(console->output, &segment, 1, 0, NULL, buffer))
			break;
		list_del(&buffer->node);
		console->free_count--;
		done += piece;
	}
	bool notify = virtqueue_kick_prepare(console->output);
	irqlock_unlock(&console->lock, flags);
	if (notify)
		virtqueue_notify(console->output);
	return done;
}

static size_t console_write_room(struct tty *tty)
{
	struct virtio_console *console = tty_driver_data(tty);
	return (size_t)READ_ONCE(console->free_count) * BUFFER_BYTES;
}

static const struct tty_driver driver = {.write = console_write, .write_room = console_write_room};

/* Power-of-two sized and so aligned by kmalloc: data does not cross a page. */
static struct console_buffer *buffer_alloc(void)
{
	return kmalloc(2 * BUFFER_BYTES, MM_ZERO);
}

int virtio_console_probe(struct virtio_device *device)
{
	static bool have_one;
	if (have_one)
		return -EBUSY;
	int err = virtio_negotiate(device, 0);
	if (err)
		return err;
	struct virtio_console *console = kmalloc(sizeof(*console), MM_ZERO);
	if (!console)
		return -ENOMEM;
	irqlock_init(&console->lock, "virtio console");
	list_init(&console->free_output);
	err = virtqueue_create(device, 0, 64, 0, input_interrupt, console, &console->input);
	if (!err)
		err =
		    virtqueue_create(device, 1, 64, 0, output_interrupt, console, &console->output);
	if (err)
		return err;
	virtio_ready(device);
	for (unsigned int i = 0; i < OUTPUT_BUFFERS; i++) {
		struct console_buffer *buffer = buffer_alloc();
		if (!buffer)
			break;
		list_add(&buffer->node, &console->free_output);
		console->free_count++;
	}
	console->tty = tty_register("hvc0", HVC_MAJOR, 0, &driver, console);
	if (!console->tty)
		return -ENOMEM;
	have_one = true;
	irqflags_t flags = irqlock_lock(&console->lock);
	for (unsigned int i = 0; i < INPUT_BUFFERS; i++) {
		struct console_buffer *buffer = buffer_alloc();
		if (!buffer || offer_input(console, buffer))
			break;
	}
	bool notify = virtqueue_kick_prepare(console->input);
	irqlock_unlock(&console->lock, flags);
	if (notify)
		virtqueue_notify(console->input);
	log_info("%s: console hvc0", device->name);
	return 0;
}

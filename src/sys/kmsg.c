/*
 * The kernel log for programs, syslog(2) and /dev/kmsg; and, because they are as small, /dev/random
 * and /dev/urandom.
 *
 * A reader of /dev/kmsg keeps the number of its next record in file->pos: each read(2) gives one
 * record in the format of Linux
 * ("level,sequence,microseconds,-;text\n"), -EPIPE once when records were overwritten before they
 * were read.
 */
#include "sys/kmsg.h"

#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/dmesg.h"
#include "sys/random.h"
#include "sys/syscall.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/major.h>

#define LINE_MAX_BYTES 320
#define USER_FACILITY  8 /* what comes through /dev/kmsg counts as user messages */

enum syslog_action {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER,
};

static u64 cleared;     /* syslog readers see nothing older; atomic */
static u64 syslog_next; /* what SYSLOG_READ gives next; atomic */

static int format_kmsg(const struct dmesg_record *record, char *buf, size_t size)
{
	int level = record->level + (record->from_user ? USER_FACILITY : 0);
	return (int)kscnprintf(buf, size, "%d,%llu,%llu,-;%.*s\n", level, record->sequence,
			       record->time_ns / 1000, (int)record->length, record->text);
}

/* ---- /dev/kmsg ---- */

static int kmsg_open(struct inode *inode, struct file *file)
{
	file->pos = (loff_t)dmesg_first();
	return 0;
}

static ssize_t kmsg_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct dmesg_record record;
	char line[LINE_MAX_BYTES];
	while (dmesg_read((u64)*pos, &record)) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(dmesg_wait(), dmesg_next() > (u64)*pos);
		if (err)
			return err;
	}
	if (record.sequence != (u64)*pos) {
		*pos = (loff_t)record.sequence;
		return -EPIPE;
	}
	size_t n = (size_t)format_kmsg(&record, line, sizeof(line));
	if (n > uio->resid)
		return -EINVAL;
	if (uio_copy_out(uio, line, n) != n)
		return -EFAULT;
	*pos = (loff_t)record.sequence + 1;
	return (ssize_t)n;
}

/* "<n>text": n is facility * 8 + level. Without a prefix the level is that of warnings, as on
 * Linux. */
static ssize_t kmsg_write(struct file *file, struct uio *uio, loff_t *pos)
{
	char line[LINE_MAX_BYTES];
	size_t total = uio->resid, n = min(total, sizeof(line) - 1);
	const char *text = line;
	u64 priority = LOG_WARN;
	if (uio_copy_in(uio, line, n) != n)
		return -EFAULT;
	line[n] = '\0';
	if (line[0] == '<') {
		const char *at = line + 1;
		u64 value;
		if (!parse_digits(&at, 10, &value) && *at == '>') {
			priority = value & 7;
			text = at + 1;
		}
	}
	n = strlen(text);
	while (n && text[n - 1] == '\n')
		n--;
	dmesg_write_user((int)priority, text, n);
	uio_advance(uio, uio->resid);
	return (ssize_t)total;
}

static loff_t kmsg_seek(struct file *file, loff_t offset, int whence)
{
	if (offset)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		file->pos = (loff_t)dmesg_first();
		return 0;
	case SEEK_END:
		file->pos = (loff_t)dmesg_next();
		return 0;
	case SEEK_DATA: /* the oldest since the last clear */
		file->pos = (loff_t)max(dmesg_first(), __atomic_load_n(&cleared, __ATOMIC_RELAXED));
		return 0;
	default:
		return -EINVAL;
	}
}

static unsigned int kmsg_poll(struct file *file, struct poll_table *table)
{
	unsigned int events = EPOLLOUT | EPOLLWRNORM;
	poll_wait(file, dmesg_wait(), table);
	if (dmesg_next() > (u64)file->pos)
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

static const struct file_ops kmsg_ops = {.open = kmsg_open,
					 .read = kmsg_read,
					 .write = kmsg_write,
					 .seek = kmsg_seek,
					 .poll = kmsg_poll};

/* ---- /dev/random, /dev/urandom ---- */

static ssize_t random_device_read(struct file *file, struct uio *uio, loff_t *pos)
{
	return random_read(uio);
}

static ssize_t random_device_write(struct file *file, struct uio *uio, loff_t *pos)
{
	return random_write(uio);
}

static unsigned int random_poll(struct file *file, struct poll_table *table)
{
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static const struct file_ops random_ops = {
    .read = random_device_read, .write = random_device_write, .poll = random_poll};

void kmsg_init(void)
{
	static struct chardev devices[] = {
	    {.name = "kmsg", .major = MEM_MAJOR, .minor = 11, .mode = 0644, .ops = &kmsg_ops},
	    {.name = "random", .major = MEM_MAJOR, .minor = 8, .mode = 0666, .ops = &random_ops},
	    {.name = "urandom", .major = MEM_MAJOR, .minor = 9, .mode = 0666, .ops = &random_ops},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
		chardev_register(&devices[i]);
}

/* ---- syslog(2) ---- */

/* Copies whole lines [first, end) to user memory. Bytes copied or -errno. Not inlined, so that its
 * line and its caller's are not on the stack at once. */
static __noinline long copy_lines(u64 first, u64 end, char __user *buf, size_t size)
{
	struct dmesg_record record;
	char line[LINE_MAX_BYTES];
	size_t done = 0;
	for (u64 at = first; at < end && !dmesg_read(at, &record) && record.sequence < end;
	     at = record.sequence + 1) {
		size_t n = dmesg_format(&record, true, line, sizeof(line));
		if (done + n > size)
			break;
		if (copy_to_user(buf + done, line, n))
			return -EFAULT;
		done += n;
	}
	return (long)done;
}

/* The last lines that fit into size bytes. */
static long read_all(char __user *buf, size_t size)
{
	struct dmesg_record record;
	char line[LINE_MAX_BYTES];
	u64 end = dmesg_next();
	u64 oldest = max(dmesg_first(), __atomic_load_n(&cleared, __ATOMIC_RELAXED));
	u64 first = end;
	size_t total = 0;
	while (first > oldest && !dmesg_read(first - 1, &record)) {
		total += dmesg_format(&record, true, line, sizeof(line));
		if (total > size)
			break;
		first--;
	}
	return copy_lines(first, end, buf, size);
}

static long read_next(char __user *buf, size_t size)
{
	u64 next = __atomic_load_n(&syslog_next, __ATOMIC_RELAXED);
	int err = wait_event_interruptible(dmesg_wait(), dmesg_next() > next);
	if (err)
		return err;
	struct dmesg_record record;
	char line[LINE_MAX_BYTES];
	if (dmesg_read(next, &record))
		return 0;
	size_t n = min(dmesg_format(&record, true, line, sizeof(line)), size);
	if (copy_to_user(buf, line, n))
		return -EFAULT;
	__atomic_store_n(&syslog_next, record.sequence + 1, __ATOMIC_RELAXED);
	return (long)n;
}

static long size_unread(void)
{
	struct dmesg_record record;
	char line[LINE_MAX_BYTES];
	long total = 0;
	for (u64 at = __atomic_load_n(&syslog_next, __ATOMIC_RELAXED); !dmesg_read(at, &record);
	     at = record.sequence + 1)
		total += (long)dmesg_format(&record, true, line, sizeof(line));
	return total;
}

static long set_console_level(long level)
{
	if (level < 1 || level > 8)
		return -EINVAL;
	dmesg_console_level_set((int)level);
	return 0;
}

SYSCALL(syslog)
{
	static int saved_level = LOG_DEBUG;
	int action = (int)args[0];
	char __user *buf = (char __user *)args[1];
	long size = (int)args[2];
	bool harmless = action == SYSLOG_READ_ALL || action == SYSLOG_SIZE_BUFFER;
	if (!harmless && !capable(CAP_SYSLOG))
		return -EPERM;
	if ((action >= SYSLOG_READ && action <= SYSLOG_READ_CLEAR) && (!buf || size < 0))
		return -EINVAL;
	switch (action) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0; /* they do nothing on Linux either */
	case SYSLOG_READ:
		return size ? read_next(buf, (size_t)size) : 0;
	case SYSLOG_READ_ALL:
		return read_all(buf, (size_t)size);
	case SYSLOG_READ_CLEAR:
		size = read_all(buf, (size_t)size);
		__atomic_store_n(&cleared, dmesg_next(), __ATOMIC_RELAXED);
		return size;
	case SYSLOG_CLEAR:
		__atomic_store_n(&cleared, dmesg_next(), __ATOMIC_RELAXED);
		return 0;
	case SYSLOG_CONSOLE_OFF:
		saved_level = dmesg_console_level();
		return set_console_level(1);
	case SYSLOG_CONSOLE_ON:
		return set_console_level(saved_level);
	case SYSLOG_CONSOLE_LEVEL:
		return set_console_level(size);
	case SYSLOG_SIZE_UNREAD:
		return size_unread();
	case SYSLOG_SIZE_BUFFER:
		return 128 * 1024;
	default:
		return -EINVAL;
	}
}

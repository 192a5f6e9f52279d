#ifndef VM_GUEST_H
#define VM_GUEST_H

/*
 * A guest: one virtual machine, its console, and what became of it.
 *
 * The runner uses libvirt's QEMU driver embedded in its own process (qemu:///embed?root=DIR), so
 * no daemon is needed. The driver belongs to the process that opened it and does not survive a
 * fork; each Check test, being a process of its own, opens it with its first guest. The driver
 * does not end guests when its process does, so three things together see to it that no guest
 * outlives the run: guest_fail destroys the guests before it gives up a test, stray_kill_all ends
 * what a killed test left behind (see stray.h), and the supervisor calls it once more at the end.
 *
 * A guest is watched through its console and libvirt's life cycle events. Whatever is waited for,
 * the wait ends at once when the guest panics, is reset, powers off or dies, and ends as a hang
 * when it has been silent for its patience: how long that is depends only on how slow an emulated
 * machine may be, and no test passes by waiting for it.
 */

#include <stdbool.h>
#include <stddef.h>

/* How waiting for a guest ended. */
enum guest_event {
	GUEST_MATCH,  /* what was waited for was printed */
	GUEST_PANIC,  /* the kernel said on the console that it panicked */
	GUEST_HANG,   /* silent for too long */
	GUEST_RESET,  /* the machine was reset */
	GUEST_OFF,    /* the machine was powered off cleanly */
	GUEST_DIED,   /* QEMU ended in another way: an isa-debug-exit or a crash */
	GUEST_BROKEN, /* libvirt failed; guest_error says how */
};

enum guest_machine { MACHINE_Q35, MACHINE_MICROVM };
enum guest_boot { BOOT_KERNEL, BOOT_BIOS, BOOT_UEFI };

enum { GUEST_DISKS = 4 };

struct guest_disk {
	const char *path; /* a raw image */
	bool readonly;
	const char
	    *blkdebug; /* "inject-error" array in JSON: QEMU's blkdebug sits below the disk */
};

struct guest_spec {
	const char *name; /* unique in the run: names the domain and its console log */
	enum guest_machine machine;
	enum guest_boot boot;
	unsigned cpus;       /* 0 means 1 */
	unsigned memory_mib; /* 0 means 256 */
	const char *kernel;  /* NULL: the kernel under test */
	const char *initrd;  /* NULL: the kernel under test's own (none for Aramid) */
	const char *root;    /* NULL: /dev/vda */
	const char *append;  /* more words for the command line, may be NULL */
	bool virtio_console; /* hvc0 in place of the serial port */
	unsigned patience;   /* seconds of silence that count as a hang; 0 means 90 */
	struct guest_disk disks[GUEST_DISKS];
};

struct guest;

/* Starts a guest. NULL: libvirt or QEMU refused; guest_error says why. */
struct guest *guest_start(const struct guest_spec *spec);

/* Ends a guest whatever it is doing, and frees it. NULL is nothing. */
void guest_destroy(struct guest *guest);

/* Sends bytes to the console. */
enum guest_event guest_send(struct guest *guest, const char *text);

/*
 * Waits until the console's output that has not been consumed yet matches an extended regular
 * expression, and consumes it through the end of the match. The text before and in the match is
 * then guest_text; the match's first subexpression, if it has one, guest_group.
 */
enum guest_event guest_expect(struct guest *guest, const char *pattern);

/* Waits for the guest to end or be reset; output is consumed and forgotten. Never GUEST_MATCH. */
enum guest_event guest_wait_end(struct guest *guest);

const char *guest_text(const struct guest *guest);
const char *guest_group(const struct guest *guest);

/* The last lines that the console printed, for messages. */
const char *guest_tail(const struct guest *guest);
const char *guest_error(void);
const char *guest_event_name(enum guest_event event);

/* Destroys every guest of this process, then fails the running Check test with a message. */
void guest_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* The test fails unless the condition holds; the message should say what was expected. */
#define REQUIRE(condition, ...)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			guest_fail(__FILE__, __LINE__, __VA_ARGS__);                               \
	} while (0)

/* The test fails unless waiting for the guest ended so. */
#define REQUIRE_EVENT(guest, wanted, call)                                                         \
	do {                                                                                       \
		enum guest_event event_ = (call);                                                  \
		if (event_ != (wanted))                                                            \
			guest_fail(__FILE__, __LINE__, "%s: %s, not %s; the console's end:\n%s",   \
				   #call, guest_event_name(event_), guest_event_name(wanted),      \
				   guest_tail(guest));                                             \
	} while (0)

#endif

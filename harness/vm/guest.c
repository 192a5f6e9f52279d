/*
 * One virtual machine, under libvirt's embedded driver.
 *
 * libvirt's event loop is run by whoever waits for a guest: one turn at a time, each bounded by a
 * timer, and after each turn the console's stream is read dry and the life cycle is looked at.
 * Nothing else runs the loop, so callbacks and readers never race.
 */
#include "guest.h"
#include "console.h"
#include "domain.h"
#include "runner.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { turn_milliseconds = 50, default_patience = 90 };

struct guest {
	struct guest *next;
	char name[128];
	virDomainPtr domain;
	virStreamPtr stream;
	struct console console;
	unsigned patience;
	time_t last_heard;
	bool stream_ended;
	bool spoke;     /* has printed something since the last reset */
	bool reset;     /* since the last look */
	bool shut_down; /* the guest asked for its power to be cut */
	bool stopped;   /* QEMU is gone */
};

static virConnectPtr connection;
static struct guest *guests;
static char last_error[4200];

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

const char *guest_error(void)
{
	return last_error[0] ? last_error : "no error";
}

const char *guest_event_name(enum guest_event event)
{
	static const char *const names[] = {
	    [GUEST_MATCH] = "it printed that", [GUEST_PANIC] = "its kernel panicked",
	    [GUEST_HANG] = "it hangs",         [GUEST_RESET] = "it was reset",
	    [GUEST_OFF] = "it powered off",    [GUEST_DIED] = "QEMU ended",
	    [GUEST_BROKEN] = "libvirt failed",
	};

	return names[event];
}

static void keep_error(void *opaque, virErrorPtr error)
{
	(void)opaque;
	snprintf(last_error, sizeof(last_error), "%s", error->message ? error->message : "unknown");
}

static struct guest *find_guest(virDomainPtr domain)
{
	for (struct guest *guest = guests; guest; guest = guest->next)
		if (strcmp(guest->name, virDomainGetName(domain)) == 0)
			return guest;
	return NULL;
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
			void *opaque)
{
	struct guest *guest = find_guest(domain);

	(void)conn;
	(void)opaque;
	if (!guest)
		return 0;
	if (event == VIR_DOMAIN_EVENT_SHUTDOWN)
		guest->shut_down = true;
	if (event == VIR_DOMAIN_EVENT_STOPPED) {
		if (detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)
			guest->shut_down = true;
		guest->stopped = true;
	}
	if (event == VIR_DOMAIN_EVENT_CRASHED)
		guest->stopped = true;
	return 0;
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *opaque)
{
	struct guest *guest = find_guest(domain);

	(void)conn;
	(void)opaque;
	/* Kernels try several ways to reset a machine, and more than one may work: that is one
	 * reset. */
	if (guest && guest->spoke)
		guest->reset = true;
	if (guest)
		guest->spoke = false;
}

static void on_tick(int timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

/* Writes the embedded driver's configuration: no daemons, no confinement, no changes of owner. */
static bool write_configuration(const char *root)
{
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/etc", root);
	mkdir(root, 0700);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/etc/qemu.conf", root);
	file = fopen(path, "w");
	if (!file)
		return false;
	fputs("stdio_handler = \"file\"\nsecurity_driver = \"none\"\nnamespaces = []\n"
	      "cgroup_controllers = []\ndynamic_ownership = 0\nremember_owner = 0\n",
	      file);
	if (geteuid() == 0)
		fputs("user = \"root\"\ngroup = \"root\"\n", file);
	return fclose(file) == 0;
}

static bool driver_open(void)
{
	char root[4096], uri[4200], log[4200];

	if (connection)
		return true;
	snprintf(root, sizeof(root), "%s", runner_path("libvirt/%u", runner.slot));
	snprintf(log, sizeof(log), "2:file:%s", runner_path("logs/libvirt-%u.log", runner.slot));
	setenv("LIBVIRT_LOG_OUTPUTS", log, 1);
	if (!write_configuration(root)) {
		snprintf(last_error, sizeof(last_error), "cannot write below %s", root);
		return false;
	}
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
		return false;
	virSetErrorFunc(NULL, keep_error);
	snprintf(uri, sizeof(uri), "qemu:///embed?root=%s", root);
	connection = virConnectOpen(uri);
	if (!connection)
		return false;
	virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					 VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), NULL, NULL);
	virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
					 VIR_DOMAIN_EVENT_CALLBACK(on_reboot), NULL, NULL);
	return virEventAddTimeout(turn_milliseconds, on_tick, NULL, NULL) >= 0;
}

static void read_console(struct guest *guest)
{
	char bytes[4096];
	int count;

	if (!guest->stream || guest->stream_ended)
		return;
	while ((count = virStreamRecv(guest->stream, bytes, sizeof(bytes))) > 0) {
		console_put(&guest->console, bytes, (size_t)count);
		guest->last_heard = now();
		guest->spoke = true;
	}
	if (count == 0 || count == -1)
		guest->stream_ended = true;
}

static void run_turn(void)
{
	virEventRunDefaultImpl();
	for (struct guest *guest = guests; guest; guest = guest->next)
		read_console(guest);
}

struct guest *guest_start(const struct guest_spec *spec)
{
	struct guest *guest = NULL;
	char *xml = NULL;

	last_error[0] = '\0';
	if (!driver_open())
		return NULL;
	guest = calloc(1, sizeof(*guest));
	xml = domain_describe(spec);
	if (!guest || !xml)
		goto fail;
	snprintf(guest->name, sizeof(guest->name), "%s", spec->name);
	guest->patience = spec->patience ? spec->patience : default_patience;
	if (!console_open(&guest->console, runner_path("logs/%s.log", spec->name)))
		goto fail;
	guest->next = guests;
	guests = guest;
	guest->domain = virDomainCreateXML(connection, xml, VIR_DOMAIN_START_PAUSED);
	if (!guest->domain)
		goto fail_listed;
	guest->stream = virStreamNew(connection, VIR_STREAM_NONBLOCK);
	if (!guest->stream ||
	    virDomainOpenConsole(guest->domain, NULL, guest->stream, VIR_DOMAIN_CONSOLE_FORCE) <
		0 ||
	    virDomainResume(guest->domain) < 0)
		goto fail_listed;
	guest->last_heard = now();
	free(xml);
	return guest;

fail_listed:
	free(xml);
	guest_destroy(guest);
	return NULL;
fail:
	free(xml);
	free(guest);
	return NULL;
}

void guest_destroy(struct guest *guest)
{
	if (!guest)
		return;
	for (struct guest **link = &guests; *link; link = &(*link)->next) {
		if (*link == guest) {
			*link = guest->next;
			break;
		}
	}
	/*
	 * Ending the domain ends the stream. virStreamAbort must not be called: it takes the locks
	 * of the stream and of the console in the other order than the thread that notices QEMU's
	 * end.
	 */
	if (guest->domain && virDomainIsActive(guest->domain) == 1)
		virDomainDestroy(guest->domain);
	if (guest->stream)
		virStreamFree(guest->stream);
	if (guest->domain)
		virDomainFree(guest->domain);
	console_close(&guest->console);
	free(guest);
}

/* What has become of the guest, as far as it decides a wait; GUEST_MATCH: it lives. */
static enum guest_event look_at(struct guest *guest)
{
	if (guest->console.panicked) {
		/* Its last words are worth having in the log. */
		for (int turn = 0; turn < 20 && !guest->stopped; turn++)
			run_turn();
		return GUEST_PANIC;
	}
	if (guest->reset) {
		guest->reset = false;
		return GUEST_RESET;
	}
	if (guest->stopped)
		return guest->shut_down ? GUEST_OFF : GUEST_DIED;
	if (now() - guest->last_heard > (time_t)guest->patience)
		return GUEST_HANG;
	return GUEST_MATCH;
}

enum guest_event guest_expect(struct guest *guest, const char *pattern)
{
	/* What the guest has been given since the last wait has only now begun to be late. */
	guest->last_heard = now();
	for (;;) {
		enum guest_event event;

		run_turn();
		if (console_match(&guest->console, pattern))
			return GUEST_MATCH;
		event = look_at(guest);
		if (event != GUEST_MATCH) {
			read_console(guest);
			return console_match(&guest->console, pattern) ? GUEST_MATCH : event;
		}
	}
}

enum guest_event guest_wait_end(struct guest *guest)
{
	guest->last_heard = now();
	for (;;) {
		enum guest_event event;

		run_turn();
		console_drop(&guest->console);
		event = look_at(guest);
		if (event != GUEST_MATCH)
			return event;
	}
}

enum guest_event guest_send(struct guest *guest, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		int sent = virStreamSend(guest->stream, text, length);

		if (sent == -2) {
			run_turn();
			continue;
		}
		if (sent < 0)
			return guest->stopped ? GUEST_DIED : GUEST_BROKEN;
		text += sent;
		length -= (size_t)sent;
	}
	return GUEST_MATCH;
}

const char *guest_text(const struct guest *guest)
{
	return guest->console.text;
}

const char *guest_group(const struct guest *guest)
{
	return guest->console.group;
}

const char *guest_tail(const struct guest *guest)
{
	return guest ? guest->console.tail : "(there is no guest)";
}

void guest_fail(const char *file, int line, const char *format, ...)
{
	static char message[3000]; /* Check refuses much longer ones */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	while (guests)
		guest_destroy(guests);
	_ck_assert_failed(file, line, "failed", "%s", message);
	abort();
}

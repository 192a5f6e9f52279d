/*
 * Guests in libvirt's XML.
 *
 * What libvirt has no words for goes to QEMU as it is: virtio-mmio devices of the present standard
 * (QEMU's microvm makes legacy ones unless told otherwise), the isa-debug-exit port, and disks that
 * fail on purpose.
 */
#include "domain.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '\'':
			fputs("&apos;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void put_element(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<%s>", name);
	put_escaped(out, text);
	fprintf(out, "</%s>\n", name);
}

static void put_argument(FILE *out, const char *value)
{
	fputs("<qemu:arg value='", out);
	put_escaped(out, value);
	fputs("'/>\n", out);
}

/* On q35 devices sit on the root bus, in the order in which they are named; libvirt, left alone,
 * would give each one a bridge of its own. */
static void put_address(FILE *out, const struct guest_spec *spec, unsigned slot)
{
	if (spec->machine == MACHINE_MICROVM)
		fputs("<address type='virtio-mmio'/>", out);
	else
		fprintf(out, "<address type='pci' domain='0' bus='0' slot='%u' function='0'/>",
			slot);
}

static void put_boot(FILE *out, const struct guest_spec *spec)
{
	const char *machine = spec->machine == MACHINE_MICROVM ? "microvm" : "q35";

	fprintf(out, "<os>\n<type arch='x86_64' machine='%s'>hvm</type>\n", machine);
	if (spec->boot == BOOT_UEFI) {
		fputs("<loader readonly='yes' "
		      "type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>\n"
		      "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>",
		      out);
		put_escaped(out, runner_path("images/%s.nvram", spec->name));
		fputs("</nvram>\n", out);
	}
	if (spec->boot == BOOT_KERNEL) {
		const char *initrd = spec->initrd ? spec->initrd : runner.initrd;
		char line[2048];

		put_element(out, "kernel", spec->kernel ? spec->kernel : runner.kernel);
		if (initrd[0])
			put_element(out, "initrd", initrd);
		snprintf(line, sizeof(line), "console=%s %s root=%s %s",
			 spec->virtio_console ? "hvc0" : "ttyS0", runner.append,
			 spec->root ? spec->root : "/dev/vda", spec->append ? spec->append : "rw");
		put_element(out, "cmdline", line);
	}
	fputs("</os>\n", out);
}

static void put_disks(FILE *out, const struct guest_spec *spec)
{
	for (int i = 0; i < GUEST_DISKS && spec->disks[i].path; i++) {
		if (spec->disks[i].blkdebug)
			continue;
		fputs("<disk type='file' device='disk'>\n"
		      "<driver name='qemu' type='raw' cache='unsafe'/>\n<source file='",
		      out);
		put_escaped(out, spec->disks[i].path);
		fprintf(out, "'/>\n<target dev='vd%c' bus='virtio'/>\n%s", 'a' + i,
			spec->disks[i].readonly ? "<readonly/>\n" : "");
		put_address(out, spec, 2 + (unsigned)i);
		fputs("</disk>\n", out);
	}
}

/* Disks that fail on purpose come behind libvirt's back, after the others: the last of the vd*. */
static void put_bad_disks(FILE *out, const struct guest_spec *spec)
{
	for (int i = 0; i < GUEST_DISKS && spec->disks[i].path; i++) {
		char text[8192];

		if (!spec->disks[i].blkdebug)
			continue;
		snprintf(
		    text, sizeof(text),
		    "{\"driver\":\"raw\",\"node-name\":\"bad%d\",\"file\":{\"driver\":\"blkdebug\","
		    "\"inject-error\":%s,\"image\":{\"driver\":\"file\",\"filename\":\"%s\"}}}",
		    i, spec->disks[i].blkdebug, spec->disks[i].path);
		put_argument(out, "-blockdev");
		put_argument(out, text);
		snprintf(text, sizeof(text), "virtio-blk-%s,drive=bad%d%s",
			 spec->machine == MACHINE_MICROVM ? "device" : "pci", i,
			 spec->machine == MACHINE_MICROVM ? "" : ",addr=0x1d");
		put_argument(out, "-device");
		put_argument(out, text);
	}
}

static void put_console(FILE *out, const struct guest_spec *spec)
{
	if (!spec->virtio_console) {
		fputs("<serial type='pty'><target port='0'/></serial>\n", out);
		return;
	}
	fputs("<controller type='virtio-serial' index='0'>", out);
	put_address(out, spec, 2 + GUEST_DISKS);
	fputs("</controller>\n<console type='pty'><target type='virtio' port='0'/></console>\n",
	      out);
}

char *domain_describe(const struct guest_spec *spec)
{
	char *xml = NULL;
	size_t size;
	FILE *out = open_memstream(&xml, &size);

	if (!out)
		return NULL;
	fputs("<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n",
	      out);
	put_element(out, "name", spec->name);
	fprintf(out, "<memory unit='MiB'>%u</memory>\n<vcpu>%u</vcpu>\n",
		spec->memory_mib ? spec->memory_mib : 256, spec->cpus ? spec->cpus : 1);
	put_boot(out, spec);
	fputs("<features><acpi/></features>\n<cpu mode='maximum'/>\n"
	      "<on_poweroff>destroy</on_poweroff>\n<on_reboot>restart</on_reboot>\n"
	      "<on_crash>destroy</on_crash>\n<devices>\n"
	      "<emulator>/usr/bin/qemu-system-x86_64</emulator>\n",
	      out);
	put_disks(out, spec);
	fputs("<controller type='usb' model='none'/>\n", out);
	fputs("<rng model='virtio'><backend model='random'>/dev/urandom</backend>", out);
	put_address(out, spec, 1);
	fputs("</rng>\n", out);
	put_console(out, spec);
	fputs("<memballoon model='none'/>\n</devices>\n<qemu:commandline>\n", out);
	put_argument(out, "-device");
	put_argument(out, "isa-debug-exit,iobase=0xf4,iosize=0x4");
	put_argument(out, "-global");
	if (spec->machine == MACHINE_MICROVM)
		put_argument(out, "virtio-mmio.force-legacy=false");
	else
		put_argument(out, "virtio-pci.disable-legacy=on");
	put_bad_disks(out, spec);
	fputs("</qemu:commandline>\n</domain>\n", out);
	if (fclose(out) != 0) {
		free(xml);
		return NULL;
	}
	return xml;
}

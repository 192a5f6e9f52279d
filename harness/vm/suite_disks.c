/*
 * Roots of every kind: each type and block size of file system, each way of naming the root, both
 * partition tables, an initramfs, and whole disks that start by their own boot loader. Each guest
 * writes to what it was given, and what it wrote is judged by e2fsck.
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is done to every root: short lines, as the shell's line editor echoes them. */
static void exercise(struct guest *guest)
{
	static const char *const commands[] = {
	    "mkdir -p /root/x/y && cd /root/x",
	    "seq 1 20000 >numbers && sync",
	    "i=0; while [ $i -lt 300 ]; do echo $i >y/f$i; i=$((i+1)); done",
	    "ls y | wc -l | grep -qx 300",
	    "mv y z && ln -s numbers link && ln numbers hard",
	    "cmp link hard",
	    "rm z/f1* && ls z | wc -l | grep -qx 189",
	    "dd if=/dev/zero of=hole bs=1k count=1 seek=90000",
	    "dd if=/bin/busybox of=copy bs=100k && cmp copy /bin/busybox",
	    "echo 3 >/proc/sys/vm/drop_caches; cmp copy /bin/busybox",
	    "tail -n 1 numbers | grep -qx 20000",
	    "rm copy && truncate -s 1000 numbers && cd /",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		shell_must(guest, commands[i], 0);
}

static void boot_and_exercise(const struct guest_spec *spec)
{
	struct guest *guest = shell_boot(spec);

	shell_must(guest, "dmesg -n 1", 0);
	exercise(guest);
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec->disks[0].path, spec->name);
}

static const struct root {
	const char *name, *options, *root;
} roots[] = {
    {"ext2-1k", "--type ext2 --block-size 1024 --size 48M", NULL},
    {"ext2-2k", "--type ext2 --block-size 2048 --size 48M", NULL},
    {"ext2-4k", "--type ext2 --block-size 4096 --size 48M", NULL},
    {"ext3-1k", "--type ext3 --block-size 1024 --size 64M", NULL},
    {"ext3-4k", "--type ext3 --block-size 4096 --size 64M", NULL},
    {"ext4-1k", "--type ext4 --block-size 1024 --size 64M", NULL},
    {"ext4-2k", "--type ext4 --block-size 2048 --size 64M", NULL},
    {"ext4-4k", "--type ext4 --block-size 4096 --size 64M", NULL},
    {"ext4-32bit", "--size 64M --mkfs-opts '-O ^64bit,^metadata_csum,uninit_bg'", NULL},
    {"ext4-meta-bg", "--block-size 1024 --size 64M --mkfs-opts '-O meta_bg,^resize_inode'", NULL},
    {"ext4-no-flex", "--size 64M --mkfs-opts '-O ^flex_bg'", NULL},
    {"ext4-no-extents", "--size 64M --mkfs-opts '-O ^extents,^64bit'", NULL},
    {"ext4-no-journal", "--size 64M --mkfs-opts '-O ^has_journal'", NULL},
    {"ext4-no-index", "--size 64M --mkfs-opts '-O ^dir_index'", NULL},
    {"ext4-inode-128", "--size 64M --mkfs-opts '-I 128'", NULL},
    {"ext4-inode-1024", "--block-size 4096 --size 64M --mkfs-opts '-I 1024'", NULL},
    {"by-label", "--size 64M --label the-root", "LABEL=the-root"},
    {"by-uuid", "--size 64M --uuid 01234567-89ab-cdef-0123-456789abcdef",
     "UUID=01234567-89ab-cdef-0123-456789abcdef"},
};

START_TEST(a_root_of_this_kind_works)
{
	const struct root *root = &roots[_i];
	struct guest_spec spec = {.machine = _i % 2 ? MACHINE_MICROVM : MACHINE_Q35};
	char name[64];

	snprintf(name, sizeof(name), "root-%s", root->name);
	spec.name = name;
	spec.root = root->root;
	spec.disks[0].path = image_make(name, root->options);
	boot_and_exercise(&spec);
}
END_TEST

static const struct table {
	const char *name, *label, *root;
} tables[] = {
    {"gpt-number", "gpt", "/dev/vda2"},
    {"gpt-partuuid", "gpt", "PARTUUID=11111111-2222-3333-4444-555555555555"},
    {"gpt-label", "gpt", "LABEL=second"},
    {"mbr-number", "dos", "/dev/vda2"},
    {"mbr-partuuid", "dos", "PARTUUID=12345678-02"},
};

START_TEST(a_partitioned_root_works)
{
	const struct table *table = &tables[_i];
	struct guest_spec spec = {.machine = _i % 2 ? MACHINE_MICROVM : MACHINE_Q35};
	char name[64], path[4400];
	const char *volume;

	snprintf(name, sizeof(name), "table-%s", table->name);
	volume = image_make("table-volume", "--size 64M --label second");
	snprintf(path, sizeof(path), "%s", runner_path("images/%s.img", name));
	REQUIRE(
	    image_command(name,
			  "rm -f '%s' && truncate -s 80M '%s' && printf '%s' | sfdisk -q '%s' && "
			  "dd if='%s' of='%s' bs=1M seek=4 conv=notrunc,sparse",
			  path, path,
			  strcmp(table->label, "gpt") == 0
			      ? "label: gpt\\nstart=2048,size=2048\\nstart=8192,size=131072,"
				"uuid=11111111-2222-3333-4444-555555555555\\n"
			      : "label: dos\\nlabel-id: 0x12345678\\nstart=2048,size=2048\\n"
				"start=8192,size=131072\\n",
			  path, volume, path) == 0,
	    "cannot make the disk; see %s", runner_path("logs/%s.log", name));
	unlink(volume);
	spec.name = name;
	spec.root = table->root;
	spec.disks[0].path = path;
	boot_and_exercise(&spec);
}
END_TEST

/* The initramfs is all there is: its /init says what it finds, owners and modes included. */
START_TEST(an_initramfs_is_the_root)
{
	static const char make[] =
	    "tree=$(mktemp -d) && mkdir $tree/bin $tree/proc $tree/dev && cp /bin/busybox "
	    "$tree/bin && "
	    "cp harness/vm/initramfs-init $tree/init && chmod 755 $tree/init && "
	    "echo kept >$tree/file && chmod 4711 $tree/file && ln $tree/file $tree/hard && "
	    "ln -s file $tree/link && "
	    "(cd $tree && find . | sort | cpio --quiet -o -H newc -R 12:34) >'%s' && rm -r $tree";
	struct guest_spec spec = {.append = "rdinit=/init"};
	struct guest *guest;
	char path[4400];

	snprintf(path, sizeof(path), "%s", runner_path("images/initramfs.cpio"));
	REQUIRE(image_command("initramfs.make", make, path) == 0, "cannot make the archive; see %s",
		runner_path("logs/initramfs.make.log"));
	for (int microvm = 0; microvm < 2; microvm++) {
		spec.name = microvm ? "initramfs-microvm" : "initramfs-q35";
		spec.machine = microvm ? MACHINE_MICROVM : MACHINE_Q35;
		spec.initrd = path;
		guest = guest_start(&spec);
		REQUIRE(guest != NULL, "it does not start: %s", guest_error());
		REQUIRE_EVENT(guest, GUEST_MATCH,
			      guest_expect(guest, "^-rws--x--x 2 12 34 5 /file$"));
		REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, "^kept kept kept$"));
		REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, "^init is process 1$"));
		REQUIRE_EVENT(guest, GUEST_OFF, guest_wait_end(guest));
		guest_destroy(guest);
	}
}
END_TEST

static const struct whole {
	const char *name, *options;
	enum guest_boot boot;
} wholes[] = {
    {"gpt-bios", "--table gpt", BOOT_BIOS},
    {"gpt-uefi", "--table gpt", BOOT_UEFI},
    {"mbr-bios", "--table mbr", BOOT_BIOS},
};

START_TEST(a_whole_disk_starts_by_its_boot_loader)
{
	const struct whole *whole = &wholes[_i];
	struct guest_spec spec = {.boot = whole->boot, .memory_mib = 512};
	char name[64], path[4400];

	snprintf(name, sizeof(name), "disk-%s", whole->name);
	snprintf(path, sizeof(path), "%s", runner_path("images/%s.img", name));
	REQUIRE(image_command(name, "scripts/mkimage %s %s '%s'", whole->options,
			      runner.linux_guest ? "--linux" : "", path) == 0,
		"scripts/mkimage failed; see %s", runner_path("logs/%s.log", name));
	spec.name = name;
	spec.disks[0].path = path;
	boot_and_exercise(&spec);
}
END_TEST

Suite *suite_disks(void)
{
	Suite *suite = suite_create("disks");

	runner_loop_test(suite, "whole disks start by their boot loader",
			 a_whole_disk_starts_by_its_boot_loader,
			 sizeof(wholes) / sizeof(wholes[0]));
	runner_loop_test(suite, "roots of every kind work", a_root_of_this_kind_works,
			 sizeof(roots) / sizeof(roots[0]));
	runner_loop_test(suite, "partitioned roots work", a_partitioned_root_works,
			 sizeof(tables) / sizeof(tables[0]));
	runner_test(suite, "an initramfs is the root", an_initramfs_is_the_root);
	return suite;
}

/*
 * From a machine that has memory and a console to init's first instruction.
 *
 * kernel_main() runs on the boot CPU and ends as its idle thread. What may sleep (probing disks,
 * mounting, executing init) happens in the thread that becomes process 1. The command line is
 * described in docs/architecture.md.
 */
#include "hw/boot.h"
#include "ext4/ext4.h"
#include "hw/cpu.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/cmdline.h"
#include "sys/dmesg.h"
#include "sys/exec.h"
#include "sys/kmsg.h"
#include "sys/thread.h"
#include "sys/procfs.h"
#include "sys/time/clock.h"
#include "sys/tty.h"
#include "vfs/block.h"
#include "vfs/buffer.h"
#include "vfs/file.h"
#include "vfs/mount.h"
#include "vfs/pagecache.h"
#include "vfs/vfs.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

static void set_log_level(void)
{
	s64 level = LOG_DEBUG;
	if (cmdline_has("quiet"))
		level = LOG_WARN;
	if (cmdline_has("debug"))
		level = LOG_DEBUG + 1;
	dmesg_console_level_set((int)clamp(cmdline_number("loglevel", level), 0ll, 15ll));
}

/* Unpacks the initial archive, if the loader brought one. Whether there is one. */
static bool unpack_initramfs(void)
{
	if (!boot_info.initrd_size)
		return false;
	int err = initramfs_unpack(page_address(page_from_phys(boot_info.initrd_base)),
				   boot_info.initrd_size);
	if (err)
		log_err("initramfs: unpacking failed: error %d; what was unpacked is kept", -err);
	boot_initrd_release();
	return true;
}

static const char *rw_option(unsigned long *ms_flags)
{
	/* As on Linux: read-only unless rw is given, and the last one wins. */
	const char *text = cmdline_text();
	const char *ro = NULL, *rw = NULL;
	for (const char *at = text; *at; at++) {
		bool start = at == text || char_is_space(at[-1]);
		if (start && !strncmp(at, "ro", 2) && (!at[2] || char_is_space(at[2])))
			ro = at;
		if (start && !strncmp(at, "rw", 2) && (!at[2] || char_is_space(at[2])))
			rw = at;
	}
	*ms_flags = rw && (!ro || ro < rw) ? 0 : MS_RDONLY;
	return *ms_flags ? "read-only" : "read-write";
}

static void mount_the_root(void)
{
	const char *device = cmdline_get("root");
	unsigned long ms_flags;
	const char *how = rw_option(&ms_flags);
	if (!device)
		device = "/dev/vda";
	int err = mount_root_device(device, cmdline_get("rootfstype"), ms_flags,
				    cmdline_get("rootflags"));
	if (err)
		panic("can't mount root=%s %s: error %d (disks and partitions are listed above)",
		      device, how, -err);
	log_info("root: %s, %s", device, how);
}

/* What programs expect in /dev besides devices. */
static void fill_dev(void)
{
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
					       {"/proc/self/fd/0", "/dev/stdin"},
					       {"/proc/self/fd/1", "/dev/stdout"},
					       {"/proc/self/fd/2", "/dev/stderr"}};
	static const char *const directories[] = {"/dev/pts", "/dev/shm"};
	int err = 0;
	for (unsigned int i = 0; !err && i < ARRAY_SIZE(links); i++)
		err = vfs_symlink(links[i][0], AT_FDCWD, links[i][1]);
	for (unsigned int i = 0; !err && i < ARRAY_SIZE(directories); i++)
		err = vfs_mkdir(AT_FDCWD, directories[i], 0755);
	if (err)
		log_warn("filling /dev: error %d", -err);
}

static void mount_devfs(void)
{
	struct path dev;
	if (path_lookup(AT_FDCWD, "/dev", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dev)) {
		log_warn("no /dev in the root: device nodes are not mounted");
		return;
	}
	int err = mount_new("devtmpfs", &dev, "devtmpfs", MS_NOSUID, NULL);
	path_put(&dev);
	if (err)
		log_warn("mounting /dev: error %d", -err);
	else
		fill_dev();
}

/* Descriptors 0, 1 and 2 of init. */
static void open_console(void)
{
	struct file *file;
	int err = file_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &file);
	if (err) {
		log_warn("init has no console: opening /dev/console: error %d", -err);
		return;
	}
	for (int fd = 0; fd < 3; fd++) {
		file_get(file);
		if (fd_install(file, 0, false) < 0)
			file_put(file);
	}
	file_put(file);
}

static int try_init(const char *path)
{
	static char *envp[] = {"HOME=/", "TERM=linux", NULL};
	static char *argv[CMDLINE_INIT_ARGS + 2];
	char *const *extra = cmdline_init_args();
	unsigned int n = 0;
	argv[n++] = (char *)path;
	for (unsigned int i = 0; extra[i]; i++)
		argv[n++] = extra[i];
	argv[n] = NULL;
	log_info("running %s after %llu us", path,
		 (clock_monotonic_ns() - boot_info.entry_ns) / 1000);
	return exec_init(path, argv, envp);
}

static void run_init(bool initramfs)
{
	static const char *const usual[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};
	const char *named = cmdline_get(initramfs ? "rdinit" : "init");
	int err;
	if (named) {
		err = try_init(named);
		panic("%s=%s can't be executed: error %d", initramfs ? "rdinit" : "init", named,
		      -err);
	}
	if (initramfs)
		panic("/init of the initramfs can't be executed: error %d", -try_init("/init"));
	for (unsigned int i = 0; i < ARRAY_SIZE(usual); i++) {
		err = try_init(usual[i]);
		if (err != -ENOENT)
			log_err("%s can't be executed: error %d", usual[i], -err);
	}
	panic("no init found in the root: try init=");
}

/* An initramfs whose /init (or rdinit=) exists takes over; otherwise the disk is mounted over it.
 */
static bool initramfs_has_init(void)
{
	const char *name = cmdline_get("rdinit");
	struct path path;
	if (path_lookup(AT_FDCWD, name ? name : "/init", LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

/* This thread, and with it all of the kernel, gets a place in the tree. */
static void start_vfs(void)
{
	struct path root;
	vfs_init(&root);
	struct fs_context *fs = fs_context_create(&root);
	if (!fs)
		panic("no memory for the first fs context");
	path_put(&root);
	thread_fs_set(fs);
}

static void init_thread(void *arg)
{
	cpu_start_all((unsigned int)clamp(cmdline_number("maxcpus", CPU_MAX), 1ll, (s64)CPU_MAX));
	buffer_cache_init();
	start_vfs();
	ext4_init();
	procfs_init();
	kmsg_init();
	tty_init();
	hw_devices_init();
	writeback_start_thread();
	bool initramfs = unpack_initramfs() && initramfs_has_init();
	if (!initramfs)
		mount_the_root();
	mount_devfs();
	open_console();
	run_init(initramfs);
}

void kernel_main(void)
{
	static char cmdline[BOOT_CMDLINE_MAX];
	hw_console_init();
	(void)strscpy(cmdline, boot_info.cmdline, sizeof(cmdline));
	cmdline_parse(cmdline);
	set_log_level();
	log_info("Aramid");
	log_info("command line: %s", cmdline_text());
	mm_init();
	hw_interrupts_init();
	time_init();
	sched_init();
	process_start_init(init_thread);
	sched_idle();
}

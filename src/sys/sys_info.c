/*
 * The system calls about the machine as a whole: its name, its state, its end.
 */
#include <linux/capability.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "hw/boot.h"
#include "hw/cpu.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/syscall.h"
#include "sys/uts.h"
#include "vfs/mount.h"

/* What programs that ask for features by version shall see. */
#define RELEASE "6.1.0-aramid"
#define VERSION "#1 SMP Aramid"

static struct spinlock names_lock = SPINLOCK_INIT("host name");
static struct new_utsname names = {
    .sysname = "Linux",
    .nodename = "(none)",
    .release = RELEASE,
    .version = VERSION,
    .domainname = "(none)",
}; /* names_lock */

const char *uts_release(void)
{
	return RELEASE;
}

const char *uts_version(void)
{
	return VERSION;
}

void uts_nodename_get(char name[__NEW_UTS_LEN + 1])
{
	spin_lock(&names_lock);
	memcpy(name, names.nodename, __NEW_UTS_LEN + 1);
	spin_unlock(&names_lock);
}

SYSCALL(uname)
{
	struct new_utsname out;

	spin_lock(&names_lock);
	out = names;
	spin_unlock(&names_lock);
	strscpy(out.machine, cpu_platform(), sizeof(out.machine));
	return copy_to_user((void __user *)args[0], &out, sizeof(out));
}

static int name_change(char *field, const char *value, size_t n)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (n > __NEW_UTS_LEN)
		return -EINVAL;
	spin_lock(&names_lock);
	memset(field, 0, __NEW_UTS_LEN + 1);
	memcpy(field, value, n);
	spin_unlock(&names_lock);
	return 0;
}

int uts_nodename_set(const char *name, size_t n)
{
	return name_change(names.nodename, name, n);
}

static long name_change_user(char *field, const unsigned long args[2])
{
	char name[__NEW_UTS_LEN];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (args[1] > sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, (const void __user *)args[0], args[1]))
		return -EFAULT;
	return name_change(field, name, args[1]);
}

SYSCALL(sethostname)
{
	return name_change_user(names.nodename, args);
}

SYSCALL(setdomainname)
{
	return name_change_user(names.domainname, args);
}

static unsigned int process_count(void)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	const struct process *process;
	unsigned int n = 0;

	list_for_each_entry(process, &process_list, all_node)
		n += process->thread_count;
	irqlock_unlock(&process_lock, flags);
	return n;
}

SYSCALL(sysinfo)
{
	struct sysinfo info;
	struct mm_stats stats;
	unsigned int n = process_count();

	memset(&info, 0, sizeof(info));
	mm_stats_get(&stats);
	info.uptime = (long)(clock_monotonic_ns() / NSEC_PER_SEC);
	sched_load_get(info.loads);
	info.totalram = stats.total;
	info.freeram = stats.free;
	info.sharedram = stats.shmem;
	info.procs = n > U16_MAX ? U16_MAX : (u16)n;
	info.mem_unit = PAGE_SIZE;
	return copy_to_user((void __user *)args[0], &info, sizeof(info));
}

/* ---- the end ---- */

static bool ctrl_alt_del_reboots = true;

static long __noreturn system_end(enum hw_reboot_mode mode, const char *what)
{
	log_notice("reboot: %s", what);
	mount_shutdown_all();
	cpu_stop_others();
	hw_shutdown(mode);
}

SYSCALL(reboot)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((u32)args[0] != LINUX_REBOOT_MAGIC1 ||
	    ((u32)args[1] != LINUX_REBOOT_MAGIC2 && (u32)args[1] != LINUX_REBOOT_MAGIC2A &&
	     (u32)args[1] != LINUX_REBOOT_MAGIC2B && (u32)args[1] != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch ((u32)args[2]) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		system_end(HW_REBOOT, "restarting");
	case LINUX_REBOOT_CMD_POWER_OFF:
		system_end(HW_POWER_OFF, "power down");
	case LINUX_REBOOT_CMD_HALT:
		system_end(HW_HALT, "halted");
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		ctrl_alt_del_reboots = (u32)args[2] == LINUX_REBOOT_CMD_CAD_ON;
		return 0;
	default:
		return -EINVAL;
	}
}

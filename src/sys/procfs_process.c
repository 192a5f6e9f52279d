/* The files of /proc/PID and /proc/PID/task/TID: proc(5). */
#include "lib/clock.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sys/procfs_int.h"
#include "sys/sched_int.h"
#include "sys/signal.h"
#include "sys/tty.h"
#include "vfs/mount.h"

#include <linux/capability.h>
#include <linux/stat.h>

#define ARGUMENTS_MAX      (128 * 1024)
#define FLAG_KERNEL_THREAD 0x200000u /* in the flags of /proc/PID/stat: PF_KTHREAD */

/* Consistent copies of what process_lock guards. */
struct family {
	int pid, ppid, pgid, sid, foreground;
	u32 tty;
	unsigned int threads;
	u64 child_user_ns, child_system_ns, child_minor_faults, child_major_faults, minor_faults,
	    major_faults;
};

static void family_get(struct process *process, struct family *out)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	*out = (struct family){
	    .pid = process->pid,
	    .ppid = process->parent ? process->parent->pid : 0,
	    .pgid = process->pgid,
	    .sid = process->sid,
	    .foreground = tty_process_foreground(process),
	    .tty = tty_process_device(process),
	    .threads = process->thread_count,
	    .child_user_ns = process->child_user_ns,
	    .child_system_ns = process->child_system_ns,
	    .child_minor_faults = process->child_minor_faults,
	    .child_major_faults = process->child_major_faults,
	    .minor_faults = process->minor_faults,
	    .major_faults = process->major_faults,
	};
	irqlock_unlock(&process_lock, flags);
}

static void usage_get(struct thread *thread, struct mm_usage *usage)
{
	struct mm *mm = thread_mm_get(thread);
	memset(usage, 0, sizeof(*usage));
	if (!mm)
		return;
	mm_usage_get(mm, usage);
	mm_put(mm);
}

static int show_stat(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	struct family family;
	struct mm_usage usage;
	struct cpu_time time;
	struct signal_summary signals;
	char name[THREAD_NAME_SIZE];
	if (!thread)
		return -ESRCH;
	family_get(thread->process, &family);
	usage_get(thread, &usage);
	if (thread == thread->process->leader)
		process_time_get(thread->process, &time);
	else
		thread_time_get(thread, &time);
	signal_summary_get(thread, &signals);
	thread_name_get(thread, name);
	bool realtime = thread->rt_priority > 0;
	text_printf(text, "%d (%s) %c %d %d %d %d %d %u ", thread->tid, name,
		    thread_state_char(thread), family.ppid, family.pgid, family.sid,
		    (int)family.tty, family.foreground,
		    thread->process->kernel ? FLAG_KERNEL_THREAD : 0u);
	text_printf(text, "%llu %llu %llu %llu ", thread->minor_faults + family.minor_faults,
		    family.child_minor_faults, thread->major_faults + family.major_faults,
		    family.child_major_faults);
	text_printf(text, "%llu %llu %llu %llu ", procfs_ticks(time.user),
		    procfs_ticks(time.system), procfs_ticks(family.child_user_ns),
		    procfs_ticks(family.child_system_ns));
	text_printf(text, "%d %d %u 0 %llu %llu %zu %llu ",
		    realtime ? -1 - thread->rt_priority : 20 + thread->nice, thread->nice,
		    family.threads, procfs_ticks(thread->process->start_ns),
		    (u64)usage.virtual_pages << PAGE_SHIFT, usage.rss, U64_MAX);
	/* Addresses of code and stack, ESP and EIP are not shown. */
	text_printf(text, "0 0 0 0 0 %llu %llu %llu %llu 0 0 0 ", signals.pending & S32_MAX,
		    signals.blocked & S32_MAX, signals.ignored & S32_MAX, signals.caught & S32_MAX);
	text_printf(text, "%d %u %d %d 0 0 0 0 0 0 0 0 0 0 0\n", SIGCHLD, thread->cpu,
		    thread->rt_priority, thread->policy);
	thread_put(thread);
	return 0;
}

static const char *state_text(char c)
{
	switch (c) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'I':
		return "I (idle)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "X (dead)";
	}
}

static void show_memory_lines(struct text_buffer *text, const struct mm_usage *usage)
{
	const struct {
		const char *name;
		size_t pages;
	} lines[] = {
	    {"VmPeak", usage->virtual_pages},
	    {"VmSize", usage->virtual_pages},
	    {"VmLck", usage->locked},
	    {"VmHWM", usage->rss_peak},
	    {"VmRSS", usage->rss},
	    {"RssAnon", usage->rss - usage->rss_file},
	    {"RssFile", usage->rss_file},
	    {"VmData", usage->data},
	    {"VmStk", usage->stack},
	    {"VmExe", usage->text},
	    {"VmPTE", usage->tables},
	    {"VmSwap", 0},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		text_printf(text, "%s:\t%8llu kB\n", lines[i].name,
			    (u64)lines[i].pages << (PAGE_SHIFT - 10));
}

static void show_cred_lines(struct text_buffer *text, const struct cred *cred)
{
	text_printf(text, "Uid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid, cred->suid, cred->fsuid);
	text_printf(text, "Gid:\t%u\t%u\t%u\t%u\n", cred->gid, cred->egid, cred->sgid, cred->fsgid);
}

static void show_capability_lines(struct text_buffer *text, const struct cred *cred)
{
	text_printf(text,
		    "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%"
		    "016llx\nCapAmb:\t%016llx\n",
		    cred->cap_inheritable, cred->cap_permitted, cred->cap_effective,
		    cred->cap_bounding, cred->cap_ambient);
	text_printf(text, "NoNewPrivs:\t%d\n", cred->no_new_privs);
}

/* As words of 32 bits, and as ranges. */
static void show_cpus_lines(struct text_buffer *text, u64 cpus)
{
	const char *separator = "";
	text_printf(text, "Cpus_allowed:\t");
	if (cpu_count() > 32)
		text_printf(text, "%0*x,", (int)DIV_ROUND_UP(cpu_count() - 32, 4),
			    (u32)(cpus >> 32));
	text_printf(text, "%0*x\nCpus_allowed_list:\t", (int)DIV_ROUND_UP(min(cpu_count(), 32u), 4),
		    (u32)cpus);
	for (unsigned int first = 0; first < 64; first++) {
		unsigned int last = first;
		if (!(cpus & BIT64(first)))
			continue;
		while (last < 63 && (cpus & BIT64(last + 1)))
			last++;
		text_printf(text, first == last ? "%s%u" : "%s%u-%u", separator, first, last);
		separator = ",";
		first = last;
	}
	text_printf(text, "\n");
}

static int show_status(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	struct family family;
	struct mm_usage usage;
	struct signal_summary signals;
	char name[THREAD_NAME_SIZE];
	if (!thread)
		return -ESRCH;
	const struct cred *cred = thread_cred_get(thread);
	struct fs_context *fs = thread_fs_get(thread);
	family_get(thread->process, &family);
	usage_get(thread, &usage);
	signal_summary_get(thread, &signals);
	thread_name_get(thread, name);
	text_printf(text, "Name:\t%s\n", name);
	if (fs)
		text_printf(text, "Umask:\t%04o\n", fs->umask);
	text_printf(text, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		    state_text(thread_state_char(thread)), family.pid, thread->tid, family.ppid);
	if (cred)
		show_cred_lines(text, cred);
	text_printf(text, "FDSize:\t%u\nGroups:\t", 64u);
	for (u32 i = 0; cred && i < cred->group_count; i++)
		text_printf(text, "%u ", cred->groups[i]);
	text_printf(text, "\n");
	if (usage.virtual_pages)
		show_memory_lines(text, &usage);
	text_printf(text, "Threads:\t%u\nSigQ:\t%u/%llu\n", family.threads, signals.queued,
		    READ_ONCE(thread->process->limits[RLIMIT_SIGPENDING].rlim_cur));
	text_printf(text,
		    "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%"
		    "016llx\nSigCgt:\t%016llx\n",
		    signals.pending, signals.shared_pending, signals.blocked, signals.ignored,
		    signals.caught);
	if (cred)
		show_capability_lines(text, cred);
	show_cpus_lines(text, thread->affinity & sched_online_mask());
	text_printf(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    thread->switches_voluntary, thread->switches_involuntary);
	if (fs)
		fs_context_put(fs);
	if (cred)
		cred_put(cred);
	thread_put(thread);
	return 0;
}

static int show_statm(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	struct mm_usage usage;
	if (!thread)
		return -ESRCH;
	usage_get(thread, &usage);
	text_printf(text, "%zu %zu %zu %zu 0 %zu 0\n", usage.virtual_pages, usage.rss,
		    usage.rss_file, usage.text, usage.data + usage.stack);
	thread_put(thread);
	return 0;
}

static int show_comm(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	char name[THREAD_NAME_SIZE];
	if (!thread)
		return -ESRCH;
	thread_name_get(thread, name);
	text_printf(text, "%s\n", name);
	thread_put(thread);
	return 0;
}

static int store_comm(const char *value, size_t n, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	char name[THREAD_NAME_SIZE];
	int err = 0;
	if (!thread)
		return -ESRCH;
	while (n && value[n - 1] == '\n')
		n--;
	n = min(n, sizeof(name) - 1);
	memcpy(name, value, n);
	name[n] = '\0';
	if (thread->process == process_current())
		thread_name_set(thread, name);
	else
		err = -EINVAL;
	thread_put(thread);
	return err;
}

/* A range of the process's memory, as it is. */
static int show_memory(struct text_buffer *text, struct mm *mm, unsigned long start,
		       unsigned long end)
{
	char *buf;
	if (end <= start)
		return 0;
	size_t left = min_t(size_t, end - start, ARGUMENTS_MAX);
	buf = kmalloc(PAGE_SIZE, MM_NORMAL);
	if (!buf)
		return -ENOMEM;
	while (left) {
		size_t n = mm_access(mm, start, buf, min(left, PAGE_SIZE), false);
		if (!n)
			break;
		text_append(text, buf, n);
		start += n;
		left -= n;
	}
	kfree(buf);
	return 0;
}

static int show_cmdline(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	struct mm *mm = thread_mm_get(thread);
	int err = mm ? show_memory(text, mm, mm->arg_start, mm->arg_end) : 0;
	if (mm)
		mm_put(mm);
	thread_put(thread);
	return err;
}

static int show_environ(struct text_buffer *text, const struct pseudo_key *key)
{
	struct mm *mm;
	int err = procfs_inspect_mm(key, &mm);
	if (err || !mm)
		return err;
	err = show_memory(text, mm, mm->env_start, mm->env_end);
	mm_put(mm);
	return err;
}

static int show_auxv(struct text_buffer *text, const struct pseudo_key *key)
{
	struct mm *mm;
	unsigned int n = 0;
	int err = procfs_inspect_mm(key, &mm);
	if (err || !mm)
		return err;
	while (n + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n])
		n += 2;
	text_append(text, mm->saved_auxv, (n + 2) * sizeof(mm->saved_auxv[0]));
	mm_put(mm);
	return 0;
}

static int show_limits(struct text_buffer *text, const struct pseudo_key *key)
{
	static const char *const names[RLIM_NLIMITS][2] = {
	    {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
	    {"Max data size", "bytes"},      {"Max stack size", "bytes"},
	    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
	    {"Max processes", "processes"},  {"Max open files", "files"},
	    {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
	    {"Max file locks", "locks"},     {"Max pending signals", "signals"},
	    {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
	    {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
	};
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	struct process *process = thread->process;
	text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit",
		    "Units");
	for (unsigned int i = 0; i < RLIM_NLIMITS; i++) {
		char soft[24] = "unlimited", hard[24] = "unlimited";
		spin_lock(&process->limits_lock);
		struct rlimit64 limit = process->limits[i];
		spin_unlock(&process->limits_lock);
		if (limit.rlim_cur != U64_MAX)
			ksnprintf(soft, sizeof(soft), "%llu", limit.rlim_cur);
		if (limit.rlim_max != U64_MAX)
			ksnprintf(hard, sizeof(hard), "%llu", limit.rlim_max);
		text_printf(text, "%-25s %-20s %-20s %-10s\n", names[i][0], soft, hard,
			    names[i][1]);
	}
	thread_put(thread);
	return 0;
}

/* ---- mounts, as the process sees them ---- */

struct mounts_request {
	struct text_buffer *text;
	struct path root;
	bool info;
};

static int show_mount(struct mount *mount, void *arg)
{
	struct mounts_request *request = arg;
	char *line = kmalloc(2 * PATH_MAX_SIZE, MM_NORMAL);
	if (!line)
		return -ENOMEM;
	ssize_t n = request->info
			? mount_describe_info(mount, &request->root, line, 2 * PATH_MAX_SIZE)
			: mount_describe(mount, &request->root, line, 2 * PATH_MAX_SIZE);
	if (n > 0)
		text_append(request->text, line, (size_t)n);
	kfree(line);
	return 0; /* what cannot be described is out of the process's reach */
}

static int show_mounts_as(struct text_buffer *text, const struct pseudo_key *key, bool info)
{
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	struct fs_context *fs = thread_fs_get(thread);
	thread_put(thread);
	if (!fs)
		return -EINVAL;
	struct mounts_request request = {.text = text, .info = info};
	spin_lock(&fs->lock);
	request.root = fs->root;
	path_get(&request.root);
	spin_unlock(&fs->lock);
	fs_context_put(fs);
	int err = mount_for_each(show_mount, &request);
	path_put(&request.root);
	return err;
}

static int show_mounts(struct text_buffer *text, const struct pseudo_key *key)
{
	return show_mounts_as(text, key, false);
}

static int show_mountinfo(struct text_buffer *text, const struct pseudo_key *key)
{
	return show_mounts_as(text, key, true);
}

/* ---- out-of-memory score ---- */

static int show_oom_adjust(struct text_buffer *text, const struct pseudo_key *key)
{
	struct thread *thread = procfs_thread(key);
	if (!thread)
		return -ESRCH;
	text_printf(text, "%d\n", READ_ONCE(thread->process->oom_score_adj));
	thread_put(thread);
	return 0;
}

static int store_oom_adjust(const char *value, size_t n, const struct pseudo_key *key)
{
	char number[16];
	s64 adjust;
	while (n && char_is_space(value[n - 1]))
		n--;
	if (n >= sizeof(number))
		return -EINVAL;
	memcpy(number, value, n);
	number[n] = '\0';
	if (parse_s64(number, 10, &adjust) || adjust < -1000 || adjust > 1000)
		return -EINVAL;
	struct thread *thread;
	int err = procfs_inspect(key, &thread);
	if (err)
		return err;
	if (adjust < thread->process->oom_score_adj && !capable(CAP_SYS_RESOURCE))
		err = -EACCES;
	else
		WRITE_ONCE(thread->process->oom_score_adj, (int)adjust);
	thread_put(thread);
	return err;
}

/* ---- links and tables ---- */

static int link_exe(const struct pseudo_key *key, char **target)
{
	return procfs_link_jump(procfs_jump_exe, key, target);
}

static int link_cwd(const struct pseudo_key *key, char **target)
{
	return procfs_link_jump(procfs_jump_cwd, key, target);
}

static int link_root(const struct pseudo_key *key, char **target)
{
	return procfs_link_jump(procfs_jump_root, key, target);
}

#define PROCESS_FILE(file, permissions, show_fn, store_fn)                                         \
	{                                                                                          \
		.name = (file), .mode = S_IFREG | (permissions), .show = (show_fn),                \
		.store = (store_fn), .attributes = procfs_owner                                    \
	}
#define PROCESS_LINK(file, link_fn, jump_fn)                                                       \
	{                                                                                          \
		.name = (file), .mode = S_IFLNK | 0777, .link = (link_fn), .jump = (jump_fn),      \
		.attributes = procfs_owner                                                         \
	}
#define PROCESS_COMMON                                                                             \
	PROCESS_FILE("auxv", 0400, show_auxv, NULL),                                               \
	    PROCESS_FILE("cmdline", 0444, show_cmdline, NULL),                                     \
	    PROCESS_FILE("comm", 0644, show_comm, store_comm),                                     \
	    PROCESS_LINK("cwd", link_cwd, procfs_jump_cwd),                                        \
	    PROCESS_FILE("environ", 0400, show_environ, NULL),                                     \
	    PROCESS_LINK("exe", link_exe, procfs_jump_exe),                                        \
	    {.name = "fd",                                                                         \
	     .mode = S_IFDIR | 0500,                                                               \
	     .lookup = procfs_fd_lookup,                                                           \
	     .iterate = procfs_fd_iterate,                                                         \
	     .attributes = procfs_owner},                                                          \
	    {.name = "fdinfo",                                                                     \
	     .mode = S_IFDIR | 0500,                                                               \
	     .lookup = procfs_fdinfo_lookup,                                                       \
	     .iterate = procfs_fdinfo_iterate,                                                     \
	     .attributes = procfs_owner},                                                          \
	    PROCESS_FILE("limits", 0444, show_limits, NULL),                                       \
	    PROCESS_FILE("maps", 0444, procfs_show_maps, NULL),                                    \
	    PROCESS_FILE("mountinfo", 0444, show_mountinfo, NULL),                                 \
	    PROCESS_FILE("mounts", 0444, show_mounts, NULL),                                       \
	    PROCESS_FILE("oom_score_adj", 0644, show_oom_adjust, store_oom_adjust),                \
	    PROCESS_LINK("root", link_root, procfs_jump_root),                                     \
	    PROCESS_FILE("smaps", 0444, procfs_show_smaps, NULL),                                  \
	    PROCESS_FILE("smaps_rollup", 0444, procfs_show_smaps_rollup, NULL),                    \
	    PROCESS_FILE("stat", 0444, show_stat, NULL),                                           \
	    PROCESS_FILE("statm", 0444, show_statm, NULL),                                         \
	    PROCESS_FILE("status", 0444, show_status, NULL)

static const struct pseudo_entry thread_children[] = {PROCESS_COMMON, {.name = NULL}};

static const struct pseudo_entry thread_entry = {.name = "task",
						 .mode = S_IFDIR | 0555,
						 .children = thread_children,
						 .attributes = procfs_owner};

static int task_lookup(const struct pseudo_key *key, const struct qstr *name,
		       const struct pseudo_entry **entry, struct pseudo_key *child)
{
	u64 tid;
	int err = procfs_parse_id(name, &tid);
	if (err)
		return err;
	struct thread *thread = thread_find((int)tid);
	if (!thread)
		return -ENOENT;
	err = (u64)thread->process->pid == key->id[0] ? 0 : -ENOENT;
	thread_put(thread);
	child->id[0] = tid;
	child->id[1] = 0;
	*entry = &thread_entry;
	return err;
}

static int task_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
			const struct pseudo_entry **entry, struct pseudo_key *child)
{
	struct process *process = process_find((int)key->id[0]);
	if (!process)
		return -ESRCH;
	struct thread *thread = process_thread_next(process, (int)min_t(u64, *cursor, S32_MAX));
	process_put(process);
	if (!thread)
		return -ENOENT;
	*cursor = (u64)thread->tid;
	ksnprintf(name, 32, "%d", thread->tid);
	child->id[0] = (u64)thread->tid;
	child->id[1] = 0;
	*entry = &thread_entry;
	thread_put(thread);
	return 0;
}

static const struct pseudo_entry process_children[] = {PROCESS_COMMON,
						       {.name = "task",
							.mode = S_IFDIR | 0555,
							.lookup = task_lookup,
							.iterate = task_iterate,
							.attributes = procfs_owner},
						       {.name = NULL}};

const struct pseudo_entry procfs_process_entry = {.name = "process",
						  .mode = S_IFDIR | 0555,
						  .children = process_children,
						  .attributes = procfs_owner};

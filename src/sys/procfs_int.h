/*
 * procfs: the tables and helpers its files share.
 *
 * procfs lies in sys and not in vfs because its files speak of processes; the tree itself is
 * vfs/pseudo.h. Keys: id[0] is a pid, or below task a tid (0 outside process directories); id[1] a
 * descriptor below fd.
 */
#ifndef ARAMID_SYS_PROCFS_INT_H
#define ARAMID_SYS_PROCFS_INT_H

#include "lib/clock.h"
#include "sys/thread.h"
#include "vfs/pseudo.h"

/* The unit of CPU times in /proc: 1/100 s, whatever the tick is (USER_HZ). */
static inline u64 procfs_ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / 100);
}

/* Entry tables, each ended by an entry without name. */
extern const struct pseudo_entry procfs_process_entry;  /* /proc/PID; its mode is a directory's */
extern const struct pseudo_entry procfs_sys_children[]; /* /proc/sys */

/* The thread a key names: the leader of process id[0], or the thread of that id. Referenced, or
 * NULL. */
struct thread *procfs_thread(const struct pseudo_key *key);
/* Whether the caller may look into it, as ptrace(2) has it. */
bool procfs_may_inspect(struct thread *thread);
/* -ESRCH if it has gone, -EACCES if the caller may not look into it. */
int __must_check procfs_inspect(const struct pseudo_key *key, struct thread **out);
/* The address space of the key's thread, with the check above; *out may be NULL for kernel threads
 * and zombies. */
int __must_check procfs_inspect_mm(const struct pseudo_key *key, struct mm **out);
int __must_check procfs_owner(const struct pseudo_key *key, struct pseudo_attributes *out);
/* The name of a path for the caller, in a fresh buffer: kfree it. -ENOMEM, -ENAMETOOLONG. */
int __must_check procfs_path_name(const struct path *path, char **out);

/* procfs_system.c: system-wide files. */
int procfs_show_cmdline(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_cpuinfo(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_meminfo(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_uptime(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_loadavg(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_slabinfo(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_stat(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_version(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_filesystems(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_devices(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_partitions(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_diskstats(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_swaps(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_vmstat(struct text_buffer *text, const struct pseudo_key *key);

/* procfs_maps.c */
int procfs_show_maps(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_smaps(struct text_buffer *text, const struct pseudo_key *key);
int procfs_show_smaps_rollup(struct text_buffer *text, const struct pseudo_key *key);

/* procfs_fd.c */
extern const struct pseudo_entry procfs_fd_entry, procfs_fdinfo_entry;
int procfs_jump_exe(const struct pseudo_key *key, struct path *out);
int procfs_jump_cwd(const struct pseudo_key *key, struct path *out);
int procfs_jump_root(const struct pseudo_key *key, struct path *out);
int procfs_fd_lookup(const struct pseudo_key *key, const struct qstr *name,
		     const struct pseudo_entry **entry, struct pseudo_key *child);
int procfs_fdinfo_lookup(const struct pseudo_key *key, const struct qstr *name,
			 const struct pseudo_entry **entry, struct pseudo_key *child);
int procfs_fd_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
		      const struct pseudo_entry **entry, struct pseudo_key *child);
int procfs_fdinfo_iterate(const struct pseudo_key *key, u64 *cursor, char name[32],
			  const struct pseudo_entry **entry, struct pseudo_key *child);
int procfs_link_jump(int (*jump)(const struct pseudo_key *key, struct path *out),
		     const struct pseudo_key *key, char **target);

/* A decimal number that is the whole of name. -ENOENT otherwise. */
int __must_check procfs_parse_id(const struct qstr *name, u64 *out);

#endif

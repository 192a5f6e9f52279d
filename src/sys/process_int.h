/*
 * Private to sys: what the files of thread and process life need of each other.
 */
#ifndef ARAMID_SYS_PROCESS_INT_H
#define ARAMID_SYS_PROCESS_INT_H

#include "sys/signal_int.h"
#include "sys/thread.h"

extern struct process process_zero; /* of kernel threads */
extern struct cred cred_kernel;     /* root with everything */

/* ---- thread.c ---- */
void thread_cache_init(void);
/* Fills in a fresh, zeroed thread of process, which it takes a reference on. */
void thread_init(struct thread *thread, struct process *process);
/* The same with memory and a kernel stack; in no table yet. NULL: no memory. */
struct thread *thread_alloc(struct process *process);
void thread_work_set(struct thread *thread, u32 work);
void thread_work_clear(struct thread *thread, u32 work);

/* ---- process.c; all under process_lock ---- */
/* A free id, used once by the caller; -EAGAIN when there is none. */
int __must_check id_alloc(void);
void id_use(int id);
void id_release(int id);
void thread_table_add(struct thread *thread);
void thread_table_remove(struct thread *thread);
struct process *process_lookup(int pid);
/* Whether a pinned process is still known by its id: not yet waited for. */
bool process_in_tables(const struct process *process);
struct thread *thread_lookup(int tid);
void process_table_add(struct process *process);
/* Takes a waited-for zombie out of everything; the caller then calls process_put(). */
void process_table_remove(struct process *process);
void process_group_set(struct process *process, int pgid);
void process_session_set(struct process *process, int sid);
bool group_exists(int pgid, int sid);
/* A group without a member whose parent is in another group of the same session. ignored does not
 * count. */
bool group_is_orphaned(int pgid, const struct process *ignored);
bool group_has_stopped(int pgid);

void process_init(void);
/* As many as the memory is good for. process_lock held. */
bool threads_are_too_many(void);
/* A process without threads; NULL: no memory. */
struct process *process_alloc(void);
/* A thread's hold on its process, from its first to its last moment: keeps the structure, but not
 * the leader, which holds it too. */
void process_pin(struct process *process);
void process_unpin(struct process *process);

/* Sends to all of a group what the kernel sends. */
void signal_send_group_locked(int pgid, int sig);
/* Times of all threads, the dead included. */
void process_time_get_locked(struct process *process, struct cpu_time *out);

/* ---- exit.c, wait.c ---- */
/* The running thread lets go of its address space: futexes are told, while it is still there. */
void thread_mm_release(struct thread *self);
/* And its vfork parent, once it is not used any more. */
void thread_vfork_done(struct thread *self);
/* Stop, continue: called by the thread that found out, without locks. */
void process_notify_stop(struct process *process, bool continued);

/* Limits and CPU-time clocks, by the tick; interrupt context. */
void process_tick(struct thread *thread);

#endif

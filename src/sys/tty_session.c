/*
 * Terminals and sessions: controlling terminals, foreground groups, hanging up. credentials(7),
 * setsid(2), tty_ioctl(4).
 *
 * A process points at its controlling terminal without a reference. That is safe because a terminal
 * that can end (a pty) is hung up before, which takes it from every process, and because nobody
 * gets it later: to become a controlling terminal it must be open, not hung up, under its lock.
 */
#include "lib/atomic.h"
#include "sys/signal.h"
#include "sys/sys_fs_int.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "sys/tty_int.h"
#include "vfs/cred.h"

#include <linux/capability.h>

int tty_check_foreground(struct tty *tty, int sig)
{
	struct process *self = process_current();
	irqflags_t flags = irqlock_lock(&process_lock);
	bool background = self->tty == tty && tty->foreground && self->pgid != tty->foreground;
	int pgid = self->pgid;
	irqlock_unlock(&process_lock, flags);
	if (!background)
		return 0;
	if (signal_current_ignores(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (process_group_is_orphaned(pgid))
		return -EIO;
	(void)signal_send_group(pgid, sig, NULL); /* the group is our own: it exists */
	return -ERESTARTSYS;
}

/* Takes the terminal from every process of its session. process_lock held. */
static void session_detach(struct tty *tty)
{
	struct process *process;
	list_for_each_entry(process, &process_list, all_node) {
		if (process->tty == tty)
			process->tty = NULL;
	}
	tty->session = tty->foreground = 0;
}

int tty_acquire(struct tty *tty, bool steal)
{
	struct process *self = process_current();
	int err = 0;
	irqflags_t flags = irqlock_lock(&process_lock);
	if (self->tty == tty && tty->session == self->sid) {
		/* it is ours already */
	} else if (!self->session_leader || self->tty) {
		err = -EPERM;
	} else if (tty->session && !(steal && capable(CAP_SYS_ADMIN))) {
		err = -EPERM;
	} else {
		if (tty->session)
			session_detach(tty);
		tty->session = self->sid;
		tty->foreground = self->pgid;
		self->tty = tty;
		self->tty_old_group = 0;
	}
	irqlock_unlock(&process_lock, flags);
	return err;
}

struct tty *tty_current_get(void)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct tty *tty = process_current()->tty;
	if (tty)
		tty_get(tty);
	irqlock_unlock(&process_lock, flags);
	return tty;
}

void tty_signal_foreground(struct tty *tty, int sig)
{
	int foreground = READ_ONCE(tty->foreground);
	if (foreground)
		(void)signal_send_group(foreground, sig, NULL); /* an empty group is no error */
}

/* A group that may have gone meanwhile. */
static void hang_up_group(int pgid)
{
	if (pgid && signal_send_group(pgid, SIGHUP, NULL) == 0)
		(void)signal_send_group(pgid, SIGCONT, NULL);
}

/* Every file but the immune ones is dead from here on. */
static void files_end(struct tty *tty)
{
	mutex_lock(&tty->lock);
	atomic_store(&tty->hangups, tty->hangups + 1);
	n_tty_flush_input(tty);
	tty->output_stopped = false;
	mutex_unlock(&tty->lock);
}

static void wake_users(struct tty *tty)
{
	wake_all(&tty->read_wait);
	wake_all(&tty->write_wait);
}

void tty_hangup(struct tty *tty)
{
	files_end(tty);
	irqflags_t flags = irqlock_lock(&process_lock);
	struct process *process;
	list_for_each_entry(process, &process_list, all_node) {
		if (process->tty != tty || !process->session_leader)
			continue;
		process->tty_old_group = tty->foreground; /* told when the leader has gone, too */
		(void)signal_send_process(process, SIGHUP, NULL);
		(void)signal_send_process(process, SIGCONT, NULL);
	}
	session_detach(tty);
	irqlock_unlock(&process_lock, flags);
	wake_users(tty);
}

/* The leader lets its terminal go. */
static void session_end(struct process *leader, bool exits)
{
	irqflags_t flags = irqlock_lock(&process_lock);
	struct tty *tty = leader->tty;
	int foreground = leader->tty_old_group;
	leader->tty_old_group = 0;
	if (tty && tty->session == leader->sid) {
		tty_get(tty);
		foreground = tty->foreground;
		session_detach(tty);
	} else {
		tty = NULL;
	}
	irqlock_unlock(&process_lock, flags);
	hang_up_group(foreground);
	if (!tty)
		return;
	/* A pty's other users keep it: its master knows when to end. */
	if (exits && !tty->driver->pseudo)
		files_end(tty);
	wake_users(tty);
	tty_put(tty);
}

void tty_session_end(struct process *leader)
{
	session_end(leader, true);
}

int tty_give_up(struct tty *tty)
{
	struct process *self = process_current();
	if (self->tty != tty)
		return -ENOTTY;
	if (self->session_leader) {
		session_end(self, false);
		return 0;
	}
	irqflags_t flags = irqlock_lock(&process_lock);
	self->tty = NULL;
	irqlock_unlock(&process_lock, flags);
	return 0;
}

SYSCALL(vhangup)
{
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	struct tty *tty = tty_current_get();
	if (tty) {
		tty_hangup(tty);
		tty_put(tty);
	}
	return 0;
}

u32 tty_process_device(const struct process *process)
{
	const struct tty *tty = process->tty;
	return tty ? (u32)dev_encode(tty->major, tty->minor) : 0;
}

int tty_process_foreground(const struct process *process)
{
	return process->tty ? process->tty->foreground : -1;
}

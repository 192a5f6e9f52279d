/* Terminal ioctls: termios, window size, job control. ioctl_tty(2). */
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/signal.h"
#include "sys/thread.h"
#include "sys/tty_int.h"
#include "vfs/file.h"

#include <linux/capability.h>

/* The ABI's older struct termios is a prefix of termios2. */
#define TERMIOS_BYTES sizeof(struct termios)

static int termios_get(struct tty *tty, unsigned long arg, size_t bytes)
{
	struct termios2 copy;
	mutex_lock(&tty->lock);
	copy = tty->termios;
	mutex_unlock(&tty->lock);
	return copy_to_user((void __user *)arg, &copy, bytes);
}

/* What a remote terminal may then do by itself (packet mode). */
static bool stops_by_usual_keys(const struct tty *tty)
{
	return FLAG_I(tty, IXON) && tty->termios.c_cc[VSTOP] == ('S' & 0x1f) &&
	       tty->termios.c_cc[VSTART] == ('Q' & 0x1f);
}

static int termios_set(struct tty *tty, unsigned long arg, size_t bytes, bool flush)
{
	struct termios2 new;
	int err = tty_check_foreground(tty, SIGTTOU);
	if (err)
		return err;
	mutex_lock(&tty->lock);
	new = tty->termios;
	mutex_unlock(&tty->lock);
	err = copy_from_user(&new, (const void __user *)arg, bytes);
	if (err)
		return err;
	mutex_lock(&tty->lock);
	bool was_canonical = FLAG_L(tty, ICANON), stopped_by_keys = stops_by_usual_keys(tty);
	if (flush)
		n_tty_flush_input(tty);
	tty->termios = new;
	n_tty_mode_changed(tty, was_canonical);
	if (stops_by_usual_keys(tty) != stopped_by_keys)
		tty_tell(tty, stopped_by_keys ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP);
	if (!FLAG_I(tty, IXON) && tty->output_stopped) {
		tty->output_stopped = false;
		tty_write_wakeup(tty);
	}
	mutex_unlock(&tty->lock);
	return 0;
}

static int winsize_set(struct tty *tty, unsigned long arg)
{
	struct winsize size;
	int err = copy_from_user(&size, (const void __user *)arg, sizeof(size));
	if (err)
		return err;
	mutex_lock(&tty->lock);
	bool changed = memcmp(&size, &tty->winsize, sizeof(size)) != 0;
	tty->winsize = size;
	mutex_unlock(&tty->lock);
	if (changed)
		tty_signal_foreground(tty, SIGWINCH);
	return 0;
}

static int winsize_get(struct tty *tty, unsigned long arg)
{
	mutex_lock(&tty->lock);
	struct winsize size = tty->winsize;
	mutex_unlock(&tty->lock);
	return copy_to_user((void __user *)arg, &size, sizeof(size));
}

static int foreground_get(struct tty *tty, unsigned long arg)
{
	if (process_current()->tty != tty)
		return -ENOTTY;
	/* Without a foreground group, a number that is no group's. */
	int pgid = tty->foreground ? tty->foreground : S32_MAX;
	return put_user(pgid, (int __user *)arg);
}

/* Whether a process of the group pgid belongs to session sid. process_lock held. */
static int group_in_session(int pgid, int sid)
{
	struct process *process;
	int err = -ESRCH;
	list_for_each_entry(process, &process_list, all_node) {
		if (process->pgid != pgid)
			continue;
		if (process->sid == sid)
			return 0;
		err = -EPERM;
	}
	return err;
}

static int foreground_set(struct tty *tty, unsigned long arg)
{
	struct process *self = process_current();
	int pgid;
	int err = tty_check_foreground(tty, SIGTTOU);
	if (err)
		return err;
	if (self->tty != tty || tty->session != self->sid)
		return -ENOTTY;
	err = get_user(pgid, (int __user *)arg);
	if (err)
		return err;
	if (pgid < 0)
		return -EINVAL;
	irqflags_t flags = irqlock_lock(&process_lock);
	err = group_in_session(pgid, self->sid);
	if (!err)
		tty->foreground = pgid;
	irqlock_unlock(&process_lock, flags);
	return err;
}

static int set_controlling(struct tty *tty, struct file *file, unsigned long arg)
{
	mutex_lock(&tty->lock);
	/* Under the lock: a hang-up must find every process that has the terminal. */
	int err = tty_is_hung_up(tty, file) ? -EIO : tty_acquire(tty, arg == 1);
	mutex_unlock(&tty->lock);
	return err;
}

static int flush(struct tty *tty, unsigned long arg)
{
	int err = tty_check_foreground(tty, SIGTTOU);
	if (err)
		return err;
	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&tty->lock);
	if (arg != TCOFLUSH) {
		n_tty_flush_input(tty);
		if (tty->driver->read_wakeup)
			tty->driver->read_wakeup(tty);
		tty_tell(tty, TIOCPKT_FLUSHREAD);
	}
	if (arg != TCIFLUSH) {
		if (tty->driver->output_flush)
			tty->driver->output_flush(tty);
		tty_tell(tty, TIOCPKT_FLUSHWRITE);
	}
	mutex_unlock(&tty->lock);
	return 0;
}

static int flow_control(struct tty *tty, unsigned long arg)
{
	int err = tty_check_foreground(tty, SIGTTOU);
	if (err)
		return err;
	mutex_lock(&tty->lock);
	switch (arg) {
	case TCOOFF:
	case TCOON:
		tty->output_stopped = arg == TCOOFF;
		tty_tell(tty, arg == TCOOFF ? TIOCPKT_STOP : TIOCPKT_START);
		tty_write_wakeup(tty);
		break;
	case TCIOFF:
	case TCION: {
		char c = (char)tty->termios.c_cc[arg == TCIOFF ? VSTOP : VSTART];
		if (c)
			(void)tty->driver->write(tty, &c, 1);
		break;
	}
	default:
		err = -EINVAL;
	}
	mutex_unlock(&tty->lock);
	return err;
}

static int input_count(struct tty *tty, unsigned long arg)
{
	mutex_lock(&tty->lock);
	int n = (int)n_tty_available(tty);
	mutex_unlock(&tty->lock);
	return put_user(n, (int __user *)arg);
}

static int session_get(struct tty *tty, unsigned long arg)
{
	if (process_current()->tty != tty || !tty->session)
		return -ENOTTY;
	return put_user(tty->session, (int __user *)arg);
}

static int output_count(struct tty *tty, unsigned long arg)
{
	size_t n = tty->driver->output_count ? tty->driver->output_count(tty) : 0;
	return put_user((int)n, (int __user *)arg);
}

/* Everything is on the wire when write() returns, so draining only obeys job control. */
static int drain(struct tty *tty)
{
	return tty_check_foreground(tty, SIGTTOU);
}

static long ioctl_termios(struct tty *tty, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case TCGETS:
		return termios_get(tty, arg, TERMIOS_BYTES);
	case TCGETS2:
		return termios_get(tty, arg, sizeof(struct termios2));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return termios_set(tty, arg, TERMIOS_BYTES, cmd == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return termios_set(tty, arg, sizeof(struct termios2), cmd == TCSETSF2);
	case TCFLSH:
		return flush(tty, arg);
	case TCXONC:
		return flow_control(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return drain(tty);
	default:
		return -ENOTTY;
	}
}

long tty_ioctl(struct tty *tty, struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case TIOCGWINSZ:
		return winsize_get(tty, arg);
	case TIOCSWINSZ:
		return winsize_set(tty, arg);
	case TIOCGPGRP:
		return foreground_get(tty, arg);
	case TIOCSPGRP:
		return foreground_set(tty, arg);
	case TIOCGSID:
		return session_get(tty, arg);
	case TIOCSCTTY:
		return set_controlling(tty, file, arg);
	case TIOCNOTTY:
		return tty_give_up(tty);
	case FIONREAD:
		return input_count(tty, arg);
	case TIOCOUTQ:
		return output_count(tty, arg);
	case TIOCGETD:
		return put_user(0, (int __user *)arg); /* N_TTY, the only one */
	default:
		return ioctl_termios(tty, cmd, arg);
	}
}

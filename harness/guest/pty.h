/* Pseudo terminals for contracts. */
#ifndef GUEST_PTY_H
#define GUEST_PTY_H

#include "contract.h"

#include <termios.h>

struct pty {
	int master, slave; /* slave: -1 until pty_open_slave() */
	char name[32];
};

/* A new pair, unlocked; nothing that it opens becomes a controlling terminal. */
void pty_make(struct pty *pty);
void pty_open_slave(struct pty *pty);
/* A child that leads a session with the slave as its terminal; it has no master. */
pid_t pty_fork(struct pty *pty);
/* Reads from the master until what came ends with this text; CHECKs that it is all of it. */
void pty_expect(struct pty *pty, const char *text);
void pty_type(struct pty *pty, const char *text);

#endif

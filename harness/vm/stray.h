#ifndef VM_STRAY_H
#define VM_STRAY_H

/*
 * Strays: guests whose test has gone without ending them.
 *
 * A QEMU that libvirt started is a daemon and nobody's child. libvirt leaves its process id below
 * its root, and the root's path is among QEMU's arguments: a process that has both is ours. It is
 * held by a pidfd from before the check until after the kill, so no other process can be meant.
 */

/* Kills every QEMU that was started below the libvirt root DIR, and waits for it; returns how many.
 */
int stray_kill_all(const char *root);

#endif

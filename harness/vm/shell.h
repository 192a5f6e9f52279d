#ifndef VM_SHELL_H
#define VM_SHELL_H

/*
 * A BusyBox shell on a guest's console.
 *
 * The prompt is made to carry the last command's status, "@STATUS@ ", so that one match says both
 * that a command has ended and how. What is typed is echoed by the shell's line editor, so no
 * pattern here matches its own echo.
 */

#include "guest.h"

/* Waits for the booted guest's shell and sets its prompt. */
enum guest_event shell_open(struct guest *guest);

/*
 * Types a line and waits for the prompt. *status is the command's exit status; guest_text is
 * everything printed meanwhile, the echo first and the prompt last.
 */
enum guest_event shell_run(struct guest *guest, const char *line, int *status);

/* The same, and fails the test unless the prompt comes with that status. */
void shell_must(struct guest *guest, const char *line, int status);

/* The same with status 0, and fails unless the output matches an extended regular expression. */
void shell_shows(struct guest *guest, const char *line, const char *pattern);

/* Types poweroff, and fails the test unless the guest then powers off. */
void shell_poweroff(struct guest *guest);

/* Starts a guest and opens its shell, or fails the test. */
struct guest *shell_boot(const struct guest_spec *spec);

#endif

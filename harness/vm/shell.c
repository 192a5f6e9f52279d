#include "shell.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prompt[] = "@([0-9]+)@ ";

enum guest_event shell_open(struct guest *guest)
{
	enum guest_event event = guest_expect(guest, "[#$] ");

	if (event != GUEST_MATCH)
		return event;
	/* The answer that line editors wait for when they ask a terminal where its cursor is. */
	event = guest_send(guest, "PS1='@$?@ '\n");
	if (event != GUEST_MATCH)
		return event;
	return guest_expect(guest, prompt);
}

enum guest_event shell_run(struct guest *guest, const char *line, int *status)
{
	enum guest_event event = guest_send(guest, line);

	if (event == GUEST_MATCH)
		event = guest_send(guest, "\n");
	if (event == GUEST_MATCH)
		event = guest_expect(guest, prompt);
	if (event == GUEST_MATCH)
		*status = atoi(guest_group(guest));
	return event;
}

void shell_must(struct guest *guest, const char *line, int status)
{
	int got = -1;
	enum guest_event event = shell_run(guest, line, &got);

	REQUIRE(event == GUEST_MATCH, "%s: %s; the console's end:\n%s", line,
		guest_event_name(event), guest_tail(guest));
	REQUIRE(got == status, "%s: status %d, not %d:\n%s", line, got, status, guest_text(guest));
}

void shell_shows(struct guest *guest, const char *line, const char *pattern)
{
	const char *output;
	regex_t regex;
	bool found;

	shell_must(guest, line, 0);
	/* The first line is the echo of what was typed. */
	output = strchr(guest_text(guest), '\n');
	REQUIRE(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB) == 0,
		"bad pattern %s", pattern);
	found = output && regexec(&regex, output + 1, 0, NULL, 0) == 0;
	regfree(&regex);
	REQUIRE(found, "%s: does not show %s:\n%s", line, pattern, guest_text(guest));
}

void shell_poweroff(struct guest *guest)
{
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, "poweroff\n"));
	REQUIRE_EVENT(guest, GUEST_OFF, guest_wait_end(guest));
}

struct guest *shell_boot(const struct guest_spec *spec)
{
	struct guest *guest = guest_start(spec);

	REQUIRE(guest != NULL, "%s does not start: %s", spec->name, guest_error());
	REQUIRE_EVENT(guest, GUEST_MATCH, shell_open(guest));
	return guest;
}

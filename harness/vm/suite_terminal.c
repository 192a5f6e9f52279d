/*
 * The terminal: what a person types at a shell on the console, and what must happen.
 *
 * Each conversation is a table of lines: what is typed, and an extended regular expression that the
 * console must then show. "PROMPT(n)" is the shell's prompt after status n. Nothing is typed before
 * the reaction to what was typed before has been seen.
 */
#include "image.h"
#include "runner.h"
#include "shell.h"

#include <stdio.h>
#include <string.h>

#define PROMPT(status) "@" #status "@ "

#define CTRL_C    "\003"
#define CTRL_D    "\004"
#define CTRL_U    "\025"
#define CTRL_Z    "\032"
#define CTRL_QUIT "\034"
#define ESCAPE    "\033"
#define UP        "\033[A"
#define LEFT      "\033[D"
#define BACKSPACE "\177"

/* Says that it runs only once it is the terminal's foreground job: a signal from the keyboard that
 * comes earlier is the shell's, which ignores most. */
#define SLEEPER "sh -c 'echo be\"\"gun; exec sleep 1000'\n"

/* Likewise: what is typed before is the shell's line editor's, and raw. */
#define CAT "sh -c 'echo be\"\"gun; exec cat'\n"

struct line {
	const char *typed, *shown;
};

static const struct conversation {
	const char *name;
	struct line lines[16];
} conversations[] = {
    {"ctrl-c",
     {{"echo be''gun; sleep 1000\n", "^begun"},
      {CTRL_C, PROMPT(130)},
      {"ps | grep -c '[s]leep 1000'\n", "^0\n" PROMPT(1)}}},
    {"ctrl-c-pipeline",
     {{"echo be''gun; yes | cat >/dev/null\n", "^begun"},
      {CTRL_C, PROMPT(130)},
      {"ps | grep -c '[y]es'\n", "^0\n" PROMPT(1)}}},
    {"ctrl-c-handler",
     {{"sh -c 'trap \"echo caught; exit 7\" INT; echo be''gun; while :; do :; done'\n", "^begun"},
      {CTRL_C, "caught\n" PROMPT(7)}}},
    {"ctrl-c-ignored",
     {{"sh -c 'trap \"\" INT; echo be''gun; read x; echo read $x'\n", "^begun"},
      {CTRL_C "line\n", "^read line\n" PROMPT(0)}}},
    {"ctrl-c-at-prompt",
     {{"echo half" CTRL_C, PROMPT(130)}, {"echo wh''ole\n", "^whole\n" PROMPT(0)}}},
    {"ctrl-quit", {{SLEEPER, "^begun"}, {CTRL_QUIT, PROMPT(131)}}},
    {"ctrl-z-fg-bg",
     {{SLEEPER, "^begun"},
      {CTRL_Z, "Stopped.*sleep.*\n(.*\n)*" PROMPT(148)},
      {"jobs\n", "Stopped.*sleep.*\n" PROMPT(0)},
      {"bg\n", "sleep 1000.*\n" PROMPT(0)},
      {"jobs\n", "Running.*sleep.*\n" PROMPT(0)},
      {"fg\n", "^sh -c.*sleep 1000.*\n"},
      {CTRL_C, PROMPT(130)},
      {"jobs | wc -l\n", "^0\n" PROMPT(0)}}},
    {"ctrl-z-pipeline",
     {{"cat /dev/zero | sh -c 'echo be\"\"gun >&2; exec cat >/dev/null'\n", "^begun"},
      {CTRL_Z, PROMPT(148)},
      {"kill -9 %1\n", PROMPT(0)},
      {"wait\n", "@[0-9]+@ "},
      {"ps | grep -c '[c]at /dev/zero'\n", "^0\n" PROMPT(1)}}},
    {"background-read-stops",
     {{"cat &\n", PROMPT(0)},
      {"sleep 1; jobs\n", "Stopped \\(tty input\\).*cat.*\n" PROMPT(0)},
      {"fg\n", "^cat\n"},
      {"to the cat\n", "^to the cat\nto the cat\n"},
      {CTRL_D, PROMPT(0)}}},
    {"background-write-tostop",
     {{"stty tostop; (echo from behind) &\n", PROMPT(0)},
      {"sleep 1; jobs\n", "Stopped \\(tty output\\).*\n" PROMPT(0)},
      {"fg\n", "^from behind\n" PROMPT(0)},
      {"stty -tostop\n", PROMPT(0)}}},
    {"end-of-file",
     {{CAT, "^begun"},
      {"hello\n", "^hello\nhello\n"},
      {CTRL_D, PROMPT(0)},
      {"sh -c 'echo be\"\"gun >&2; exec cat' | od -c\n", "^begun"},
      {"ab" CTRL_D, "ab"},
      {CTRL_D, "   a   b\n"}}},
    {"canonical-editing",
     {{CAT, "^begun"},
      {"abx" BACKSPACE "c\n", "^abc\n"},
      {"gone" CTRL_U "kept\n", "^kept\n"},
      {CTRL_D, PROMPT(0)}}},
    {"line-editor",
     {{"echo wrold" LEFT LEFT BACKSPACE LEFT "o\n", "^world\n" PROMPT(0)},
      {"echo again''1\n", "^again1\n" PROMPT(0)},
      {UP "\n", "^again1\n" PROMPT(0)}}},
    {"tab-completion", {{"cat /etc/hostn\t\n", "^aramid\n" PROMPT(0)}}},
    {"type-ahead", {{"sleep 1\necho a''head\n", PROMPT(0) "(.*\n)*ahead\n" PROMPT(0)}}},
    {"no-echo",
     {{"stty -echo; echo be''gun; read x; stty echo; echo got $x\n", "^begun"},
      {"secret\n", "^got secret\n" PROMPT(0)}}},
    {"raw-mode",
     {{"stty raw; echo go''es; dd bs=1 count=3 2>/dev/null | od -An -tx1; stty sane\n", "goes"},
      {"a" CTRL_C "b", " 61 03 62"},
      {"\n", "@[0-9]+@ "}}},
    {"window-size", {{"stty rows 50 cols 132; stty size\n", "^50 132\n" PROMPT(0)}}},
    {"terminal-name",
     {{"tty\n", "^/dev/ttyS0\n" PROMPT(0)},
      {"tty </dev/null\n", "^not a tty\n" PROMPT(1)},
      {"echo through >/dev/tty\n", "^through\n" PROMPT(0)}}},
    {"vi",
     {{"vi /tmp/t\n", "~"},
      /* Not the text: vi draws it in as many pieces as it arrived in. */
      {"ihello from vi" ESCAPE, "- /tmp/t \\[Modified\\]"},
      {":wq\n", PROMPT(0)},
      {"cat /tmp/t\n", "^hello from vi\n" PROMPT(0)}}},
    {"top", {{"top\n", "Mem: [0-9]+K used.*\n(.*\n)*.*PID"}, {"q", PROMPT(0)}}},
    {"shell-respawns",
     {{"exit 5\n", "Enter 'help'(.*\n)*.*[#$] "}, {"echo n''ew $PPID\n", "^new 1\n"}}},
    {"new-session",
     {{"setsid sh -c 'echo x >/dev/tty' 2>&1 | cat\n",
       "can't (open|create) /dev/tty.*\n" PROMPT(0)}}},
    {"hang-up",
     {{"(trap '' HUP; exec sleep 1000) &\n", PROMPT(0)},
      {"kill -HUP $$\n", "Enter 'help'(.*\n)*.*[#$] "},
      {"PS1='@$?@ '\n", PROMPT(0)},
      {"ps | grep -c '[s]leep 1000'\n", "^1\n" PROMPT(0)}}},
};

enum { conversation_count = sizeof(conversations) / sizeof(conversations[0]) };

static int chosen[conversation_count], chosen_count;

START_TEST(a_conversation_goes_as_written)
{
	int index = chosen[_i];
	const struct conversation *conversation = &conversations[index];
	struct guest_spec spec = {.machine = index % 2 ? MACHINE_MICROVM : MACHINE_Q35,
				  .cpus = 1 + (unsigned)(index / 2) % 2};
	struct guest *guest;
	char name[64];

	snprintf(name, sizeof(name), "terminal-%s", conversation->name);
	spec.name = name;
	spec.disks[0].path = image_copy_root(name);
	guest = shell_boot(&spec);
	shell_must(guest, "dmesg -n 1", 0);
	for (const struct line *line = conversation->lines; line->typed; line++) {
		enum guest_event event = guest_send(guest, line->typed);

		if (event == GUEST_MATCH)
			event = guest_expect(guest, line->shown);
		REQUIRE(event == GUEST_MATCH,
			"%s: line %d does not show \"%s\": %s; the console's end:\n%s", name,
			(int)(line - conversation->lines) + 1, line->shown, guest_event_name(event),
			guest_tail(guest));
	}
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec.disks[0].path, name);
}
END_TEST

START_TEST(the_virtio_console_is_a_terminal)
{
	struct guest_spec spec = {.name = _i ? "terminal-hvc0-microvm" : "terminal-hvc0-q35",
				  .machine = _i ? MACHINE_MICROVM : MACHINE_Q35,
				  .cpus = 1 + (unsigned)_i,
				  .virtio_console = true};
	struct guest *guest;

	spec.disks[0].path = image_copy_root(spec.name);
	guest = shell_boot(&spec);
	shell_shows(guest, "tty", "^/dev/hvc0$");
	shell_shows(guest, "seq 1 20000 | tail -n 10000 | tee /dev/tty | md5sum",
		    "^10001$\n(.*\n)*^20000$");
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, SLEEPER));
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, "^begun"));
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_send(guest, CTRL_C));
	REQUIRE_EVENT(guest, GUEST_MATCH, guest_expect(guest, PROMPT(130)));
	shell_poweroff(guest);
	guest_destroy(guest);
	image_judge(spec.disks[0].path, spec.name);
}
END_TEST

Suite *suite_terminal(void)
{
	Suite *suite = suite_create("terminal");

	for (int i = 0; i < conversation_count; i++)
		if (strstr(conversations[i].name, runner.only))
			chosen[chosen_count++] = i;
	runner_loop_test(suite, "conversations at the console go as written",
			 a_conversation_goes_as_written, chosen_count);
	runner_loop_test(suite, "hvc0 is a terminal", the_virtio_console_is_a_terminal, 2);
	return suite;
}

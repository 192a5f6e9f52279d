/* Splitting of the kernel command line. See cmdline.h. */
#include "sys/cmdline.h"

#include "hw/boot.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"

#define WORDS_MAX 128

struct word {
	const char *name;
	const char *value; /* NULL: no '=' */
};

static char original[BOOT_CMDLINE_MAX];
static struct word words[WORDS_MAX];
static unsigned int word_count;
static char *init_args[CMDLINE_INIT_ARGS + 1];

/* Cuts the next word off *text, removing quotes. NULL at the end. */
static char *next_word(char **text)
{
	char *at = *text, *start, *out;
	bool quoted = false;
	while (char_is_space(*at))
		at++;
	if (!*at)
		return NULL;
	start = out = at;
	for (; *at && (quoted || !char_is_space(*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else
			*out++ = *at;
	}
	if (*at)
		at++;
	*out = '\0';
	*text = at;
	return start;
}

static void add_word(char *word)
{
	char *equals = strchr(word, '=');
	if (word_count == WORDS_MAX) {
		log_warn("command line: more than %u words: %s ignored", WORDS_MAX, word);
		return;
	}
	if (equals)
		*equals = '\0';
	words[word_count++] = (struct word){word, equals ? equals + 1 : NULL};
}

void cmdline_parse(char *text)
{
	unsigned int args = 0;
	bool for_init = false;
	char *word;
	(void)strscpy(original, text, sizeof(original));
	while ((word = next_word(&text))) {
		if (!for_init && !strcmp(word, "--"))
			for_init = true;
		else if (!for_init)
			add_word(word);
		else if (args < CMDLINE_INIT_ARGS)
			init_args[args++] = word;
		else
			log_warn("command line: too many arguments for init: %s ignored", word);
	}
}

/* As on Linux, '-' and '_' in names are the same. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a == '-' ? '_' : *a, y = *b == '-' ? '_' : *b;
		if (x != y)
			return false;
	}
	return *a == *b;
}

const char *cmdline_get(const char *name)
{
	for (unsigned int i = word_count; i-- > 0;) {
		if (same_name(words[i].name, name))
			return words[i].value ? words[i].value : "";
	}
	return NULL;
}

bool cmdline_has(const char *name)
{
	return cmdline_get(name) != NULL;
}

int cmdline_for_each(const char *name, int (*fn)(const char *value, void *arg), void *arg)
{
	int result = 0;
	for (unsigned int i = 0; i < word_count && !result; i++) {
		if (words[i].value && same_name(words[i].name, name))
			result = fn(words[i].value, arg);
	}
	return result;
}

s64 cmdline_number(const char *name, s64 fallback)
{
	const char *text = cmdline_get(name);
	s64 value;
	if (!text)
		return fallback;
	if (parse_s64(text, 10, &value)) {
		log_warn("command line: %s=%s is not a number: using %lld", name, text, fallback);
		return fallback;
	}
	return value;
}

char *const *cmdline_init_args(void)
{
	return init_args;
}

const char *cmdline_text(void)
{
	return original;
}

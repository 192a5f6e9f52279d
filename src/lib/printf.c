#include "lib/printf.h"
#include "lib/string.h"

/* One conversion specification, as parsed. */
struct spec {
	bool left, plus, space, zero, alt, upper;
	int width;
	int precision; /* -1: none given */
	char length;   /* 'H' hh, 'h', 'l' (also ll, z, j, t: all 64 bits), or 0 */
	char conv;
};

struct output {
	struct printf_sink *sink;
	size_t total;
};

static void put(struct output *out, const char *text, size_t n)
{
	if (n)
		out->sink->put(out->sink, text, n);
	out->total += n;
}

static void pad(struct output *out, char c, int n)
{
	static const char spaces[] = "                ", zeros[] = "0000000000000000";

	while (n > 0) {
		int chunk = min(n, 16);
		put(out, c == '0' ? zeros : spaces, (size_t)chunk);
		n -= chunk;
	}
}

static int parse_number(const char **fmt)
{
	int n = 0;

	for (; char_is_digit(**fmt); (*fmt)++)
		if (n < 100000)
			n = n * 10 + (**fmt - '0');
	return n;
}

static bool parse_flag(struct spec *s, char c)
{
	switch (c) {
	case '-':
		return s->left = true;
	case '+':
		return s->plus = true;
	case ' ':
		return s->space = true;
	case '0':
		return s->zero = true;
	case '#':
		return s->alt = true;
	default:
		return false;
	}
}

static void parse_length(struct spec *s, const char **fmt)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case 'h':
			s->length = s->length == 'h' ? 'H' : 'h';
			break;
		case 'l':
		case 'z':
		case 'j':
		case 't':
			s->length = 'l';
			break;
		default:
			return;
		}
	}
}

/* Text with an optional sign or prefix before and zeros between, padded to the width. */
static void put_field(struct output *out, const struct spec *s, const char *prefix, int zeros,
		      const char *text, int n)
{
	int prefixed = (int)strlen(prefix);
	int fill = s->width - prefixed - zeros - n;

	if (!s->left)
		pad(out, ' ', fill);
	put(out, prefix, (size_t)prefixed);
	pad(out, '0', zeros);
	put(out, text, (size_t)n);
	if (s->left)
		pad(out, ' ', fill);
}

static void put_number(struct output *out, const struct spec *s, u64 value, const char *prefix,
		       unsigned base)
{
	const char *digits = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int at = sizeof(text), zeros = 0;

	for (; value; value /= base)
		text[--at] = digits[value % base];
	int n = (int)sizeof(text) - at;
	if (s->precision >= 0)
		zeros = max(s->precision - n, 0);
	else if (s->zero && !s->left)
		zeros = max(s->width - (int)strlen(prefix) - n, n == 0 ? 1 : 0);
	else if (n == 0)
		zeros = 1;
	if (base == 8 && s->alt && zeros == 0)
		zeros = 1;
	put_field(out, s, prefix, zeros, text + at, n);
}

static void put_signed(struct output *out, const struct spec *s, s64 value)
{
	const char *sign = value < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(out, s, value < 0 ? -(u64)value : (u64)value, sign, 10);
}

static void put_unsigned(struct output *out, const struct spec *s, u64 value)
{
	unsigned base = s->conv == 'u' ? 10 : s->conv == 'o' ? 8 : 16;
	const char *prefix = base == 16 && s->alt && value ? (s->upper ? "0X" : "0x") : "";

	put_number(out, s, value, prefix, base);
}

static void put_string(struct output *out, const struct spec *s, const char *text)
{
	size_t max = s->precision >= 0 ? (size_t)s->precision : INT_MAX / 2;

	if (!text)
		text = "(null)";
	put_field(out, s, "", 0, text, (int)strnlen(text, max));
}

static s64 narrow_signed(char length, s64 v)
{
	return length == 'l' ? v : length == 'h' ? (s16)v : length == 'H' ? (s8)v : (s32)v;
}

static u64 narrow_unsigned(char length, u64 v)
{
	return length == 'l' ? v : length == 'h' ? (u16)v : length == 'H' ? (u8)v : (u32)v;
}

static const char *parse_spec(struct spec *s, const char *fmt)
{
	while (parse_flag(s, *fmt))
		fmt++;
	if (*fmt != '*')
		s->width = parse_number(&fmt);
	return fmt;
}

size_t kvprintf_to(struct printf_sink *sink, const char *fmt, va_list ap)
{
	struct output out = {.sink = sink};

	for (;;) {
		const char *percent = strchrnul(fmt, '%');
		put(&out, fmt, (size_t)(percent - fmt));
		if (!*percent)
			return out.total;

		struct spec s = {.precision = -1};
		fmt = parse_spec(&s, percent + 1);
		if (*fmt == '*') {
			s.width = va_arg(ap, int);
			if (s.width < 0) {
				s.left = true;
				s.width = s.width == INT_MIN ? 0 : -s.width;
			}
			fmt++;
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				s.precision = max(va_arg(ap, int), -1);
				fmt++;
			} else {
				s.precision = parse_number(&fmt);
			}
		}
		parse_length(&s, &fmt);
		s.conv = *fmt;

		switch (s.conv) {
		case 'd':
		case 'i': {
			s64 v = s.length == 'l' ? va_arg(ap, s64) : va_arg(ap, int);
			put_signed(&out, &s, narrow_signed(s.length, v));
			break;
		}
		case 'X':
			s.upper = true;
			__fallthrough;
		case 'u':
		case 'o':
		case 'x': {
			u64 v = s.length == 'l' ? va_arg(ap, u64) : va_arg(ap, unsigned);
			put_unsigned(&out, &s, narrow_unsigned(s.length, v));
			break;
		}
		case 'p':
			put_number(&out, &s, (uintptr_t)va_arg(ap, void *), "0x", 16);
			break;
		case 'c': {
			char c = (char)va_arg(ap, int);
			put_field(&out, &s, "", 0, &c, 1);
			break;
		}
		case 's':
			put_string(&out, &s, va_arg(ap, const char *));
			break;
		case '%':
			put(&out, "%", 1);
			break;
		default: /* not a conversion: shown as it stands, and no argument is taken */
			put(&out, percent, (size_t)(fmt - percent));
			continue;
		}
		fmt++;
	}
}

struct buffer_sink {
	struct printf_sink sink;
	char *buf;
	size_t size, used;
};

static void buffer_put(struct printf_sink *sink, const char *text, size_t n)
{
	struct buffer_sink *b = container_of(sink, struct buffer_sink, sink);

	if (b->used + 1 >= b->size)
		return;
	n = min(n, b->size - 1 - b->used);
	memcpy(b->buf + b->used, text, n);
	b->used += n;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer_sink b = {.sink.put = buffer_put, .buf = buf, .size = size};
	size_t total = kvprintf_to(&b.sink, fmt, ap);

	if (size)
		buf[b.used] = '\0';
	return (int)min(total, INT_MAX);
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

size_t kvscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	size_t n = (size_t)kvsnprintf(buf, size, fmt, ap);

	return size ? min(n, size - 1) : 0;
}

size_t kscnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	size_t n = kvscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

#include "lib/uuid.h"
#include "lib/string.h"

/* Whether a hyphen precedes byte i in the text. */
static bool hyphen_before(int i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

int uuid_parse(const char *text, struct uuid *uuid)
{
	struct uuid result;

	for (int i = 0; i < 16; i++) {
		if (hyphen_before(i) && *text++ != '-')
			return -EINVAL;
		int high = char_hex_value(text[0]);
		int low = high < 0 ? -1 : char_hex_value(text[1]);
		if (low < 0)
			return -EINVAL;
		result.b[i] = (u8)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return -EINVAL;
	*uuid = result;
	return 0;
}

void uuid_format(const struct uuid *uuid, char text[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		if (hyphen_before(i))
			*text++ = '-';
		*text++ = digits[uuid->b[i] >> 4];
		*text++ = digits[uuid->b[i] & 15];
	}
	*text = '\0';
}

void uuid_from_guid(const u8 guid[16], struct uuid *uuid)
{
	static const u8 from[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (int i = 0; i < 16; i++)
		uuid->b[i] = guid[from[i]];
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool uuid_is_null(const struct uuid *uuid)
{
	return mem_is_zero(uuid, sizeof(*uuid));
}

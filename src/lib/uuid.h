/*
 * UUIDs (RFC 9562): 16 bytes in the order of the text, as ext4's superblock has them. A GPT stores
 * its first three fields little-endian; uuid_from_guid puts them in order.
 */
#ifndef LIB_UUID_H
#define LIB_UUID_H

#include "lib/types.h"

#define UUID_TEXT 37 /* with the NUL */

struct uuid {
	u8 b[16];
};

/* 8-4-4-4-12 hexadecimal digits of either case, and nothing else. 0 or -EINVAL. */
int __must_check uuid_parse(const char *text, struct uuid *uuid);
/* Lower case, as blkid prints it. */
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT]);

void uuid_from_guid(const u8 guid[16], struct uuid *uuid);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_null(const struct uuid *uuid);

#endif

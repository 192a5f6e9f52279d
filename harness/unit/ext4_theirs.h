/* Offsets, sizes and constants of libext2fs's header, by name. */
#ifndef UNIT_EXT4_THEIRS_H
#define UNIT_EXT4_THEIRS_H

struct their_item {
	const char *name; /* "struct.field", "struct" or a constant; NULL ends the table */
	unsigned long offset, value; /* value: size, or the constant's */
};
extern const struct their_item their_items[];

#endif

/*
 * cpio archives for tests of the initramfs: entries one by one, well-formed unless told otherwise.
 */
#ifndef UNIT_CPIO_IMAGE_H
#define UNIT_CPIO_IMAGE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CPIO_HEADER 110

struct cpio_entry {
	const char *name;
	unsigned mode, uid, gid, nlink, ino, mtime, rdev_major, rdev_minor;
	const char *data;   /* NULL: none */
	unsigned data_size; /* 0: strlen(data) */
	int checksum;       /* magic 070702 */
};

struct cpio_image {
	unsigned char bytes[16384];
	size_t size;
};

static inline void cpio_pad(struct cpio_image *image)
{
	while (image->size % 4)
		image->bytes[image->size++] = 0;
}

static inline void cpio_add(struct cpio_image *image, struct cpio_entry entry)
{
	size_t length = entry.data ? entry.data_size ? entry.data_size : strlen(entry.data) : 0;
	unsigned sum = 0;

	for (size_t i = 0; entry.checksum && i < length; i++)
		sum += (unsigned char)entry.data[i];
	snprintf((char *)image->bytes + image->size, CPIO_HEADER + 1,
		 "07070%c%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 entry.checksum ? '2' : '1', entry.ino, entry.mode, entry.uid, entry.gid,
		 entry.nlink ? entry.nlink : 1, entry.mtime, (unsigned)length, 8, 1,
		 entry.rdev_major, entry.rdev_minor, (unsigned)strlen(entry.name) + 1, sum);
	image->size += CPIO_HEADER;
	memcpy(image->bytes + image->size, entry.name, strlen(entry.name) + 1);
	image->size += strlen(entry.name) + 1;
	cpio_pad(image);
	if (length)
		memcpy(image->bytes + image->size, entry.data, length);
	image->size += length;
	cpio_pad(image);
}

static inline void cpio_end(struct cpio_image *image)
{
	cpio_add(image, (struct cpio_entry){.name = "TRAILER!!!"});
}

/* Something of everything. */
static inline void cpio_sample(struct cpio_image *image)
{
	image->size = 0;
	cpio_add(image, (struct cpio_entry){.name = ".", .mode = 040755, .nlink = 3});
	cpio_add(image, (struct cpio_entry){
			    .name = "dir", .mode = 041771, .uid = 5, .gid = 6, .nlink = 2});
	cpio_add(image, (struct cpio_entry){.name = "dir/file",
					    .mode = 0104755,
					    .uid = 1000,
					    .gid = 100,
					    .mtime = 1234567890,
					    .data = "contents"});
	cpio_add(image, (struct cpio_entry){
			    .name = "link", .mode = 0120777, .uid = 7, .data = "dir/file"});
	cpio_add(image, (struct cpio_entry){
			    .name = "null", .mode = 020666, .rdev_major = 1, .rdev_minor = 3});
	cpio_add(image, (struct cpio_entry){
			    .name = "disk", .mode = 060660, .rdev_major = 254, .rdev_minor = 1});
	cpio_add(image, (struct cpio_entry){.name = "fifo", .mode = 010600});
	cpio_add(image, (struct cpio_entry){.name = "socket", .mode = 0140777});
	cpio_add(image, (struct cpio_entry){.name = "one", .mode = 0100644, .nlink = 2, .ino = 77});
	cpio_add(
	    image,
	    (struct cpio_entry){
		.name = "dir/two", .mode = 0100644, .nlink = 2, .ino = 77, .data = "both names"});
	cpio_add(image, (struct cpio_entry){
			    .name = "summed", .mode = 0100600, .data = "abc", .checksum = 1});
	cpio_end(image);
}

#endif

/* Extended attributes in memory. */
#include "vfs/xattr_memory.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#include <linux/xattr.h>

struct attribute {
	struct list_head node;
	size_t name_size, value_size; /* name with its NUL */
	char bytes[];                 /* name, value */
};

void xattr_memory_init(struct xattr_memory *memory)
{
	spin_init(&memory->lock, "attributes in memory");
	list_init(&memory->entries);
}

void xattr_memory_clear(struct xattr_memory *memory)
{
	while (!list_empty(&memory->entries)) {
		struct attribute *attribute =
		    list_first_entry(&memory->entries, struct attribute, node);

		list_del(&attribute->node);
		kfree(attribute);
	}
}

static struct attribute *find(struct xattr_memory *memory, const char *name)
{
	struct attribute *attribute;

	list_for_each_entry(attribute, &memory->entries, node) {
		if (!strcmp(attribute->bytes, name))
			return attribute;
	}
	return NULL;
}

ssize_t xattr_memory_get(struct xattr_memory *memory, const char *name, void *value, size_t size)
{
	ssize_t n = -ENODATA;

	spin_lock(&memory->lock);
	const struct attribute *attribute = find(memory, name);

	if (attribute) {
		n = (ssize_t)attribute->value_size;
		if (size && size < attribute->value_size)
			n = -ERANGE;
		else if (size)
			memcpy(value, attribute->bytes + attribute->name_size,
			       attribute->value_size);
	}
	spin_unlock(&memory->lock);
	return n;
}

ssize_t xattr_memory_list(struct xattr_memory *memory, bool trusted, char *buf, size_t size)
{
	const struct attribute *attribute;
	size_t n = 0;

	spin_lock(&memory->lock);
	list_for_each_entry(attribute, &memory->entries, node) {
		if (!trusted &&
		    !strncmp(attribute->bytes, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN))
			continue;
		if (size && size - n < attribute->name_size) {
			spin_unlock(&memory->lock);
			return -ERANGE;
		}
		if (size)
			memcpy(buf + n, attribute->bytes, attribute->name_size);
		n += attribute->name_size;
	}
	spin_unlock(&memory->lock);
	return (ssize_t)n;
}

int xattr_memory_set(struct xattr_memory *memory, const char *name, const void *value, size_t size,
		     int flags)
{
	struct attribute *old = find(memory, name), *fresh = NULL;
	size_t name_size = strlen(name) + 1;

	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (value) {
		fresh = kmalloc(sizeof(*fresh) + name_size + size, MM_NORMAL);
		if (!fresh)
			return -ENOMEM;
		fresh->name_size = name_size;
		fresh->value_size = size;
		memcpy(fresh->bytes, name, name_size);
		memcpy(fresh->bytes + name_size, value, size);
	}
	spin_lock(&memory->lock);
	if (fresh)
		list_add_tail(&fresh->node, old ? &old->node : &memory->entries);
	if (old)
		list_del(&old->node);
	spin_unlock(&memory->lock);
	kfree(old);
	return 0;
}

size_t xattr_memory_bytes(struct xattr_memory *memory)
{
	const struct attribute *attribute;
	size_t n = 0;

	spin_lock(&memory->lock);
	list_for_each_entry(attribute, &memory->entries, node) {
		n += sizeof(*attribute) + attribute->name_size + attribute->value_size;
	}
	spin_unlock(&memory->lock);
	return n;
}

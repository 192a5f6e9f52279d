/* Pseudo file systems. See pseudo.h. */
#include "vfs/pseudo.h"

#include "lib/hash.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "vfs/file.h"

#include <linux/magic.h>
#include <linux/stat.h>

#define TEXT_START  512
#define STORE_MAX   4096
#define DYNAMIC_POS (1ll << 32) /* directory positions from here on are cursors of iterate */

struct pseudo_inode {
	struct inode inode;
	const struct pseudo_entry *entry;
	struct pseudo_key key;
};

static struct pseudo_inode *pseudo_of(const struct inode *inode)
{
	return container_of(inode, struct pseudo_inode, inode);
}

const struct pseudo_key *pseudo_key_of(const struct inode *inode)
{
	return &pseudo_of(inode)->key;
}

/* ---- text ---- */

static bool text_reserve(struct text_buffer *text, size_t n)
{
	size_t wanted = max(text->capacity, (size_t)TEXT_START);
	if (text->error)
		return false;
	while (wanted - text->length <= n)
		wanted *= 2;
	if (wanted == text->capacity)
		return true;
	char *data = krealloc(text->data, text->capacity, wanted, MM_NORMAL);
	if (!data) {
		text->error = -ENOMEM;
		return false;
	}
	text->data = data;
	text->capacity = wanted;
	return true;
}

void text_append(struct text_buffer *text, const void *data, size_t n)
{
	if (!text_reserve(text, n))
		return;
	memcpy(text->data + text->length, data, n);
	text->length += n;
}

struct text_sink {
	struct printf_sink sink;
	struct text_buffer *text;
};

static void text_put(struct printf_sink *sink, const char *s, size_t n)
{
	text_append(container_of(sink, struct text_sink, sink)->text, s, n);
}

void text_printf(struct text_buffer *text, const char *fmt, ...)
{
	struct text_sink out = {.sink = {.put = text_put}, .text = text};
	va_list ap;
	va_start(ap, fmt);
	(void)kvprintf_to(&out.sink, fmt, ap);
	va_end(ap);
}

void text_free(struct text_buffer *text)
{
	kfree(text->data);
	memset(text, 0, sizeof(*text));
}

/* ---- files ---- */

struct open_text {
	struct mutex lock;
	struct text_buffer text; /* lock */
	bool generated;          /* lock */
};

static int text_file_open(struct inode *inode, struct file *file)
{
	struct open_text *open = kmalloc(sizeof(*open), MM_ZERO);
	if (!open)
		return -ENOMEM;
	mutex_init(&open->lock, "pseudo text");
	file->private = open;
	return 0;
}

static void text_file_release(struct file *file)
{
	struct open_text *open = file->private;
	if (!open)
		return;
	text_free(&open->text);
	kfree(open);
}

static int generate(struct open_text *open, const struct pseudo_inode *pseudo)
{
	text_free(&open->text);
	open->generated = false;
	int err = pseudo->entry->show(&open->text, &pseudo->key);
	if (!err)
		err = open->text.error;
	open->generated = !err;
	return err;
}

static ssize_t text_file_read(struct file *file, struct uio *uio, loff_t *pos)
{
	struct open_text *open = file->private;
	const struct pseudo_inode *pseudo = pseudo_of(file->inode);
	ssize_t done = 0;
	if (!pseudo->entry->show)
		return -EINVAL;
	mutex_lock(&open->lock);
	if (!*pos || !open->generated)
		done = generate(open, pseudo);
	if (!done && (u64)*pos < open->text.length) {
		size_t n = min_t(u64, uio->resid, open->text.length - (u64)*pos);
		size_t copied = uio_copy_out(uio, open->text.data + *pos, n);
		done = copied || !n ? (ssize_t)copied : -EFAULT;
	}
	mutex_unlock(&open->lock);
	if (done > 0)
		*pos += done;
	return done;
}

static ssize_t text_file_write(struct file *file, struct uio *uio, loff_t *pos)
{
	const struct pseudo_inode *pseudo = pseudo_of(file->inode);
	size_t n = uio->resid;
	if (!pseudo->entry->store)
		return -EINVAL;
	if (n > STORE_MAX)
		return -E2BIG;
	char *text = kmalloc(n + 1, MM_NORMAL);
	if (!text)
		return -ENOMEM;
	int err = uio_copy_in(uio, text, n) == n ? 0 : -EFAULT;
	text[n] = '\0';
	if (!err)
		err = pseudo->entry->store(text, n, &pseudo->key);
	kfree(text);
	if (err)
		return err;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

static const struct file_ops text_file_ops = {
    .open = text_file_open,
    .release = text_file_release,
    .read = text_file_read,
    .write = text_file_write,
};

/* ---- inodes ---- */

static const struct inode_ops dir_ops, link_ops, jump_ops, file_inode_ops;
static const struct file_ops dir_file_ops;

static u64 number_of(const struct pseudo_entry *entry, const struct pseudo_key *key)
{
	u64 hash = hash_u64((u64)(uintptr_t)entry) ^ hash_u64(key->id[0] + 0x51ed2701) ^
		   hash_u64(~key->id[1]);
	return (hash & S64_MAX) | 1;
}

static int attributes_of(const struct pseudo_entry *entry, const struct pseudo_key *key,
			 struct pseudo_attributes *out)
{
	*out = (struct pseudo_attributes){.mode = entry->mode & 07777};
	return entry->attributes ? entry->attributes(key, out) : 0;
}

static int inode_for(struct super_block *super, const struct pseudo_entry *entry,
		     const struct pseudo_key *key, struct inode **out)
{
	bool is_new;
	struct pseudo_attributes attributes;
	int err = attributes_of(entry, key, &attributes);
	if (!err)
		err = inode_get(super, number_of(entry, key), out, &is_new);
	if (err || !is_new)
		return err;
	struct inode *inode = *out;
	struct pseudo_inode *pseudo = pseudo_of(inode);
	pseudo->entry = entry;
	pseudo->key = *key;
	inode->mode = (entry->mode & S_IFMT) | attributes.mode;
	inode->uid = attributes.uid;
	inode->gid = attributes.gid;
	inode->nlink = S_ISDIR(entry->mode) ? 2 : 1;
	inode->atime = inode->mtime = inode->ctime = clock_realtime_coarse();
	if (S_ISDIR(entry->mode)) {
		inode->ops = &dir_ops;
		inode->file_ops = &dir_file_ops;
	} else if (S_ISLNK(entry->mode)) {
		inode->ops = entry->jump ? &jump_ops : &link_ops;
	} else if (S_ISCHR(entry->mode)) {
		inode->ops = &file_inode_ops;
		inode_init_special(inode, entry->mode, attributes.major, attributes.minor);
	} else {
		inode->ops = &file_inode_ops;
		inode->file_ops = entry->file_ops ? entry->file_ops : &text_file_ops;
	}
	inode_unlock_new(inode);
	return 0;
}

static int pseudo_lookup(struct inode *dir, const struct qstr *name, struct inode **out)
{
	const struct pseudo_inode *pseudo = pseudo_of(dir);
	const struct pseudo_entry *entry;
	struct pseudo_key child = pseudo->key;
	*out = NULL;
	for (entry = pseudo->entry->children; entry && entry->name; entry++) {
		if (strlen(entry->name) == name->length &&
		    !memcmp(entry->name, name->name, name->length))
			return inode_for(dir->super, entry, &child, out);
	}
	/* procfs knows no negative names: to create one is -ENOENT there, as on Linux. */
	int absent = dir->super->magic == PROC_SUPER_MAGIC ? -ENOENT : 0;
	if (!pseudo->entry->lookup)
		return absent;
	int err = pseudo->entry->lookup(&pseudo->key, name, &entry, &child);
	if (!err)
		err = inode_for(dir->super, entry, &child, out);
	if (err == -ENOENT || err == -ESRCH) { /* no such object, or it has just gone */
		*out = NULL;
		err = absent;
	}
	return err;
}

static int pseudo_readlink(struct inode *inode, char **target)
{
	const struct pseudo_inode *pseudo = pseudo_of(inode);
	return pseudo->entry->link ? pseudo->entry->link(&pseudo->key, target) : -EINVAL;
}

static int pseudo_jump(struct inode *inode, struct path *out)
{
	const struct pseudo_inode *pseudo = pseudo_of(inode);
	return pseudo->entry->jump(&pseudo->key, out);
}

/* The owner of a process's files may change (setuid) while the inode lives. */
static int pseudo_getattr(struct inode *inode)
{
	const struct pseudo_inode *pseudo = pseudo_of(inode);
	struct pseudo_attributes attributes;
	if (!pseudo->entry->attributes || attributes_of(pseudo->entry, &pseudo->key, &attributes))
		return 0;
	spin_lock(&inode->lock);
	inode->mode = (inode->mode & S_IFMT) | attributes.mode;
	inode->uid = attributes.uid;
	inode->gid = attributes.gid;
	spin_unlock(&inode->lock);
	return 0;
}

/* Truncation by O_TRUNC is what shells do before writing: nothing to do. Everything else is not
 * ours to change, unless the entry keeps it. */
static int pseudo_setattr(struct inode *inode, const struct attr *attr)
{
	const unsigned int harmless = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME;
	const struct pseudo_inode *pseudo = pseudo_of(inode);
	int err;
	if (!pseudo->entry->setattr)
		return attr->valid & ~harmless ? -EPERM : 0;
	err = pseudo->entry->setattr(&pseudo->key, attr);
	if (!err)
		inode_setattr_simple(inode, attr);
	return err;
}

static unsigned int dirent_type(u32 mode)
{
	return (mode & S_IFMT) >> 12;
}

static int readdir_dynamic(struct super_block *super, const struct pseudo_inode *pseudo,
			   struct dir_context *ctx)
{
	u64 cursor = (u64)(ctx->pos - DYNAMIC_POS);
	for (;;) {
		const struct pseudo_entry *entry;
		struct pseudo_key child = pseudo->key;
		char name[32];
		int err = pseudo->entry->iterate(&pseudo->key, &cursor, name, &entry, &child);
		if (err)
			return err == -ENOENT || err == -ESRCH ? 0 : err;
		ctx->pos = DYNAMIC_POS + (loff_t)cursor;
		if (!ctx->emit(ctx, name, (u32)strlen(name), ctx->pos + 1, number_of(entry, &child),
			       dirent_type(entry->mode)))
			return 0;
		ctx->pos = DYNAMIC_POS + (loff_t)++cursor;
	}
}

static int pseudo_readdir(struct file *file, struct dir_context *ctx)
{
	const struct pseudo_inode *pseudo = pseudo_of(file->inode);
	const struct pseudo_entry *children = pseudo->entry->children;
	loff_t count = 0;
	while (children && children[count].name)
		count++;
	if (ctx->pos < DYNAMIC_POS) {
		for (; ctx->pos < count + 2; ctx->pos++) {
			const struct pseudo_entry *entry =
			    ctx->pos < 2 ? pseudo->entry : &children[ctx->pos - 2];
			const char *name = ctx->pos == 0 ? "." : ctx->pos == 1 ? ".." : entry->name;
			if (!ctx->emit(ctx, name, (u32)strlen(name), ctx->pos + 1,
				       number_of(entry, &pseudo->key), dirent_type(entry->mode)))
				return 0;
		}
		if (!pseudo->entry->iterate)
			return 0;
		ctx->pos = DYNAMIC_POS;
	}
	return pseudo->entry->iterate ? readdir_dynamic(file->inode->super, pseudo, ctx) : 0;
}

static const struct inode_ops dir_ops = {
    .lookup = pseudo_lookup, .getattr = pseudo_getattr, .setattr = pseudo_setattr};
static const struct inode_ops link_ops = {
    .readlink = pseudo_readlink, .getattr = pseudo_getattr, .setattr = pseudo_setattr};
static const struct inode_ops jump_ops = {.readlink = pseudo_readlink,
					  .jump = pseudo_jump,
					  .getattr = pseudo_getattr,
					  .setattr = pseudo_setattr};
static const struct inode_ops file_inode_ops = {.getattr = pseudo_getattr,
						.setattr = pseudo_setattr};
static const struct file_ops dir_file_ops = {.readdir = pseudo_readdir};

/* ---- super block ---- */

static struct slab_cache *inode_slab;

static struct inode *pseudo_inode_alloc(struct super_block *super)
{
	struct pseudo_inode *pseudo = slab_alloc(inode_slab, MM_ZERO);
	return pseudo ? &pseudo->inode : NULL;
}

static void pseudo_inode_free(struct inode *inode)
{
	slab_free(inode_slab, pseudo_of(inode));
}

static int pseudo_statfs(struct super_block *super, struct fs_statistics *out)
{
	memset(out, 0, sizeof(*out));
	out->magic = super->magic;
	out->block_size = out->fragment_size = PAGE_SIZE;
	out->name_max = NAME_MAX_LENGTH;
	return 0;
}

static const struct super_ops pseudo_super_ops = {
    .inode_alloc = pseudo_inode_alloc,
    .inode_free = pseudo_inode_free,
    .statfs = pseudo_statfs,
};

int pseudo_mount(struct super_block *super, const struct pseudo_entry *root, u64 magic,
		 struct inode **out)
{
	static const struct pseudo_key none;
	if (!inode_slab)
		inode_slab = slab_cache_create("pseudo_inode", sizeof(struct pseudo_inode),
					       _Alignof(struct pseudo_inode));
	super->ops = &pseudo_super_ops;
	super->magic = magic;
	super->block_size = PAGE_SIZE;
	super->time_granularity_ns = 1;
	super->flags |= SUPER_PSEUDO | SUPER_DONTCACHE;
	return inode_for(super, root, &none, out);
}

/* What happens when a volume turns out to be damaged: the message, the record, the policy. */
#include <stdarg.h>

#include "ext4/ext4_int.h"
#include "ext4/journal.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/printf.h"
#include "lib/string.h"

/* Keeps the first and the last error in the superblock, as e2fsck and tune2fs -l show them. */
static void record(struct ext4_fs *fs, u32 ino, u64 block, const char *function, int err)
{
	u64 now = (u64)clock_realtime_coarse().sec;
	struct ext4_super_raw *raw = fs->raw;
	/* EIO 2, ENOMEM 3, EFSBADCRC 4, EFSCORRUPTED 5: numbers of the format */
	u8 code = err == -EIO ? 2 : err == -ENOMEM ? 3 : 5;

	mutex_lock(&fs->super_lock);
	raw->s_state = le16_make(le16_get(raw->s_state) | EXT4_STATE_ERROR);
	if (!le32_get(raw->s_error_count)) {
		raw->s_first_error_time = le32_make((u32)now);
		raw->s_first_error_time_hi = (u8)(now >> 32);
		raw->s_first_error_ino = le32_make(ino);
		raw->s_first_error_block = le64_make(block);
		raw->s_first_error_line = le32_make(0);
		raw->s_first_error_errcode = code;
		memset(raw->s_first_error_func, 0, sizeof(raw->s_first_error_func));
		(void)strscpy((char *)raw->s_first_error_func, function,
			      sizeof(raw->s_first_error_func));
	}
	raw->s_last_error_time = le32_make((u32)now);
	raw->s_last_error_time_hi = (u8)(now >> 32);
	raw->s_last_error_ino = le32_make(ino);
	raw->s_last_error_block = le64_make(block);
	raw->s_last_error_line = le32_make(0);
	raw->s_last_error_errcode = code;
	memset(raw->s_last_error_func, 0, sizeof(raw->s_last_error_func));
	(void)strscpy((char *)raw->s_last_error_func, function, sizeof(raw->s_last_error_func));
	le32_add(&raw->s_error_count, 1);
	if (fs->metadata_csum) /* it may be on its way to the disk at any time */
		raw->s_checksum = le32_make(ext4_csum_super(raw));
	mutex_unlock(&fs->super_lock);
}

static void apply_policy(struct ext4_fs *fs, u32 ino, u64 block, const char *function, int err)
{
	if (fs->super->flags & SUPER_RDONLY)
		return;
	record(fs, ino, block, function, err);
	if (fs->options.errors == EXT4_ERRORS_PANIC)
		panic("%s: %s: the volume is damaged and mounted with errors=panic", fs->type_name,
		      fs->super->id);
	if (fs->options.errors == EXT4_ERRORS_RO && !atomic_xchg(&fs->aborted, true)) {
		log_crit("%s: %s: damaged: made read-only (errors=remount-ro)", fs->type_name,
			 fs->super->id);
		atomic_fetch_or(&fs->super->flags, SUPER_RDONLY);
		ext4_journal_abort(fs, err);
	}
	if (!atomic_load(&fs->aborted) || !fs->journal)
		ext4_super_write(fs);
}

void ext4_error_at(struct ext4_fs *fs, u32 ino, u64 block, const char *function, const char *fmt,
		   ...)
{
	char text[160], where[48] = "";
	size_t n = 0;
	va_list ap;

	va_start(ap, fmt);
	kvscnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ino)
		n = kscnprintf(where, sizeof(where), "inode %u: ", ino);
	if (block)
		kscnprintf(where + n, sizeof(where) - n, "block %llu: ", block);
	log_err("%s: %s: %s: %s%s", fs->type_name, fs->super->id, function, where, text);
	apply_policy(fs, ino, block, function, -EUCLEAN);
}

void ext4_io_error_at(struct ext4_fs *fs, u32 ino, u64 block, const char *function, int err)
{
	if (err == -EIO) /* no memory is nobody's damage */
		log_err("%s: %s: %s: inode %u: block %llu: I/O error", fs->type_name, fs->super->id,
			function, ino, block);
}

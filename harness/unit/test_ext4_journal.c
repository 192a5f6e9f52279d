/*
 * Recovery replays what e2fsck replays: journals of every flavour, made block by block and by
 * debugfs, recovered by a mount and, on a copy, by e2fsck; then both images must be the same.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"
#include "ext4_tree.h"
#include "journal_image.h"

#include "lib/hash.h"

#include <linux/mount.h>

/* ---- comparing with e2fsck ---- */

static u8 *map_file(const char *name, size_t *bytes)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%.*s%s", (int)(strlen(t_image()) - 3), t_image(), name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	u8 *data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(data, MAP_FAILED);
	close(fd);
	*bytes = (size_t)st.st_size;
	return data;
}

/* Every block but the superblocks of volume and journal is the same in img and theirs, and but this
 * other one: descriptors, which debugfs sums again where Linux has used them. */
static void expect_same_images(const char *what, u32 journal_block, u32 block_size, u32 other)
{
	size_t n, m;
	u8 *ours = map_file("img", &n), *theirs = map_file("theirs", &m);

	ck_assert_uint_eq(n, m);
	for (size_t at = 0; at < n; at += 1024) {
		if (at == EXT4_SUPER_OFFSET || at / block_size == journal_block ||
		    at / block_size == other)
			continue;
		ck_assert_msg(memcmp(ours + at, theirs + at, 1024) == 0,
			      "%s: byte %zu (block %zu) differs from e2fsck's: %08x, not %08x\n%s",
			      what, at, at / block_size, be32_load(ours + at),
			      be32_load(theirs + at), log_captured());
	}
	munmap(ours, n);
	munmap(theirs, m);
}

static bool needs_recovery(void)
{
	size_t n;
	u8 *image = map_file("img", &n);
	const struct ext4_super_raw *super = (const void *)(image + EXT4_SUPER_OFFSET);
	bool needed = le32_get(super->s_feature_incompat) & EXT4_INCOMPAT_RECOVER;

	munmap(image, n);
	return needed;
}

/* Recovers img by a mount and a copy by e2fsck. The mount's result. */
static int recover_both(unsigned long ms_flags)
{
	t_run("cp img theirs; e2fsck -y -E journal_only theirs");
	int err = t_mount_type(NULL, ms_flags, NULL);
	if (!err)
		t_umount();
	return err;
}

/* ---- flavours ---- */

static const struct flavour {
	const char *name;
	u32 compat, incompat;
	bool uuids;
} flavours[] = {
    {"plain", 0, 0, false},
    {"plain with UUIDs", 0, 0, true},
    {"revoke", 0, JOURNAL_INCOMPAT_REVOKE, false},
    {"64bit", 0, JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT, false},
    {"checksum", JOURNAL_COMPAT_CHECKSUM, JOURNAL_INCOMPAT_REVOKE, false},
    {"checksum async", JOURNAL_COMPAT_CHECKSUM,
     JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_ASYNC_COMMIT, false},
    {"v2", 0, JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V2, false},
    {"v2 64bit", 0, JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_64BIT,
     true},
    {"v3", 0, JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3, false},
    {"v3 64bit", 0, JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3 | JOURNAL_INCOMPAT_64BIT,
     false},
    {"v3 async", 0,
     JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_CSUM_V3 | JOURNAL_INCOMPAT_ASYNC_COMMIT, true},
};

/* Blocks [TARGET, TARGET + TARGETS) of the volume are free: what the logs write to. */
#define TARGETS 24u
static u32 target;
static const char *const shapes[] = {"-b 1024", "-b 4096"};

static void make_volume(unsigned shape)
{
	t_mkfs(shape ? "-t ext4 -b 4096 -N 64 -J size=4" : "-t ext4 -b 1024 -N 64 -J size=1",
	       shape ? 12288 : 4096);
	target = shape ? 3030 : 4060;
	t_run_ok("cp --sparse=always img pristine");
}

static void fill(u8 *block, u32 size, u64 seed)
{
	for (u32 i = 0; i < size; i += 8) {
		u64 v = hash_u64(seed * 1000 + i);

		memcpy(block + i, &v, 8);
	}
	if (seed % 5 == 0)
		be32_store(block, JOURNAL_MAGIC);
}

/* A transaction of n blocks, in several descriptors if it must be, and revokes. */
static void add_transaction(struct jimg *j, u64 *state, u32 n)
{
	u64 blocks[64];
	static u8 data[64 * 4096];

	while (n) {
		u32 piece = min(n, 1 + t_random(state) % 8);

		for (u32 i = 0; i < piece; i++) {
			blocks[i] = target + t_random(state) % TARGETS;
			fill(data + (size_t)i * j->block_size, j->block_size, t_random(state));
		}
		ck_assert(jimg_descriptor(j, blocks, piece, data));
		n -= piece;
		if ((j->incompat & JOURNAL_INCOMPAT_REVOKE) && t_random(state) % 3 == 0) {
			u32 revokes = t_random(state) % 6;

			for (u32 i = 0; i < revokes; i++)
				blocks[i] = target + t_random(state) % TARGETS;
			jimg_revoke(j, blocks, revokes);
		}
	}
}

enum ending {
	END_CLEAN,
	END_NO_COMMIT,
	END_BAD_COMMIT,
	END_BAD_COMMIT_THEN_GOOD,
	END_STALE_COMMIT,
	END_BAD_DESCRIPTOR,
	END_BAD_DATA,
	END_BAD_REVOKE,
	END_TORN_COMMIT,
	END_WRONG_TYPE,
	END_RANDOM_BYTE,
	END_ERRNO,
	ENDINGS,
};

static void add_ending(struct jimg *j, u64 *state, enum ending ending)
{
	u32 start = j->position;
	u8 *block;

	switch (ending) {
	case END_CLEAN:
	case END_ERRNO:
		if (ending == END_ERRNO)
			j->raw->s_errno = be32_make((u32)-5);
		break;
	case END_NO_COMMIT:
		add_transaction(j, state, 5);
		break;
	case END_BAD_COMMIT:
	case END_BAD_COMMIT_THEN_GOOD:
	case END_STALE_COMMIT:
	case END_TORN_COMMIT:
		add_transaction(j, state, 3);
		if (ending == END_STALE_COMMIT)
			j->time = 500;
		block = jimg_block(j, j->position);
		jimg_commit(j);
		if (ending == END_TORN_COMMIT)
			memset(block + 512, 0xa5, j->block_size - 512);
		else
			((struct journal_commit *)block)->h_chksum[0].v ^= 0x100;
		if (ending == END_BAD_COMMIT_THEN_GOOD) {
			add_transaction(j, state, 3);
			jimg_commit(j);
		}
		break;
	case END_BAD_DESCRIPTOR:
	case END_BAD_DATA:
		add_transaction(j, state, 3);
		jimg_commit(j);
		jimg_block(
		    j, start)[ending == END_BAD_DATA ? j->block_size + 77 : j->block_size - 9] ^=
		    0x40;
		break;
	case END_BAD_REVOKE:
		jimg_revoke(j, (u64[]){target}, 1);
		jimg_block(j, start)[100] ^= 1;
		jimg_commit(j);
		break;
	case END_WRONG_TYPE:
		add_transaction(j, state, 2);
		block = jimg_block(j, j->position);
		jimg_commit(j);
		((struct journal_header *)block)->h_blocktype = be32_make(7);
		break;
	case END_RANDOM_BYTE:
		add_transaction(j, state, 9);
		jimg_commit(j);
		jimg_block(j, 1)[t_random(state) % ((j->maxlen - 1) * j->block_size)] ^= 0x11;
		break;
	default:
		break;
	}
}

/* What the log ends with that makes a mount refuse the volume; else its end is that of a crash. */
static bool is_refused(const struct flavour *flavour, enum ending ending)
{
	bool sums = journal_tail_size(flavour->incompat), old = flavour->compat;
	bool async = flavour->incompat & JOURNAL_INCOMPAT_ASYNC_COMMIT;

	switch (ending) {
	case END_BAD_COMMIT:
		return (sums || old) && !async;
	case END_BAD_COMMIT_THEN_GOOD:
		return old || (sums && !async);
	case END_BAD_DATA:
	case END_BAD_DESCRIPTOR:
		return sums || (old && !async);
	case END_BAD_REVOKE:
		return sums;
	default:
		return false;
	}
}

/* No block of the map itself is among these: the extents of a small journal fit the inode. */
static void map_journal(struct jimg *j)
{
	const char *at = t_debugfs_read("blocks <8>");
	int n;

	j->mapped = 0;
	for (unsigned block; sscanf(at, "%u%n", &block, &n) == 1; at += n) {
		ck_assert_uint_lt(j->mapped, JIMG_BLOCKS);
		j->blocks[j->mapped++] = block;
	}
}

static void try_log(struct jimg *j, unsigned shape, const struct flavour *flavour,
		    enum ending ending, u64 seed)
{
	char what[160];
	u64 state = seed;

	snprintf(what, sizeof(what), "%s, %s, ending %d, seed %llu", shapes[shape], flavour->name,
		 ending, (unsigned long long)seed);
	t_run_ok("cp pristine img");
	size_t bytes;
	j->data = map_file("img", &bytes);
	jimg_open(j, flavour->compat, flavour->incompat, 1, 1);
	/* anywhere in the ring, and any number: both wrap */
	u32 start = t_random(&state) % 3 ? j->maxlen - 1 - t_random(&state) % 40
					 : 1 + t_random(&state) % (j->maxlen - 1);
	jimg_close(j);
	jimg_open(j, flavour->compat, flavour->incompat, start,
		  t_random(&state) % 4 ? t_random(&state) : 0xfffffffeu);
	j->uuids = flavour->uuids;
	for (u32 n = t_random(&state) % 6; n; n--) {
		add_transaction(j, &state, t_random(&state) % 12);
		jimg_commit(j);
	}
	add_ending(j, &state, ending);
	u32 journal_block = j->blocks[0], block_size = j->block_size;
	jimg_close(j);
	munmap(j->data, bytes);

	int err = recover_both(MS_RDONLY);
	if (ending != END_RANDOM_BYTE && ending != END_TORN_COMMIT)
		ck_assert_msg((err != 0) == is_refused(flavour, ending), "%s: mount: %d: %s", what,
			      err, log_captured());
	ck_assert_msg(!err || err == -EUCLEAN, "%s: mount: %d: %s", what, err, log_captured());
	ck_assert_msg(needs_recovery() == (err != 0), "%s", what);
	if (ending == END_BAD_DESCRIPTOR || ending == END_TORN_COMMIT ||
	    (err && ending == END_RANDOM_BYTE))
		return; /* we see it before we write, or accept what e2fsck does not yet */
	expect_same_images(what, journal_block, block_size, 0);
	if (err)
		return;
	if (ending == END_ERRNO)
		ck_assert_ptr_nonnull(strstr(t_debugfs_read("stats -h"), "with errors"));
	else if (seed % 4 == 0)
		t_fsck();
}

static void try_flavours(size_t from, size_t to)
{
	for (unsigned shape = 0; shape < ARRAY_SIZE(shapes); shape++) {
		static struct jimg j;

		make_volume(shape);
		map_journal(&j);
		for (size_t f = from; f < to; f++)
			for (unsigned ending = shape; ending < ENDINGS; ending += 1 + shape)
				try_log(&j, shape, &flavours[f], ending, ending + 100 * f + 7);
	}
}

START_TEST(logs_without_checksums_replay_as_by_e2fsck)
{
	try_flavours(0, 4);
}
END_TEST

START_TEST(logs_with_old_checksums_replay_as_by_e2fsck)
{
	try_flavours(4, 6);
}
END_TEST

START_TEST(logs_with_checksums_v2_replay_as_by_e2fsck)
{
	try_flavours(6, 8);
}
END_TEST

START_TEST(logs_with_checksums_v3_replay_as_by_e2fsck)
{
	try_flavours(8, 11);
}
END_TEST

/* ---- what Linux left ---- */

static const struct {
	const char *name;
	int error;
} golden[] = {
    {"v3", 0},    {"v3-64bit-wrap", 0}, {"ext3", 0},        {"checksum", 0},
    {"async", 0}, {"data-journal", 0},  {"orphan-file", 0},
};

/* First only the replay, by a mount for reading, is compared; then orphans and all. */
START_TEST(what_linux_left_when_its_machine_died_is_recovered)
{
	char top[4000];
	struct tree ours, theirs;
	size_t bytes;

	ck_assert_ptr_nonnull(getcwd(top, sizeof(top)));
	t_run_ok("xz -dc %s/fixtures/journals/%s.img.xz >img", top, golden[_i].name);
	t_run_ok("cp img dirty");
	ck_assert(needs_recovery());
	int err = recover_both(MS_RDONLY);
	ck_assert_msg(err == golden[_i].error, "%s: mount: %d: %s", golden[_i].name, err,
		      log_captured());
	if (err) {
		ck_assert(needs_recovery());
		t_run_ok("cmp img dirty");
		return;
	}
	u8 *image = map_file("img", &bytes);
	u32 block_size =
	    1024u << le32_get(
		((struct ext4_super_raw *)(image + EXT4_SUPER_OFFSET))->s_log_block_size);
	munmap(image, bytes);
	t_run_ok("cp dirty theirs; debugfs -w -R jr theirs"); /* e2fsck would finish orphans too */
	u32 journal_block = (u32)atoi(t_debugfs_read("bmap <8> 0"));
	expect_same_images(golden[_i].name, journal_block, block_size,
			   EXT4_SUPER_OFFSET / block_size + 1);

	t_run_ok("cp dirty img");
	ck_assert_int_le(t_run("e2fsck -fy dirty"), 1);
	t_mount_ok(NULL);
	ck_assert(!log_captured_has("recovered: 0 transactions"));
	tree_of_mount(&ours);
	t_check();
	t_run_ok("mv dirty img");
	ck_assert_ptr_null(tree_of_image(&theirs, t_image()));
	tree_expect_same(&ours, &theirs);
	ck_assert_uint_gt(ours.count, 10);
	tree_free(&ours);
	tree_free(&theirs);
}
END_TEST

Suite *suite_ext4_journal(void)
{
	Suite *suite = suite_of("ext4_journal", logs_without_checksums_replay_as_by_e2fsck,
				logs_with_old_checksums_replay_as_by_e2fsck,
				logs_with_checksums_v2_replay_as_by_e2fsck,
				logs_with_checksums_v3_replay_as_by_e2fsck);

	suite_add_loop(suite, NULL, what_linux_left_when_its_machine_died_is_recovered,
		       ARRAY_SIZE(golden));
	return suite;
}

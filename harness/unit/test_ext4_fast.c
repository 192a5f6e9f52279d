/*
 * Fast commits: what Linux left is replayed; the replay may end at any write and is
 * then begun anew; and records that make no sense are refused, or end the replay as a crash does.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4_test.h"
#include "journal_image.h"
#include <linux/mount.h>

/* ---- what Linux left ---- */

/*
 * NAME.tree is what Linux showed just before its machine died: a line per file, MODE LINKS SIZE
 * HASH PATH. Neither e2fsck 1.47.0 nor Linux 6.1 itself could say as well what is right: one loses
 * directories that fast commits made, the other leaves wrong counts of links and blocks.
 */
static const char *const golden[] = {"fast-few", "fast-many", "fast-old", "fast-inline", "fast-2k"};

static struct file_line {
	unsigned mode, links, hash;
	u64 size;
	char path[80];
} lines[256];
static unsigned line_count;

static const char *fixture(const char *name, const char *suffix)
{
	static char path[4200];
	char top[4000];

	ck_assert_ptr_nonnull(getcwd(top, sizeof(top)));
	snprintf(path, sizeof(path), "%s/fixtures/journals/%s.%s", top, name, suffix);
	return path;
}

static void get_golden(const char *name)
{
	t_run_ok("xz -dc %s >img && cp img dirty", fixture(name, "img.xz"));
	FILE *f = fopen(fixture(name, "tree"), "re");

	ck_assert_ptr_nonnull(f);
	for (line_count = 0; line_count < ARRAY_SIZE(lines); line_count++) {
		struct file_line *line = &lines[line_count];
		unsigned long long size;

		if (fscanf(f, "%o %u %llu %x %79s", &line->mode, &line->links, &size, &line->hash,
			   line->path) != 5)
			break;
		line->size = size;
	}
	fclose(f);
	ck_assert_uint_gt(line_count, 10);
}

static unsigned hash_of(const struct file_line *line)
{
	static u8 data[1 << 20];
	unsigned hash = 2166136261u;
	long n = 0;

	if (S_ISLNK(line->mode)) {
		ck_assert_int_eq(t_readlink(line->path, (char *)data, sizeof(data)), 0);
		n = (long)strlen((char *)data);
	} else if (S_ISREG(line->mode)) {
		struct file *file = t_open(line->path, O_RDONLY, 0);

		n = t_pread(file, data, sizeof(data), 0);
		t_close(file);
	}
	ck_assert_int_ge(n, 0);
	for (long i = 0; i < n; i++)
		hash = (hash ^ data[i]) * 16777619u;
	return hash;
}

static unsigned count_names(const char *dir)
{
	char **names;
	int n = t_list(dir, &names);

	ck_assert_int_ge(n, 0);
	t_list_free(names, n);
	return (unsigned)n;
}

/* What is mounted is what Linux showed: no more and no less. */
static void expect_golden(const char *what)
{
	unsigned names = count_names("") - t_exists("lost+found") - t_exists("after");

	for (unsigned i = 0; i < line_count; i++) {
		const struct file_line *line = &lines[i];
		struct vfs_stat st;

		ck_assert_msg(t_stat(line->path, &st) == 0, "%s: %s is missing", what, line->path);
		ck_assert_msg(st.mode == line->mode, "%s: %s: mode %o", what, line->path, st.mode);
		ck_assert_msg(st.nlink == line->links, "%s: %s: %u links, not %u", what, line->path,
			      (unsigned)st.nlink, line->links);
		if (S_ISDIR(line->mode)) {
			names += count_names(line->path);
			continue;
		}
		ck_assert_msg((u64)st.size == line->size, "%s: %s: size %lld, not %llu", what,
			      line->path, (long long)st.size, line->size);
		ck_assert_msg(hash_of(line) == line->hash, "%s: %s has other contents", what,
			      line->path);
	}
	ck_assert_msg(names == line_count, "%s: %u names, not %u", what, names, line_count);
}

START_TEST(the_fast_commits_that_linux_left_are_replayed)
{
	get_golden(golden[_i]);
	for (unsigned read_only = 0; read_only < 2; read_only++) {
		t_run_ok("cp dirty img");
		log_captured_clear();
		int err = t_mount_type(NULL, read_only ? MS_RDONLY : 0, NULL);
		ck_assert_msg(!err, "%s: mount: %d: %s", golden[_i], err, log_captured());
		ck_assert(log_captured_has("fast commits replayed"));
		expect_golden(golden[_i]);
		t_check();
		log_captured_clear();
		t_mount_ok(NULL); /* and only once */
		ck_assert(!log_captured_has("recovered"));
		ck_assert(!log_captured_has("fast commits"));
		t_create("after", 5000, 1);
		expect_golden(golden[_i]);
		t_check();
	}
}
END_TEST

/* One with orphans: full transactions, one fast commit, and an interrupted one behind it. */
START_TEST(orphans_are_finished_after_the_fast_commits)
{
	struct vfs_stat st;

	t_run_ok("xz -dc %s >img", fixture("fast-commit", "img.xz"));
	t_mount_ok(NULL);
	ck_assert(log_captured_has("3 records of fast commits"));
	ck_assert(log_captured_has("orphan"));
	ck_assert_int_eq(t_stat("config", &st), 0);
	t_check();
}
END_TEST

/* ---- a replay that is interrupted ---- */

static u64 image_bytes(void)
{
	struct stat st;

	ck_assert_int_eq(stat(t_image(), &st), 0);
	return (u64)st.st_size;
}

/* What the disk has becomes img. */
static void save_image(struct host_disk *disk)
{
	ck_assert_int_eq(host_disk_save(disk, t_image()), 0);
}

#define CRASHES 60 /* states, evenly spread over all writes */

START_TEST(a_replay_that_ended_at_any_write_is_begun_anew)
{
	get_golden(golden[_i]);
	struct host_disk *log = host_disk_file("vdlog", t_image(), false);
	host_disk_log_start(log);
	ck_assert_int_eq(t_mount_disk(log, MS_RDONLY, NULL), 0);
	t_umount();
	host_disk_log_stop(log);
	size_t records = host_disk_log_count(log), step = records / CRASHES + 1;
	struct host_disk *disk = host_disk_ram("vdcrash", image_bytes());

	for (size_t n = 0; n <= records; n += step) {
		struct host_disk *state = host_disk_replay(log, "state", n, n % 3);

		memcpy(host_disk_data(disk), host_disk_data(state), image_bytes());
		if (n / step % 8 == 0) { /* e2fsck finds nothing that it can't understand */
			save_image(state);
			ck_assert_msg(t_run("e2fsck -fy img") <= 1, "after %zu of %zu writes: %s",
				      n, records, t_output());
		}
		host_disk_free(state);
		log_captured_clear();
		int err = t_mount_disk(disk, 0, NULL);
		ck_assert_msg(!err, "after %zu of %zu writes: mount: %d: %s", n, records, err,
			      log_captured());
		expect_golden("after a crash");
		t_umount();
		if (n / step % 4 == 0) {
			save_image(disk);
			t_fsck();
		}
	}
}
END_TEST

/* Every allocation, and every request to the disk, fails in turn. */
START_TEST(a_replay_that_fails_half_way_can_be_repeated)
{
	bool io = _i, failed = true;

	get_golden("fast-few");
	struct host_disk *disk = host_disk_ram("vdfail", image_bytes());
	struct host_disk *dirty = host_disk_file("dirty", t_image(), false);

	for (u64 n = 1; failed; n += 1 + n / 40) {
		memcpy(host_disk_data(disk), host_disk_data(dirty), image_bytes());
		if (io)
			host_disk_fail_nth(disk, HOST_DISK_ALL, n, -EIO);
		else
			t_mount_fail_alloc = n;
		int err = t_mount_disk(disk, 0, "errors=continue");

		failed = io ? host_disk_failed(disk) : host_alloc_failed();
		host_disk_fail_nth(disk, 0, 0, 0);
		host_alloc_fail_nth(0);
		t_mount_fail_alloc = 0;
		ck_assert_msg(!err || err == -ENOMEM || err == -EIO || err == -EROFS ||
				  err == -EUCLEAN,
			      "%s %llu: %d", io ? "request" : "allocation", n, err);
		if (!err)
			t_umount();
		log_captured_clear();
		err = t_mount_disk(disk, 0, NULL);
		ck_assert_msg(!err, "%s %llu: then: %d: %s", io ? "request" : "allocation", n, err,
			      log_captured());
		expect_golden("after a failure");
		t_umount();
	}
	save_image(disk);
	t_fsck();
	host_disk_free(dirty);
}
END_TEST

/* ---- records that make no sense ---- */

/*
 * The volume has a directory, inode 12, with the file "file", inode 13, of two blocks. One full
 * transaction, of no consequence, comes before the records.
 */
#define DIR   12u
#define FILE_ 13u
#define NEW   20u
#define TID   10u

static struct jimg image;
static struct jfast fast;
static u8 *image_data;

static void make_base(void)
{
	t_mkfs("-t ext4 -b 1024 -N 64 -O fast_commit -J size=2,fast_commit_size=256", 8192);
	t_run_ok(
	    "seq 400 >file; debugfs -w -R 'mkdir d' img; debugfs -w -R 'write file d/file' img; "
	    "cp img pristine");
	const char *at = t_debugfs_read("blocks <8>");
	int n;
	for (unsigned block; sscanf(at, "%u%n", &block, &n) == 1; at += n)
		image.blocks[image.mapped++] = block;
}

static void open_records(u32 features, u32 tid)
{
	static u8 data[1024];

	t_run_ok("cp pristine img");
	int fd = open(t_image(), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	image_data = mmap(NULL, image_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(image_data, MAP_FAILED);
	close(fd);
	image.data = image_data;
	jimg_open(&image, 0,
		  JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT | JOURNAL_INCOMPAT_CSUM_V3 |
		      JOURNAL_INCOMPAT_FAST_COMMIT,
		  5, TID - 1);
	ck_assert(jimg_descriptor(&image, &(u64){8000}, 1, data));
	jimg_commit(&image);
	jimg_fast_open(&image, &fast);
	jimg_fast_head(&fast, features, tid);
}

static void close_records(void)
{
	jimg_close(&image);
	munmap(image_data, image_bytes());
}

static void put_inode(u32 ino, u32 mode, u32 links, u32 size, u32 flags, u32 length)
{
	struct {
		struct le32 ino;
		u8 raw[1020];
	} value = {.ino = le32_make(ino)};
	struct ext4_inode_raw *raw = (void *)value.raw;
	struct ext4_extent_header *header = (void *)raw->i_block;

	raw->i_mode = le16_make((u16)mode);
	raw->i_links_count = le16_make((u16)links);
	raw->i_size_lo = le32_make(size);
	raw->i_flags = le32_make(flags);
	raw->i_generation = le32_make(77);
	raw->i_extra_isize = le16_make(32);
	header->eh_magic = le16_make(EXT4_EXTENT_MAGIC);
	header->eh_max = le16_make(4);
	jimg_fast_record(&fast, JOURNAL_FC_INODE, &value, 4 + length);
}

static void put_file(u32 ino, u32 flags)
{
	put_inode(ino, S_IFREG | 0644, 1, 0, flags, 160);
}

static void put_name(u32 tag, u32 parent, u32 ino, const char *name)
{
	struct {
		struct le32 parent, ino;
		char name[300];
	} value = {le32_make(parent), le32_make(ino), ""};

	memcpy(value.name, name, strlen(name));
	jimg_fast_record(&fast, tag, &value, 8 + (u32)strlen(name));
}

static void put_range(u32 ino, u32 logical, u32 length, u64 physical)
{
	struct journal_fc_add_range value = {.fc_ino = le32_make(ino)};
	struct ext4_extent extent = {le32_make(logical), le16_make((u16)length),
				     le16_make((u16)(physical >> 32)), le32_make((u32)physical)};

	memcpy(value.fc_ex, &extent, sizeof(extent));
	jimg_fast_record(&fast, JOURNAL_FC_ADD_RANGE, &value, sizeof(value));
}

static void put_hole(u32 ino, u32 logical, u32 length)
{
	struct journal_fc_del_range value = {le32_make(ino), le32_make(logical), le32_make(length)};

	jimg_fast_record(&fast, JOURNAL_FC_DEL_RANGE, &value, sizeof(value));
}

/* What the mount refuses, by a record alone. */
static const struct {
	const char *what;
	u32 tag, ino, a, b;
	u64 c;
	const char *name;
	int error;
} refused[] = {
    {"a number out of range", JOURNAL_FC_INODE, 65, S_IFREG, EXT4_EXTENTS_FL, 0, "", -EUCLEAN},
    {"number 0", JOURNAL_FC_INODE, 0, S_IFREG, EXT4_EXTENTS_FL, 0, "", -EUCLEAN},
    {"the journal's number", JOURNAL_FC_INODE, 8, S_IFREG, EXT4_EXTENTS_FL, 0, "", -EUCLEAN},
    {"the resize inode", JOURNAL_FC_ADD_RANGE, 7, 0, 1, 7000, "", -EUCLEAN},
    {"no mode", JOURNAL_FC_INODE, NEW, 0, EXT4_EXTENTS_FL, 0, "", -EUCLEAN},
    {"another type", JOURNAL_FC_INODE, DIR, S_IFREG, EXT4_EXTENTS_FL, 0, "", -EUCLEAN},
    {"the value of an attribute", JOURNAL_FC_INODE, NEW, S_IFREG,
     EXT4_EXTENTS_FL | EXT4_EA_INODE_FL, 0, "", -EUCLEAN},
    {"a file without extents", JOURNAL_FC_INODE, NEW, S_IFREG, 0, 0, "", -EUCLEAN},
    {"blocks of bitmaps", JOURNAL_FC_ADD_RANGE, FILE_, 5, 1, 2, "", -EUCLEAN},
    {"blocks beyond the volume", JOURNAL_FC_ADD_RANGE, FILE_, 5, 100, 8190, "", -EUCLEAN},
    {"blocks far beyond it", JOURNAL_FC_ADD_RANGE, FILE_, 5, 100, 0xfffffffffff0ull, "", -EUCLEAN},
    {"no blocks", JOURNAL_FC_ADD_RANGE, FILE_, 5, 0, 7000, "", -EUCLEAN},
    {"beyond all files", JOURNAL_FC_ADD_RANGE, FILE_, 0xfffffff0, 0x20, 7000, "", -EUCLEAN},
    {"blocks for a directory", JOURNAL_FC_ADD_RANGE, DIR, 1, 1, 7000, "", -EUCLEAN},
    {"a hole in a directory", JOURNAL_FC_DEL_RANGE, DIR, 0, 1, 0, "", -EUCLEAN},
    {"a name with a slash", JOURNAL_FC_LINK, FILE_, DIR, 0, 0, "a/b", -EUCLEAN},
    {"a name of dots", JOURNAL_FC_UNLINK, FILE_, DIR, 0, 0, "..", -EUCLEAN},
    {"a name in a file", JOURNAL_FC_LINK, FILE_, FILE_, 0, 0, "name", -EUCLEAN},
    {"a name in no directory", JOURNAL_FC_LINK, FILE_, NEW, 0, 0, "name", -ESTALE},
    {"a creation of nothing", JOURNAL_FC_CREAT, NEW, DIR, 0, 0, "name", -ESTALE},
    {"a name for the root", JOURNAL_FC_LINK, 2, DIR, 0, 0, "root", -EUCLEAN},
};

START_TEST(records_that_make_no_sense_are_refused)
{
	make_base();
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *what = refused[i].what;
		u32 tag = refused[i].tag, ino = refused[i].ino, a = refused[i].a, b = refused[i].b;

		open_records(0, TID);
		put_name(JOURNAL_FC_UNLINK, DIR, FILE_, "file"); /* makes sense */
		put_inode(FILE_, S_IFREG | 0644, 1, 1492, EXT4_EXTENTS_FL, 160);
		if (tag == JOURNAL_FC_INODE)
			put_inode(ino, a, 1, 0, b, 160);
		else if (tag == JOURNAL_FC_ADD_RANGE)
			put_range(ino, a, b, refused[i].c);
		else if (tag == JOURNAL_FC_DEL_RANGE)
			put_hole(ino, a, b);
		else
			put_name(tag, a, ino, refused[i].name);
		jimg_fast_tail(&fast, TID);
		close_records();
		log_captured_clear();
		int err = t_mount(NULL);
		ck_assert_msg(err == refused[i].error, "%s: mount: %d, not %d: %s", what, err,
			      refused[i].error, log_captured());
		ck_assert_msg(log_captured_has("fast commits"), "%s: not said", what);
		ck_assert_int_eq(t_mount_type(NULL, MS_RDONLY, "norecovery"), 0);
		ck_assert_msg(t_exists("d/file"), "%s: something was applied", what);
		t_umount();
	}
}
END_TEST

/* ---- records that do ---- */

static void new_file(void)
{
	put_inode(NEW, S_IFREG | 0644, 1, 3000, EXT4_EXTENTS_FL, 160);
	put_range(NEW, 0, 3, 7000);
	put_name(JOURNAL_FC_CREAT, DIR, NEW, "new");
}
static void missing_inode(void)
{
	put_name(JOURNAL_FC_LINK, DIR, NEW + 2, "name");
	put_name(JOURNAL_FC_UNLINK, DIR, NEW + 2, "file");
	put_range(NEW + 2, 0, 1, 7100);
	put_hole(NEW + 2, 0, 1);
}
static void hole_without_end(void)
{
	put_hole(FILE_, 1, 0xffffffffu);
	put_hole(FILE_, 0xffffffffu, 0xffffffffu);
	put_hole(FILE_, 0, 0);
}
static void twice(void)
{
	new_file();
	new_file();
	put_name(JOURNAL_FC_UNLINK, DIR, NEW, "new");
	put_name(JOURNAL_FC_UNLINK, DIR, NEW, "new");
	new_file();
}
static void number_given_again(void)
{
	new_file();
	put_name(JOURNAL_FC_UNLINK, DIR, NEW, "new");
	put_inode(NEW, S_IFDIR | 0755, 2, 1024, EXT4_EXTENTS_FL, 160);
	put_name(JOURNAL_FC_CREAT, DIR, NEW, "newdir");
	put_name(JOURNAL_FC_LINK, NEW, FILE_, "link");
}
static void moved_blocks(void)
{
	put_range(FILE_, 0, 2, 7200);
	put_range(FILE_, 0, 1, 7300);
}
static void unwritten_blocks(void)
{
	put_range(FILE_, 1, 0x8000 + 5, 7200);
	put_range(FILE_, 2, 2, 7201);
}
static void deleted(void)
{
	new_file();
	put_inode(NEW, S_IFREG | 0644, 0, 3000, EXT4_EXTENTS_FL, 160);
	put_name(JOURNAL_FC_UNLINK, DIR, NEW, "new");
	put_file(NEW + 1, EXT4_EXTENTS_FL);
	put_name(JOURNAL_FC_UNLINK, DIR, NEW + 1, "nothing");
	put_inode(NEW + 1, S_IFREG | 0644, 0, 0, EXT4_EXTENTS_FL, 160);
	put_inode(NEW + 2, S_IFREG | 0644, 0, 0, EXT4_EXTENTS_FL, 160);
}
static void unknown_tag(void)
{
	new_file();
	jimg_fast_tail(&fast, TID);
	jimg_fast_record(&fast, 33, "what", 4);
	put_name(JOURNAL_FC_UNLINK, DIR, FILE_, "file");
	jimg_fast_tail(&fast, TID);
}
static void wrong_length(void)
{
	new_file();
	jimg_fast_tail(&fast, TID);
	put_inode(FILE_, S_IFREG | 0644, 1, 0, EXT4_EXTENTS_FL, 100);
	put_name(JOURNAL_FC_UNLINK, DIR, FILE_, "file");
	jimg_fast_tail(&fast, TID);
}
static void tail_of_another_transaction(void)
{
	new_file();
	jimg_fast_tail(&fast, TID);
	put_name(JOURNAL_FC_UNLINK, DIR, FILE_, "file");
	jimg_fast_tail(&fast, TID - 1);
}

static const struct {
	const char *what;
	void (*put)(void);
	bool is_new; /* afterwards there is "new" */
} applied[] = {
    {"a new file", new_file, true},
    {"records of a missing inode", missing_inode, false},
    {"a hole without end", hole_without_end, false},
    {"everything twice", twice, true},
    {"a number that is given again", number_given_again, false},
    {"blocks that moved", moved_blocks, false},
    {"unwritten blocks", unwritten_blocks, false},
    {"deleted inodes", deleted, false},
    {"an unknown tag", unknown_tag, true},
    {"an inode of a wrong length", wrong_length, true},
    {"a tail of another transaction", tail_of_another_transaction, true},
};

START_TEST(records_are_applied_in_their_order)
{
	make_base();
	for (size_t i = 0; i < ARRAY_SIZE(applied); i++) {
		const char *what = applied[i].what;

		open_records(0, TID);
		applied[i].put();
		put_inode(FILE_, S_IFREG | 0644, applied[i].put == number_given_again ? 2 : 1,
			  applied[i].put == unwritten_blocks ? 6144 : 1492, EXT4_EXTENTS_FL, 160);
		if (fast.at)
			jimg_fast_tail(&fast, TID);
		close_records();
		log_captured_clear();
		int err = t_mount(NULL);
		ck_assert_msg(!err, "%s: mount: %d: %s", what, err, log_captured());
		ck_assert_msg(t_exists("d/file"), "%s", what);
		ck_assert_msg(t_exists("d/new") == applied[i].is_new, "%s", what);
		t_check();
	}
}
END_TEST

START_TEST(only_whole_fast_commits_of_the_right_transaction_count)
{
	static const struct {
		u32 tid, tail, damage;
		bool is_new;
	} rows[] = {{TID, TID, 0, true},          {TID - 1, TID - 1, 0, false},
		    {TID + 1, TID + 1, 0, false}, {TID, TID, 1, false},
		    {TID, TID - 1, 0, false},     {TID - 1, TID, 0, false}};

	make_base();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		open_records(0, rows[i].tid);
		new_file();
		fast.crc ^= rows[i].damage;
		jimg_fast_tail(&fast, rows[i].tail);
		close_records();
		t_mount_ok(NULL);
		ck_assert_msg(t_exists("d/new") == rows[i].is_new, "row %zu", i);
		t_check();
	}
	open_records(4, TID);
	new_file();
	jimg_fast_tail(&fast, TID);
	close_records();
	log_captured_clear();
	ck_assert_int_eq(t_mount(NULL), -EOPNOTSUPP);
	ck_assert(log_captured_has("unknown features: 0x4"));
}
END_TEST

/* Names that fill many blocks of a directory. */
START_TEST(many_records_fit_the_log)
{
	char name[200];

	make_base();
	open_records(0, TID);
	memset(name, 'x', sizeof(name));
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name + 150, 20, "%u", i);
		put_name(JOURNAL_FC_LINK, DIR, FILE_, name);
	}
	put_inode(FILE_, S_IFREG | 0644, 1001, 1492, EXT4_EXTENTS_FL, 160);
	jimg_fast_tail(&fast, TID);
	close_records();
	t_mount_ok(NULL);
	ck_assert_int_eq(t_list("d", NULL), 1001);
	t_check();
}
END_TEST

/* Two files that claim one block: it is not ours to say which is right. */
START_TEST(a_block_that_is_used_already_is_left_to_e2fsck)
{
	make_base();
	u32 block = (u32)atoi(t_debugfs_read("bmap d/file 0"));

	open_records(0, TID);
	new_file();
	put_range(NEW, 3, 1, block);
	jimg_fast_tail(&fast, TID);
	close_records();
	t_mount_ok(NULL);
	ck_assert(t_exists("d/file") && t_exists("d/new"));
	t_umount();
	ck_assert_int_eq(t_fsck_status(), 4);
}
END_TEST

Suite *suite_ext4_fast(void)
{
	Suite *suite =
	    suite_of("ext4_fast", orphans_are_finished_after_the_fast_commits,
		     records_that_make_no_sense_are_refused, records_are_applied_in_their_order,
		     only_whole_fast_commits_of_the_right_transaction_count,
		     many_records_fit_the_log, a_block_that_is_used_already_is_left_to_e2fsck);

	suite_add_loop(suite, NULL, the_fast_commits_that_linux_left_are_replayed,
		       ARRAY_SIZE(golden));
	suite_add_loop(suite, NULL, a_replay_that_ended_at_any_write_is_begun_anew,
		       ARRAY_SIZE(golden));
	suite_add_loop(suite, NULL, a_replay_that_fails_half_way_can_be_repeated, 2);
	return suite;
}

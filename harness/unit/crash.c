/* The engine of crash replay: crash.h tells the theory. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash.h"
#include "ext4_test.h"
#include "ext4_tree.h"

#include "ext4/journal_disk.h"
#include "ext4/ondisk.h"
#include "lib/hash.h"

#define STALE         0x53544e4554534554ull /* what free blocks are filled with */
#define SMALL         6                     /* pieces in an epoch all of whose subsets are tried */
#define RANDOM        6                     /* random subsets per epoch, whole and torn each */
#define NESTED        16                    /* one in so many states has its recovery crashed too */
#define NESTED_STATES 24                    /* of it */
#define PROMISES      4096
#define SEEDS         65536
#define OUTCOMES      (1u << 16)
#define FOREVER       ((size_t)-1)
#define PIECE         8 /* sectors */

/* ---- promises ---- */

enum promise_kind {
	KEEP,
	EITHER,
	KEEP_START,
	KEEP_IF_THERE,
	GONE,
};

static struct promise {
	char path[64];
	enum promise_kind kind;
	u64 size[2];
	u32 seed[2];
	size_t from, to; /* positions in the log between which it holds */
} promises[PROMISES];
static unsigned promise_count;

/*
 * Which contents a name may show: those of every file that ever had this name, at any time of its
 * life under whatever name.
 */
static struct name {
	char path[64];
	u16 file; /* that has the name now; 0: none was written yet */
} names[1024];
static struct {
	u16 name, file;
} shown[16384];
static u16 file_of_seed[SEEDS];
static unsigned name_count, seed_count, shown_count, file_count;

static struct host_disk *recorder; /* the disk that the workload runs on */
static const char *current;        /* what is being done, for messages */

static size_t now(void)
{
	return recorder ? host_disk_log_count(recorder) : 0;
}

static u16 name_of(const char *path)
{
	for (unsigned i = 0; i < name_count; i++)
		if (strcmp(names[i].path, path) == 0)
			return (u16)i;
	ck_assert_uint_lt(name_count, ARRAY_SIZE(names));
	snprintf(names[name_count].path, sizeof(names[0].path), "%s", path);
	names[name_count].file = 0;
	return (u16)name_count++;
}

static void give(u16 name, u16 file)
{
	names[name].file = file;
	ck_assert_uint_lt(shown_count, ARRAY_SIZE(shown));
	shown[shown_count].name = name;
	shown[shown_count++].file = file;
}

static u16 file_of(u16 name)
{
	if (!names[name].file)
		give(name, (u16)++file_count);
	return names[name].file;
}

u32 crash_seed(const char *path)
{
	ck_assert_uint_lt(seed_count + 1, SEEDS);
	file_of_seed[++seed_count] = file_of(name_of(path));
	return seed_count;
}

void crash_linked(const char *path, const char *old)
{
	u16 file = file_of(name_of(old));

	give(name_of(path), file);
}

void crash_alias(const char *path, const char *from)
{
	crash_linked(path, from);
	names[name_of(from)].file = 0;
}

static bool owns(u16 name, u32 seed)
{
	for (unsigned i = shown_count; i-- > 0;)
		if (shown[i].name == name && shown[i].file == file_of_seed[seed])
			return true;
	return false;
}

static struct promise *promise(const char *path, enum promise_kind kind)
{
	crash_change(path);
	ck_assert_uint_lt(promise_count, PROMISES);
	struct promise *p = &promises[promise_count++];
	*p = (struct promise){.kind = kind, .from = now(), .to = FOREVER};
	snprintf(p->path, sizeof(p->path), "%s", path);
	return p;
}

void crash_keep(const char *path, u64 n, u32 seed)
{
	struct promise *p = promise(path, KEEP);

	p->size[0] = n;
	p->seed[0] = seed;
}

void crash_either(const char *path, u64 n, u32 seed, u64 other_n, u32 other_seed)
{
	struct promise *p = promise(path, EITHER);

	p->size[0] = n;
	p->seed[0] = seed;
	p->size[1] = other_n;
	p->seed[1] = other_seed;
}

void crash_keep_start(const char *path, u64 n, u32 seed)
{
	struct promise *p = promise(path, KEEP_START);

	p->size[0] = n;
	p->seed[0] = seed;
}

void crash_keep_if_there(const char *path, u64 n, u32 seed)
{
	struct promise *p = promise(path, KEEP_IF_THERE);

	p->size[0] = n;
	p->seed[0] = seed;
}

void crash_gone(const char *path)
{
	promise(path, GONE);
}

void crash_change(const char *path)
{
	for (unsigned i = 0; i < promise_count; i++)
		if (promises[i].to == FOREVER && strcmp(promises[i].path, path) == 0)
			promises[i].to = now();
}

u32 crash_write_at(const char *path, u64 offset, u64 n)
{
	struct file *file = t_open(path, O_WRONLY | O_CREAT, 0644);
	u32 seed = crash_seed(path);
	u8 *data = malloc(n + 1);

	t_pattern(data, n, offset, seed);
	long done = t_pwrite(file, data, n, offset);
	ck_assert_msg(done == (long)n || done == -ENOSPC || done >= 0, "%s: write %s: %ld", current,
		      path, done);
	free(data);
	t_close(file);
	return seed;
}

u32 crash_write(const char *path, u64 n)
{
	crash_change(path);
	return crash_write_at(path, 0, n);
}

void crash_fsync(const char *path)
{
	struct file *file = t_open(path, O_RDONLY, 0);
	int err = t_fsync(file);

	ck_assert_msg(!err, "%s: fsync %s: %d: %s", current, path, err, log_captured());
	t_close(file);
}

/* ---- programs ---- */

static char output[1 << 16];

/* e2fsck MODE IMAGE: its status; what it says is in output. */
static int e2fsck(const char *mode, const char *image)
{
	extern char **environ;
	char *argv[] = {"e2fsck", (char *)mode, (char *)image, NULL};
	posix_spawn_file_actions_t actions;
	int pipes[2], status;
	size_t n = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
	ck_assert_int_eq(posix_spawn(&pid, "/sbin/e2fsck", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	for (ssize_t got; n < sizeof(output) - 1 &&
			  (got = read(pipes[0], output + n, sizeof(output) - 1 - n)) > 0;)
		n += (size_t)got;
	output[n] = '\0';
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ---- one state ---- */

struct explorer {
	const struct crash_workload *workload;
	struct host_disk *disk; /* the state, a mapped file; recovered in place */
	u8 *copy;               /* the state as it was, another mapped file */
	char image[96], copy_image[96];
	u64 bytes;
	u8 *outcomes; /* bits of hashes seen */
	unsigned outcome_count, judged;
	size_t position; /* in the workload's log, for promises */
	char what[200];
};

static const char *piece_error;
static char piece_path[64];

/* A truncate zeroes the rest of its last block, where only a part of a word may be left. */
static bool is_cut_word(u16 name, u64 offset, u64 word)
{
	for (u32 bytes = 1; bytes < 8; bytes++) {
		u64 mask = (1ull << bytes * 8) - 1;

		for (u32 seed = 1; !(word & ~mask) && seed <= seed_count; seed++)
			if (owns(name, seed) &&
			    (((offset / 8 + seed) * 0x9e3779b97f4a7c15ull) & mask) == word)
				return true;
	}
	return false;
}

/* Every word of a file is zero or one that was written to this name. */
static void check_piece(const char *path, uint64_t offset, const uint8_t *data, size_t n)
{
	static u16 name;
	static u32 last; /* most words have the seed of the one before */

	if (piece_error)
		return;
	if (strcmp(piece_path, path) != 0) {
		snprintf(piece_path, sizeof(piece_path), "%s", path);
		name = name_of(path);
		last = 0;
	}
	for (size_t at = 0; at + 8 <= n; at += 8) {
		/* the inverse of t_pattern: x * golden = word */
		u64 word, x;

		memcpy(&word, data + at, 8);
		if (!word)
			continue;
		x = word * 0xf1de83e19937733dull - (offset + at) / 8;
		if (x && x == last)
			continue;
		if (word == STALE)
			piece_error = "shows what was on the disk before";
		else if (is_cut_word(name, offset + at, word))
			continue;
		else if (!x || x > seed_count)
			piece_error = "has contents that nobody wrote to any file";
		else if (!owns(name, (u32)x))
			piece_error = "has contents of another file";
		else
			last = (u32)x;
		if (piece_error)
			return;
	}
}

static bool is_zero_or(const u8 *data, const u8 *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] && data[i] != want[i])
			return false;
	return true;
}

enum match { EXACT, START, START_OR_HOLES };

/* Whether the file begins with n bytes of the pattern; EXACT: and has no more; START_OR_HOLES:
 * where there are not zeroes. */
static bool has_pattern(const char *path, u64 n, u32 seed, enum match match)
{
	static u8 data[1 << 16], want[1 << 16];
	struct vfs_stat st;

	if (t_stat(path, &st) || st.size < n || (match == EXACT && st.size != n))
		return false;
	struct file *file = t_open(path, O_RDONLY, 0);
	bool same = true;
	for (u64 at = 0; at < n && same; at += sizeof(data)) {
		size_t part = (size_t)min(n - at, (u64)sizeof(data));

		t_pattern(want, part, at, seed);
		same = t_pread(file, data, part, at) == (long)part &&
		       (match == START_OR_HOLES ? is_zero_or(data, want, part)
						: !memcmp(data, want, part));
	}
	t_close(file);
	return same;
}

u32 crash_seed_of(const char *path, u64 n)
{
	u64 word = 0;

	if (!t_exists(path))
		return 0;
	struct file *file = t_open(path, O_RDONLY, 0);
	long got = t_pread(file, &word, sizeof(word), 0);

	t_close(file);
	u32 seed = (u32)(word * 0xf1de83e19937733dull);
	return got == sizeof(word) && has_pattern(path, n, seed, EXACT) ? seed : 0;
}

static bool promise_holds(const struct promise *p)
{
	struct vfs_stat st;

	switch (p->kind) {
	case KEEP:
		return has_pattern(p->path, p->size[0], p->seed[0], EXACT);
	case EITHER:
		return has_pattern(p->path, p->size[0], p->seed[0], EXACT) ||
		       has_pattern(p->path, p->size[1], p->seed[1], EXACT);
	case KEEP_START:
		return has_pattern(p->path, p->size[0], p->seed[0], START);
	case KEEP_IF_THERE:
		return t_stat(p->path, &st) ||
		       has_pattern(p->path, min(st.size, p->size[0]), p->seed[0], START_OR_HOLES);
	case GONE:
		return !t_exists(p->path);
	}
	return false;
}

static void check_promises(const struct explorer *e)
{
	static const char *const kinds[] = {
	    "is not what was fsynced", "is neither old nor new", "lost what was fsynced",
	    "has other contents than when it was deleted", "came back"};

	for (unsigned i = 0; i < promise_count; i++) {
		const struct promise *p = &promises[i];

		if (p->from <= e->position && e->position < p->to)
			ck_assert_msg(promise_holds(p), "%s: %s %s (%llu bytes, seed %u)", e->what,
				      p->path, kinds[p->kind], p->size[0], p->seed[0]);
	}
}

static u64 hash_image(const u8 *data, u64 bytes)
{
	u64 hash = 0;

	for (u64 at = 0; at < bytes; at += 8) {
		u64 word;

		memcpy(&word, data + at, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Whether this is the first state with that outcome. */
static bool is_new(struct explorer *e, u64 hash)
{
	u32 bit = (u32)(hash >> 8) % (OUTCOMES * 8);

	if (e->outcomes[bit / 8] & 1u << bit % 8)
		return false;
	e->outcomes[bit / 8] |= (u8)(1u << bit % 8);
	e->outcome_count++;
	return true;
}

/* Whether e2fsck found something to mend. That a volume was in use, with orphans in its orphan file
 * or none, it calls a problem too, whoever used it. */
static bool was_repaired(const char *text)
{
	static const char *const harmless[] = {"orphan file is clean.\nClear? yes",
					       "is not clean.\nClear? yes"};
	size_t questions = 0, answers = 0;

	for (const char *at = text; (at = strstr(at, "? yes")); at++)
		questions++;
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		for (const char *at = text; (at = strstr(at, harmless[i])); at++)
			answers++;
	return strstr(text, "<y>") || questions > answers;
}

static void expect_e2fsck_agrees(struct explorer *e, const struct tree *ours)
{
	struct tree theirs;
	int status = e2fsck("-fn", e->image);

	ck_assert_msg(status == 0,
		      "%s: e2fsck -fn after our recovery: status %d:\n%.3000s\nlog:\n%.2000s",
		      e->what, status, output, log_captured());
	/* Where the superblock got into place before the descriptors that it counts, e2fsck
	 * despairs before it looks at the journal, which has them. */
	if (e->workload->grows)
		return;
	status = e2fsck("-fy", e->copy_image);
	ck_assert_msg(status <= 1 && !was_repaired(output),
		      "%s: e2fsck -fy had to repair: status %d:\n%.4000s", e->what, status, output);
	const char *error = tree_of_image(&theirs, e->copy_image);
	ck_assert_msg(!error, "%s: libext2fs: %s", e->what, error);
	current = e->what;
	tree_expect_same(ours, &theirs);
	tree_free(&theirs);
}

static void mount_or_fail(const struct explorer *e)
{
	log_captured_clear();
	int err = t_mount_disk(e->disk, 0, e->workload->options);

	ck_assert_msg(!err, "%s: mount: error %d:\n%.3000s", e->what, err, log_captured());
}

/* The state is on e->disk. */
static void judge(struct explorer *e)
{
	u8 *data = host_disk_data(e->disk);
	struct tree ours;

	memcpy(e->copy, data, e->bytes);
	if (getenv("CRASH_SAVE")) /* the last one that is left there is the one that failed */
		ck_assert_int_eq(host_disk_save(e->disk, getenv("CRASH_SAVE")), 0);
	e->judged++;
	if (e->workload->no_journal) {
		int status = e2fsck("-fy", e->image);

		ck_assert_msg(status <= 1, "%s: e2fsck -fy: status %d:\n%.4000s", e->what, status,
			      output);
	}
	mount_or_fail(e);
	piece_error = NULL;
	piece_path[0] = '\0';
	tree_piece_hook = e->workload->no_journal || e->workload->stale ? NULL : check_piece;
	tree_of_mount(&ours);
	ck_assert_msg(!piece_error, "%s: %s %s", e->what, piece_path, piece_error);
	check_promises(e);
	if (e->workload->check) {
		const char *wrong = e->workload->check();

		ck_assert_msg(!wrong, "%s: %s", e->what, wrong);
	}
	t_umount();
	if (!e->workload->no_journal && is_new(e, hash_image(data, e->bytes)))
		expect_e2fsck_agrees(e, &ours);
	tree_free(&ours);
}

/* ---- which states ---- */

enum choice {
	ALL,
	DROP_ONE,
	ONLY_ONE,
	MASK,
	RANDOM_PIECES,
	RANDOM_SECTORS,
	TORN,
};
static const char *const choice_names[] = {"all",
					   "all but piece",
					   "only piece",
					   "pieces of mask",
					   "pieces of seed",
					   "sectors of seed",
					   "all, torn at sector"};

struct state {
	size_t n, durable; /* records of the log; those that are there for certain */
	enum choice choice;
	u64 arg;
};

struct filter {
	const struct host_disk *disk;
	const struct state *state;
	u64 pieces; /* counted from `durable` on */
	size_t record;
	bool commit; /* the record begins with a commit block */
};

/* A sector that shares the fate of the one before. */
static bool is_glued(const struct filter *filter, const struct host_disk_record *r, u32 sector)
{
	return r->sector + sector == 3 || (filter->commit && sector);
}

static bool keep(void *ctx, size_t record, u32 sector)
{
	struct filter *filter = ctx;
	const struct state *state = filter->state;
	const struct host_disk_record *r;

	if (record < state->durable || state->choice == ALL)
		return true;
	r = host_disk_log_get(filter->disk, record);
	if (record != filter->record) {
		filter->record = record;
		filter->commit = r->data && be32_load(r->data) == JOURNAL_MAGIC &&
				 be32_load(r->data + 4) == JOURNAL_COMMIT;
	}
	if (sector % PIECE == 0)
		filter->pieces++;
	if (r->flags & BIO_FUA && record + 1 < state->n)
		return true;
	u64 piece = filter->pieces - 1, at = r->sector + sector;
	switch (state->choice) {
	case DROP_ONE:
		return piece != state->arg;
	case ONLY_ONE:
		return piece == state->arg;
	case MASK:
		return state->arg >> piece & 1;
	case RANDOM_PIECES:
		return hash_u64(hash_u64(state->arg) + piece) & 1;
	case RANDOM_SECTORS:
		if (is_glued(filter, r, sector))
			at = filter->commit ? r->sector : at - 1;
		return hash_u64(hash_u64(state->arg) + record * 65536 + at) & 1;
	case TORN:
		if (record + 1 < state->n)
			return true;
		return sector < state->arg ||
		       (is_glued(filter, r, sector) && (filter->commit || sector <= state->arg));
	default:
		return true;
	}
}

static u32 pieces_of(const struct host_disk_record *r)
{
	return r->op == BIO_FLUSH ? 0 : DIV_ROUND_UP(r->sectors, PIECE);
}

typedef void visit_fn(struct explorer *e, const struct host_disk *log, const struct state *state);

/* Calls fn for each state of the log, epoch by epoch. */
static void each_state(const struct host_disk *disk, visit_fn *fn, struct explorer *e)
{
	size_t count = host_disk_log_count(disk), start = 0;

	for (size_t end = 0; end <= count; end++) {
		const struct host_disk_record *last = end ? host_disk_log_get(disk, end - 1) : NULL;

		if (last && host_disk_is_barrier(last) && last->op == BIO_FLUSH)
			start = end;
		struct state state = {.n = end, .durable = start};
		fn(e, disk, &state);
		if (last && last->op == BIO_WRITE) {
			state.choice = TORN;
			for (u32 cut = 1;
			     cut<last->sectors; cut += last->sectors> 16 ? last->sectors / 5 : 2) {
				state.arg = cut;
				fn(e, disk, &state);
			}
		}
		bool barrier = end == count || host_disk_is_barrier(host_disk_log_get(disk, end));
		if (!barrier || end == start)
			continue;
		u32 pieces = 0;
		for (size_t i = start; i < end; i++)
			pieces += pieces_of(host_disk_log_get(disk, i));
		for (u64 i = 0; i < pieces; i++) {
			fn(e, disk, &(struct state){end, start, DROP_ONE, i});
			fn(e, disk, &(struct state){end, start, ONLY_ONE, i});
		}
		for (u64 mask = 0; pieces <= SMALL && mask < 1u << pieces; mask++)
			fn(e, disk, &(struct state){end, start, MASK, mask});
		for (u64 i = 1; i <= RANDOM; i++) {
			fn(e, disk, &(struct state){end, start, RANDOM_PIECES, i * 77 + end});
			fn(e, disk, &(struct state){end, start, RANDOM_SECTORS, i * 99 + end});
		}
		if (end < count && host_disk_log_get(disk, end)->op == BIO_WRITE)
			start = end; /* PREFLUSH */
	}
}

/* ---- exploring ---- */

static struct plan {
	u64 index, step, phase; /* of the states, which are judged */
	bool counting;
	char prefix[120];
} plan;

/* Visits `want` of the log's states, evenly spread. */
static void plan_states(struct explorer *e, const struct host_disk *log, visit_fn *visit, u64 want,
			u64 seed)
{
	plan.counting = true;
	plan.index = 0;
	each_state(log, visit, e);
	plan.step = max(DIV_ROUND_UP(plan.index, want), (u64)1);
	plan.phase = hash_u64(seed + 1) % plan.step;
	plan.counting = false;
	plan.index = 0;
	each_state(log, visit, e);
}

static void place(struct explorer *e, const struct host_disk *log, const struct state *state)
{
	struct filter filter = {.disk = log, .state = state, .record = FOREVER};

	host_disk_materialise(log, host_disk_data(e->disk), state->n, keep, &filter);
	snprintf(e->what, sizeof(e->what), "%s: state %llu: records %zu of %zu, %s %llu from %zu",
		 plan.prefix, plan.index, state->n, host_disk_log_count(log),
		 choice_names[state->choice], state->arg, state->durable);
}

static void visit_nested(struct explorer *e, const struct host_disk *log, const struct state *state)
{
	u64 index = plan.index++;

	if (plan.counting || index % plan.step != plan.phase)
		return;
	place(e, log, state);
	judge(e);
}

/* Crashes the recovery of the state that is on the disk, too. */
static void crash_recovery(struct explorer *e)
{
	struct plan outer = plan;

	snprintf(plan.prefix, sizeof(plan.prefix), "%.80s: recovery of state %llu", outer.prefix,
		 outer.index - 1);
	host_disk_log_start(e->disk);
	mount_or_fail(e);
	t_umount();
	host_disk_log_stop(e->disk);
	plan_states(e, e->disk, visit_nested, NESTED_STATES, outer.index);
	plan = outer;
}

static void visit(struct explorer *e, const struct host_disk *log, const struct state *state)
{
	u64 index = plan.index++;

	if (plan.counting || index % plan.step != plan.phase)
		return;
	e->position = state->n;
	/* a FUA write that is not wholly there has not ended, and nobody relies on it yet */
	if (state->choice != ALL && state->n &&
	    host_disk_log_get(log, state->n - 1)->flags & BIO_FUA)
		e->position--;
	place(e, log, state);
	judge(e);
	if (!e->workload->no_journal && (index / plan.step) % NESTED == NESTED / 2) {
		place(e, log, state);
		crash_recovery(e);
	}
}

/* Disks stay known under their names as long as the process lives. */
static struct host_disk *map_disk(const char *prefix, const char *path)
{
	static unsigned number;
	char name[16];

	snprintf(name, sizeof(name), "%s%u", prefix, number++);
	struct host_disk *disk = host_disk_map(name, path);
	ck_assert_ptr_nonnull(disk);
	return disk;
}

static void make_volume(const struct crash_workload *workload)
{
	static u64 stale[512];

	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		stale[i] = STALE;
	t_run_ok("rm -f img; : >img");
	int fd = open(t_image(), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	unsigned disk_kib = workload->kib * (workload->grows ? 4 : 1);
	for (unsigned i = 0; i < disk_kib / 4; i++)
		ck_assert_int_eq(write(fd, stale, sizeof(stale)), sizeof(stale));
	close(fd);
	t_run_ok("mke2fs -F -q -E nodiscard %s img %uk", workload->mkfs, workload->kib);
}

static struct host_disk *prepare(const struct crash_workload *workload)
{
	make_volume(workload);
	struct host_disk *disk = map_disk("vdr", t_image());
	ck_assert_int_eq(t_mount_disk(disk, 0, workload->options), 0);
	if (workload->prepare)
		workload->prepare();
	t_umount();
	t_fsck();
	return disk;
}

static void open_explorer(struct explorer *e, const struct crash_workload *workload)
{
	struct stat st;

	*e = (struct explorer){.workload = workload};
	t_run_ok("cp img state; cp img copy");
	snprintf(e->image, sizeof(e->image), "%.*sstate", (int)(strlen(t_image()) - 3), t_image());
	snprintf(e->copy_image, sizeof(e->copy_image), "%.*scopy", (int)(strlen(t_image()) - 3),
		 t_image());
	e->disk = map_disk("vds", e->image);
	int fd = open(e->copy_image, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	e->bytes = (u64)st.st_size;
	e->copy = mmap(NULL, e->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(e->copy, MAP_FAILED);
	close(fd);
	e->outcomes = calloc(1, OUTCOMES);
}

static void show_log(const struct host_disk *disk)
{
	static const char *const ops[] = {"read", "write", "flush", "discard"};

	for (size_t i = 0; i < host_disk_log_count(disk); i++) {
		const struct host_disk_record *r = host_disk_log_get(disk, i);

		fprintf(stderr, "%4zu %s %llu+%u%s%s%s\n", i, ops[r->op], r->sector, r->sectors,
			r->flags & BIO_PREFLUSH ? " preflush" : "",
			r->flags & BIO_FUA ? " fua" : "",
			r->data && be32_load(r->data) == JOURNAL_MAGIC ? " of the journal" : "");
	}
}

unsigned crash_explore(const struct crash_workload *workload, unsigned variant, unsigned states,
		       unsigned *outcomes)
{
	struct explorer e;

	current = workload->name;
	recorder = NULL;
	promise_count = seed_count = name_count = shown_count = file_count = 0;
	struct host_disk *disk = prepare(workload);
	host_disk_log_start(disk);
	recorder = disk;
	if (workload->shuffled) {
		host_disk_shuffle(disk, variant + 1);
		host_disk_set_worker(disk, true);
	}
	ck_assert_int_eq(t_mount_disk(disk, 0, workload->options), 0);
	const struct ext4_super_raw *super = (void *)(host_disk_data(disk) + EXT4_SUPER_OFFSET);
	bool journalled = le32_get(super->s_feature_incompat) & EXT4_INCOMPAT_RECOVER;
	ck_assert_msg(journalled == !workload->no_journal, "%s: %s journal is in use",
		      workload->name, journalled ? "a" : "no");
	workload->run(variant);
	t_umount();
	host_disk_set_worker(disk, false);
	host_disk_log_stop(disk);
	t_fsck();

	if (getenv("CRASH_SHOW"))
		show_log(disk);
	open_explorer(&e, workload);
	snprintf(plan.prefix, sizeof(plan.prefix), "%s/%u", workload->name, variant);
	plan_states(&e, disk, visit, states, variant);
	munmap(e.copy, e.bytes);
	free(e.outcomes);
	if (outcomes)
		*outcomes = e.outcome_count;
	return e.judged;
}

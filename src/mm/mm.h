/*
 * Address spaces.
 *
 * A struct mm is a process's user memory: an ordered map (red-black tree, with the largest gap kept
 * per subtree) of areas, and page tables. An area is a range with one protection and one backing:
 * anonymous memory, or a file's page cache through its vm_area_ops. Pages appear by faulting:
 * anonymous read faults map the shared zero page, writes a fresh zeroed frame; file faults map the
 * page cache's page, with its neighbours that are present (fault-around); a write to a private page
 * that others share copies it.
 *
 * Locking: mm->lock (rwsem) guards the tree: faults take it for reading, mmap and friends for
 * writing. mm->table_lock (spin) guards page-table entries and the resident counts. A file's areas
 * are on its mapping's list, and their place (start, end, pgoff) changes only with areas_lock too.
 * Order: mm->lock, page lock, areas_lock, table_lock. copy_*_user must not be called with mm->lock
 * held.
 *
 * Truncation against faults: a fault maps a file's page only while, under table_lock, the page
 * still belongs to the mapping. So whoever removes pages from a mapping clears page->mapping first
 * and calls mm_unmap_file_range() after that (and before, to get the mapcount down): then no entry
 * is left behind.
 */
#ifndef ARAMID_MM_MM_H
#define ARAMID_MM_MM_H

#include "hw/mmu.h"
#include "lib/list.h"
#include "lib/mutex.h"
#include "lib/rbtree.h"
#include "lib/types.h"
#include "mm/page.h"

struct file;
struct mm;
struct page_mapping;
struct vm_area;

/* What backs an area. Every operation but open, close and fault may be NULL. mm->lock is held. */
struct vm_area_ops {
	/* The area was duplicated (fork, split): take one more reference to the file. */
	void (*open)(struct vm_area *area);
	void (*close)(struct vm_area *area); /* area goes away: drop it */
	/* The page at file offset pgoff (in pages): referenced, up to date. -EIO/-EFAULT → SIGBUS,
	 * -ENOMEM. May sleep. */
	int (*fault)(struct vm_area *area, u64 pgoff, struct page **out);
	/* Cached up-to-date pages around pgoff without any I/O: fills out[i] for first + i (NULL:
	 * absent), referenced. Not beyond the end of the file. n <= 16. */
	void (*fault_around)(struct vm_area *area, u64 first, unsigned int n, struct page **out);
	/* First store to a page of a shared area since it was clean: the implementation locks the
	 * page, checks that it still belongs to the file, reserves blocks, marks it dirty, and
	 * returns 0 with the page still locked; the caller maps it writable and unlocks it. Or
	 * -errno with the page unlocked: SIGBUS; -EAGAIN: the page was truncated, fault again.
	 * NULL: stores need no notice. */
	int (*page_mkwrite)(struct vm_area *area, struct page *page);
	/* msync(MS_SYNC) of file pages [first, last]. */
	int (*sync)(struct vm_area *area, u64 first, u64 last);
	/* mincore: whether the page is in memory, mapped or not. */
	bool (*resident)(struct vm_area *area, u64 pgoff);
	/* madvise(MADV_WILLNEED): starts reading file pages [first, last]. */
	void (*willneed)(struct vm_area *area, u64 first, u64 last);
	/* Text for /proc/PID/maps; NULL result: none. */
	const char *(*name)(struct vm_area *area);
};

/*
 * file_ops.mmap is given a fresh area with start, end, prot, flags and pgoff set, and sets file
 * (taking a reference that ops->close drops), ops and, for pages of a page cache, mapping. mm then
 * puts the area on mapping->areas and takes it off again.
 */
struct vm_area {
	unsigned long start, end; /* [start, end), page multiples; mm->lock */
	unsigned int prot;        /* PROT_* */
	unsigned int flags;       /* VM_* */
	u64 pgoff;                /* file offset of start, in pages */
	struct mm *mm;
	struct file *file; /* NULL: anonymous. Reference owned by ops */
	const struct vm_area_ops *ops;
	struct page_mapping *mapping;  /* set by vfs for file areas: reverse mapping */
	struct list_head mapping_node; /* mapping->areas, under mapping->areas_lock */
	bool has_anon; /* private pages may be mapped: fork must look at the entries. table_lock */
	struct rb_node node;
	unsigned long gap;         /* free bytes between the area before and this one */
	unsigned long subtree_gap; /* largest free gap before any area of the subtree */
	void *private;
};

enum vm_flag {
	VM_SHARED = 1 << 0,
	VM_GROWSDOWN = 1 << 1, /* a stack */
	VM_MAYWRITE = 1 << 2,  /* mprotect may add PROT_WRITE (shared file opened for writing) */
	VM_MAYREAD = 1 << 3,
	VM_MAYEXEC = 1 << 4,
	VM_LOCKED = 1 << 5,
	VM_DONTFORK = 1 << 6,
	VM_WIPEONFORK = 1 << 7,
	VM_SPECIAL = 1 << 8, /* vDSO, device memory: not dumped, not merged */
	VM_HUGE_OK = 1 << 9,
	VM_RANDOM = 1 << 10, /* MADV_RANDOM */
	VM_SEQUENTIAL = 1 << 11,
	VM_NORESERVE = 1 << 12,
};

struct mm {
	u32 refs; /* atomic */
	struct mmu mmu;
	struct rwsem lock;
	struct spinlock table_lock;
	struct rb_root areas;       /* lock */
	struct vm_area *area_cache; /* a lucky guess for mm_area_find; cleared when areas go */
	unsigned int area_count;
	unsigned long brk_start, brk; /* lock */
	unsigned long mmap_top;       /* where top-down searching starts; randomised */
	unsigned long stack_top;
	unsigned long arg_start, arg_end, env_start, env_end; /* set by exec, for /proc */
	unsigned long code_start, code_end, data_start, data_end;
	unsigned long vdso;
	size_t total_pages, locked_pages, data_pages, stack_pages, exec_pages; /* virtual, lock */
	s64 rss_anon, rss_file, rss_peak; /* resident pages, atomic */
	u64 data_limit, as_limit, stack_limit,
	    memlock_limit;            /* bytes; copies of rlimits kept by sys */
	struct file *exe_file;        /* lock; reference, and a file_deny_write() of it */
	unsigned long saved_auxv[64]; /* /proc/PID/auxv */
	bool oom_victim;
	bool lock_future;           /* mlockall(MCL_FUTURE); lock */
	bool membarrier_registered; /* atomic: MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */
};

struct mm *mm_create(void);                                   /* empty; NULL on no memory */
int __must_check mm_fork(struct mm *parent, struct mm **out); /* copy on write. -ENOMEM */
void mm_get(struct mm *mm);
void mm_put(struct mm *mm); /* the last tears everything down; may sleep */
/* Empties the user half early (exit, OOM), while references remain. */
void mm_teardown(struct mm *mm);
struct mm *mm_current(void); /* the running thread's; NULL for kernel threads. Seam: src/sys */

/*
 * The calls. Semantics and errors of the man pages; addresses are results. map_flags: MAP_* of
 * linux/mman.h; file may be NULL with MAP_ANONYMOUS; offset in bytes. They lock by themselves.
 */
long mm_mmap(struct mm *mm, unsigned long addr, size_t length, unsigned int prot,
	     unsigned int map_flags, struct file *file, u64 offset);
int __must_check mm_munmap(struct mm *mm, unsigned long addr, size_t length);
int __must_check mm_mprotect(struct mm *mm, unsigned long addr, size_t length, unsigned int prot);
long mm_mremap(struct mm *mm, unsigned long addr, size_t old_length, size_t new_length,
	       unsigned int flags, unsigned long new_addr);
unsigned long mm_brk(struct mm *mm, unsigned long brk); /* the (new or unchanged) break */
int __must_check mm_madvise(struct mm *mm, unsigned long addr, size_t length, int advice);
int __must_check mm_msync(struct mm *mm, unsigned long addr, size_t length, int flags);
int __must_check mm_mincore(struct mm *mm, unsigned long addr, size_t length,
			    unsigned char __user *vec);
/* limit: RLIMIT_MEMLOCK in bytes, or U64_MAX for who may exceed it. */
int __must_check mm_mlock(struct mm *mm, unsigned long addr, size_t length, bool lock, u64 limit);
int __must_check mm_mlockall(struct mm *mm, int flags, u64 limit); /* flags 0: munlockall */

/* Maps pages of the kernel (vDSO) at a free address near hint: pages stay the caller's. Returns
 * address or -errno. */
long mm_map_special(struct mm *mm, unsigned long hint, struct page **pages, unsigned int n,
		    unsigned int prot, const char *name);
/* Sets up the stack area below top with given prot; randomised by the caller. */
int __must_check mm_map_stack(struct mm *mm, unsigned long top, size_t size, unsigned int prot);

/* Area that contains addr, or the next above it. lock held. */
struct vm_area *mm_area_find(struct mm *mm, unsigned long addr);
struct vm_area *mm_area_next(struct vm_area *area);

/* Access to another process's memory (/proc/PID/cmdline, environ, mem, ptrace): bytes moved, stops
 * at the first hole. */
size_t mm_access(struct mm *mm, unsigned long addr, void *buf, size_t n, bool write);

/* Reverse mapping for vfs: takes the file's pages [first, last] out of all address spaces
 * (truncate, invalidate) … */
void mm_unmap_file_range(struct page_mapping *mapping, u64 first, u64 last);
/* … and write-protects and cleans the entries that map one page, returning whether any was dirty
 * (write-back). */
bool mm_clean_file_page(struct page_mapping *mapping, struct page *page);

/*
 * What a word of user memory is, wherever it is mapped: for futexes. shared: look whether the
 * memory is; else, and for private memory, it is (mm, address). -EFAULT: nothing is mapped there.
 */
struct futex_key {
	const void *object;
	u64 index;
	u32 offset;
};
int __must_check mm_futex_key(struct mm *mm, unsigned long addr, bool shared,
			      struct futex_key *key);

/* Resident and virtual sizes in pages, for /proc and getrusage. */
struct mm_usage {
	size_t virtual_pages, rss, rss_file, rss_peak, shared, text, data, stack, locked, tables;
};
void mm_usage_get(struct mm *mm, struct mm_usage *usage);

/* What is mapped in one area, in pages; shared: others map it too. */
struct area_usage {
	size_t rss, shared_clean, shared_dirty, private_clean, private_dirty;
	size_t referenced, anonymous;
	u64 pss_bytes, pss_dirty_bytes; /* each page's bytes divided by those who map it */
};
/* Adds to *usage. mm->lock held. */
void area_usage_add(struct mm *mm, const struct vm_area *area, struct area_usage *usage);

/* Start-up: frames from boot_info, slabs. Called once by kernel_main before anything allocates. */
void mm_init(void);
void boot_initrd_release(void);

/* Counts a fault of the running thread for getrusage; major: something had to be read. Implemented
 * by src/sys. */
void thread_count_fault(bool major);

/*
 * Out of memory: mm picks a victim by asking sys, which kills it and logs. Implemented by src/sys:
 * sends SIGKILL to the process with the largest score and returns true, or false if there is none.
 */
bool oom_kill(size_t pages_needed);

#endif

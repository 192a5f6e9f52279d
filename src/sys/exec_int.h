/*
 * Private to sys: what the steps of execve hand on to each other.
 *
 * The whole new address space is built beside the old one: a program that can't be loaded is an
 * error, not a dead process.
 */
#ifndef ARAMID_SYS_EXEC_INT_H
#define ARAMID_SYS_EXEC_INT_H

#include "lib/types.h"

struct cred;
struct file;
struct mm;
struct page;

#define EXEC_HEAD_SIZE    256
#define EXEC_STRING_MAX   (32 * 4096ul) /* one argument, with its NUL */
#define EXEC_SCRIPT_DEPTH 5
#define EXEC_PREFIX_MAX   (2 * EXEC_SCRIPT_DEPTH + 2)
#define EXEC_STACK_GAP    (128ul << 10) /* mapped below the strings at once */
#define EXEC_STACK_RANDOM (16ul << 30)
#define EXEC_BRK_RANDOM   (32ul << 20)

/* ST_NOSUID and ST_NOEXEC of statfs(2), which no UAPI header has. */
#define EXEC_MOUNT_NOSUID 2u
#define EXEC_MOUNT_NOEXEC 8u

/* Argument strings, one after the other, each with its NUL, in pages of the kernel's. */
struct exec_strings {
	struct page **pages;
	unsigned int page_count, page_room;
	size_t length, limit;
	unsigned int argc, envc;
	size_t name_offset; /* of the executed file's name, AT_EXECFN */
};

/* Where argv or envp come from. */
struct exec_vector {
	const char *const __user *user;
	char *const *kernel; /* used if user is NULL */
};

void exec_strings_init(struct exec_strings *strings, u64 stack_limit);
void exec_strings_free(struct exec_strings *strings);
/* -E2BIG, -ENOMEM. */
int __must_check exec_strings_add(struct exec_strings *strings, const char *s);
/* The vector's strings, but the first `skip`. *count is increased by their number. -EFAULT, -E2BIG,
 * -ENOMEM, -EINTR. */
int __must_check exec_strings_add_vector(struct exec_strings *strings,
					 const struct exec_vector *vector, unsigned int skip,
					 unsigned int *count);

struct exec_image {          /* what elf_load() found and did */
	unsigned long entry; /* of the program itself */
	unsigned long start; /* where execution starts: the interpreter's entry, or the same */
	unsigned long interp_base; /* AT_BASE; 0: none */
	unsigned long phdr;        /* address of the program headers in memory; 0: not mapped */
	unsigned int phnum;
	unsigned long end; /* of the highest segment */
	bool exec_stack;
};

/* Maps the ELF program in file, and its interpreter, into the empty mm. -ENOEXEC and what mapping
 * says. */
int __must_check elf_load(struct mm *mm, struct file *file, bool randomize,
			  struct exec_image *image);

/* Makes mm's stack with strings, vectors and auxv; *sp: where the program finds argc. */
int __must_check exec_stack_make(struct mm *mm, const struct exec_strings *strings,
				 const struct exec_image *image, const struct cred *cred,
				 bool secure, bool randomize, unsigned long *sp);

/* Opens path for execution: regular, executable, not on a noexec mount. -EACCES, -ENOENT …  */
int __must_check exec_open(int dirfd, const char *name, int at_flags, struct file **out);

/* The credentials that executing file gives the running process, for the caller to install or put;
 * *secure: AT_SECURE. -EPERM, -ENOMEM, -EIO. */
int __must_check exec_cred(const struct file *file, struct cred **out, bool *secure);

/* A multiple of the page size below limit. */
unsigned long exec_random_offset(unsigned long limit);

#endif

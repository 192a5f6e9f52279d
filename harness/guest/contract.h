#ifndef GUEST_CONTRACT_H
#define GUEST_CONTRACT_H

/*
 * Contracts: what a program may rely on.
 *
 * A contract is one small C file about one subject. It is run natively on Linux and inside the
 * Aramid guest by the same static binary; it must succeed in both, and print the same bytes in
 * both. So nothing that it prints may depend on the machine: no process ids, times, addresses,
 * inode numbers, kernel versions, file-system types. Nothing in it may depend on how fast it
 * runs: it waits for events, never for "long enough".
 *
 *	CONTRACT(fs_rmdir_errors, "rmdir refuses what is no empty directory")
 *	{
 *		OK(mkdir("d", 0755));
 *		FAILS(rmdir("d/missing"), ENOENT);
 *		SHOW(rmdir("d/."));
 *		say("rmdir: errors as documented");
 *	}
 *
 * It starts as root in its own empty directory, leading a new session without a terminal, with
 * standard input from /dev/null, umask 022, nice 0, no core dumps, no blocked signals and default
 * dispositions. A false check prints a line that begins with FAIL and ends the process with status
 * 1, so a forked child that fails is noticed by the parent that reaps it with reap_exit().
 *
 * contract_main.c has the runner's side: the command line and the output protocol.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define PAGE 4096

/* A contract natively exits with this when the host cannot do what it needs; see skip(). */
#define STATUS_SKIP 77

struct contract {
	const char *name;
	const char *sentence;
	void (*run)(void);
};

/* A program of its own that contracts reach with execve: `contracts --helper=NAME ARG…`. */
struct helper {
	const char *name;
	int (*run)(int argc, char **argv);
};

/* Pointers to all contracts and helpers are gathered in sections of their own by the linker. */
#define CONTRACT(id, text)                                                                         \
	static void contract_##id(void);                                                           \
	static const struct contract contract_entry_##id = {#id, text, contract_##id};             \
	static const struct contract *const contract_pointer_##id                                  \
	    __attribute__((used, section("contract_list"))) = &contract_entry_##id;                \
	static void contract_##id(void)

#define HELPER(id)                                                                                 \
	static int helper_##id(int argc, char **argv);                                             \
	static const struct helper helper_entry_##id = {#id, helper_##id};                         \
	static const struct helper *const helper_pointer_##id                                      \
	    __attribute__((used, section("helper_list"))) = &helper_entry_##id;                    \
	static int helper_##id(int argc __attribute__((unused)),                                   \
			       char **argv __attribute__((unused)))

/* Prints one line of the contract's result with a single write. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a FAIL line and ends the process with status 1. */
void contract_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/*
 * Ends the contract because this host lacks something (a capability, a file-system feature).
 * The runner accepts that natively, never from the guest, and then compares no output.
 */
void skip(const char *why) __attribute__((noreturn));

/* "ENOENT" for ENOENT. */
const char *error_name(int error);

#define CHECK(expression)                                                                          \
	do {                                                                                       \
		if (!(expression))                                                                 \
			contract_fail(__FILE__, __LINE__, "%s (errno %s)", #expression,            \
				      error_name(errno));                                          \
	} while (0)

/* The value of a call that must not return -1. */
#define OK(call)                                                                                   \
	({                                                                                         \
		errno = 0;                                                                         \
		__typeof__(call) ok_value_ = (call);                                               \
		if ((long)ok_value_ == -1)                                                         \
			contract_fail(__FILE__, __LINE__, "%s gave %s", #call, error_name(errno)); \
		ok_value_;                                                                         \
	})

/* A call that must return -1 with this errno. */
#define FAILS(call, error)                                                                         \
	do {                                                                                       \
		errno = 0;                                                                         \
		long fails_value_ = (long)(call);                                                  \
		if (fails_value_ != -1)                                                            \
			contract_fail(__FILE__, __LINE__, "%s gave %ld, not %s", #call,            \
				      fails_value_, #error);                                       \
		if (errno != (error))                                                              \
			contract_fail(__FILE__, __LINE__, "%s gave %s, not %s", #call,             \
				      error_name(errno), #error);                                  \
	} while (0)

/* Two integers that must be equal. */
#define EQ(left, right)                                                                            \
	do {                                                                                       \
		long long left_ = (long long)(left), right_ = (long long)(right);                  \
		if (left_ != right_)                                                               \
			contract_fail(__FILE__, __LINE__, "%s is %lld, %s is %lld (errno %s)",     \
				      #left, left_, #right, right_, error_name(errno));            \
	} while (0)

/* Two strings that must be equal. */
#define SAME(left, right)                                                                          \
	do {                                                                                       \
		const char *left_ = (left), *right_ = (right);                                     \
		if (strcmp(left_, right_) != 0)                                                    \
			contract_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #left,       \
				      left_, right_);                                              \
	} while (0)

/* Prints the call's text and its outcome, an errno's name or "ok"; the oracle judges it. */
#define SHOW(call)                                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		long show_value_ = (long)(call);                                                   \
		say("%s: %s", #call, show_value_ == -1 ? error_name(errno) : "ok");                \
	} while (0)

/* As SHOW, for calls whose value is the same everywhere. */
#define SHOW_VALUE(call)                                                                           \
	do {                                                                                       \
		errno = 0;                                                                         \
		long show_value_ = (long)(call);                                                   \
		if (show_value_ == -1)                                                             \
			say("%s: %s", #call, error_name(errno));                                   \
		else                                                                               \
			say("%s: %ld", #call, show_value_);                                        \
	} while (0)

/* Files. */

/* Creates or overwrites a file (mode 0644 when new) with this text. */
void put(const char *path, const char *text);

/* The first 4095 bytes of a file as a string, in a static buffer that the next call reuses. */
const char *get(const char *path);

/* Reads or writes exactly this much at the current offset, or fails the contract. */
void read_all(int fd, void *buffer, size_t size);
void write_all(int fd, const void *buffer, size_t size);

/* Status calls that must succeed. */
struct stat stat_of(const char *path);
struct stat lstat_of(const char *path);

bool exists(const char *path);

/* A repeatable pattern that differs between offsets, pages and seeds. */
void pattern_fill(void *buffer, size_t size, uint64_t offset, uint32_t seed);
bool pattern_matches(const void *buffer, size_t size, uint64_t offset, uint32_t seed);

/* Copies the running program to path with this mode; for tests of setuid and permissions. */
void copy_self(const char *path, mode_t mode);

/* Makes a symbolic link called path to the running program. */
void link_self(const char *path);

/* An address at which nothing is mapped; not a constant, so that compilers do not object. */
extern void *const bad_pointer;

/* Memory: anonymous private pages, readable and writable. */
char *pages(size_t count);

/*
 * Touches memory and reports what happened: 0, or the signal with its code and address in
 * `fault`. fault_read and fault_write touch one byte, fault_call calls the address.
 */
struct fault {
	int sign, code;
	char *address;
};
extern struct fault fault;
int fault_read(const volatile void *address);
int fault_write(volatile void *address);
int fault_call(void *address);

/* Processes. */

/* Waits for this child and returns its wait status. */
int reap(pid_t pid);

#define reap_exit(pid, code)   reap_exit_at(__FILE__, __LINE__, pid, code)
#define reap_signal(pid, sign) reap_signal_at(__FILE__, __LINE__, pid, sign)

/* Waits for this child, which must exit with this code, or be killed by this signal. */
void reap_exit_at(const char *file, int line, pid_t pid, int code);
void reap_signal_at(const char *file, int line, pid_t pid, int sign);

/*
 * Waits until the process has been seen asleep. Seeing it asleep once is no proof that it sleeps
 * in the call that one thinks of: use it to make the interesting order likely, in contracts that
 * hold in every order.
 */
void await_asleep(pid_t pid);

/* A doorbell between processes or threads: post() never blocks, await() takes one post. */
struct bell {
	int fd[2];
};
void bell_make(struct bell *bell);
void bell_ring(struct bell *bell);
void bell_await(struct bell *bell);

/* Installs a handler, with flags, and nothing masked but the signal itself. */
void handle(int sign, void (*handler)(int), int flags);
void handle_info(int sign, void (*handler)(int, siginfo_t *, void *), int flags);

/* An interval timer that sends SIGALRM every few milliseconds until quiet_alarm(). */
void ticking_alarm(void);
void quiet_alarm(void);

/* Becomes this user and group for good, without supplementary groups. */
void become(uid_t uid, gid_t gid);

/* A line of a /proc file that begins with this prefix, what follows the prefix, or NULL. */
const char *proc_field(const char *path, const char *prefix);

/* Checks a thread call that returns its error. */
#define THREAD_OK(call) EQ(call, 0)

#endif

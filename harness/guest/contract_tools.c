/* What the contracts share: reporting, files, processes and signals. See contract.h. */
#include "contract.h"

/* One line, one write: lead and text behind "| ", what is not printable ASCII as \\xNN. */
static void print_line(const char *lead, const char *format, va_list arguments)
{
	char text[800], line[4 * sizeof(text) + 8];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "%s", lead);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	used = (size_t)snprintf(line, sizeof(line), "| ");
	for (const char *at = text; *at; at++)
		if (*at < ' ' || *at == 0x7f)
			used += (size_t)snprintf(line + used, 5, "\\x%02x", (unsigned char)*at);
		else
			line[used++] = *at;
	line[used++] = '\n';
	if (write(1, line, used) != (ssize_t)used)
		_exit(3);
}

void say(const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	print_line("", format, arguments);
	va_end(arguments);
	errno = saved;
}

void contract_fail(const char *file, int line, const char *format, ...)
{
	const char *slash = strrchr(file, '/');
	char lead[96];
	va_list arguments;

	snprintf(lead, sizeof(lead), "FAIL %s:%d: ", slash ? slash + 1 : file, line);
	va_start(arguments, format);
	print_line(lead, format, arguments);
	va_end(arguments);
	_exit(1);
}

void skip(const char *why)
{
	say("SKIP %s", why);
	_exit(STATUS_SKIP);
}

const char *error_name(int error)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
#define NAME(e) {e, #e}
	    {0, "no error"},    NAME(EPERM),      NAME(ENOENT),       NAME(ESRCH),
	    NAME(EINTR),        NAME(EIO),        NAME(ENXIO),        NAME(E2BIG),
	    NAME(ENOEXEC),      NAME(EBADF),      NAME(ECHILD),       NAME(EAGAIN),
	    NAME(ENOMEM),       NAME(EACCES),     NAME(EFAULT),       NAME(ENOTBLK),
	    NAME(EBUSY),        NAME(EEXIST),     NAME(EXDEV),        NAME(ENODEV),
	    NAME(ENOTDIR),      NAME(EISDIR),     NAME(EINVAL),       NAME(ENFILE),
	    NAME(EMFILE),       NAME(ENOTTY),     NAME(ETXTBSY),      NAME(EFBIG),
	    NAME(ENOSPC),       NAME(ESPIPE),     NAME(EROFS),        NAME(EMLINK),
	    NAME(EPIPE),        NAME(EDOM),       NAME(ERANGE),       NAME(EDEADLK),
	    NAME(ENAMETOOLONG), NAME(ENOLCK),     NAME(ENOSYS),       NAME(ENOTEMPTY),
	    NAME(ELOOP),        NAME(ENODATA),    NAME(EOVERFLOW),    NAME(EUCLEAN),
	    NAME(ENOTSOCK),     NAME(EOPNOTSUPP), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),
	    NAME(ENOTCONN),     NAME(ETIMEDOUT),  NAME(ECONNREFUSED), NAME(EALREADY),
	    NAME(EINPROGRESS),  NAME(ESTALE),     NAME(ECANCELED),    NAME(EOWNERDEAD),
	    NAME(EDQUOT),       NAME(EMSGSIZE),   NAME(ENOBUFS),      NAME(EISCONN),
	    NAME(EDESTADDRREQ), NAME(EPROTOTYPE), NAME(ENOPROTOOPT),  NAME(EPROTONOSUPPORT),
#undef NAME
	};
	static char unknown[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == error)
			return names[i].name;
	snprintf(unknown, sizeof(unknown), "errno %d", error);
	return unknown;
}

void put(const char *path, const char *text)
{
	int fd = OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	write_all(fd, text, strlen(text));
	OK(close(fd));
}

const char *get(const char *path)
{
	static char text[4096];
	int fd = OK(open(path, O_RDONLY));
	size_t used = 0;
	ssize_t got;

	while ((got = OK(read(fd, text + used, sizeof(text) - 1 - used))) > 0)
		used += (size_t)got;
	text[used] = 0;
	OK(close(fd));
	return text;
}

void read_all(int fd, void *buffer, size_t size)
{
	char *at = buffer;

	while (size) {
		ssize_t got = OK(read(fd, at, size));

		CHECK(got > 0);
		at += got;
		size -= (size_t)got;
	}
}

void write_all(int fd, const void *buffer, size_t size)
{
	const char *at = buffer;

	while (size) {
		ssize_t put_now = OK(write(fd, at, size));

		CHECK(put_now > 0);
		at += put_now;
		size -= (size_t)put_now;
	}
}

struct stat stat_of(const char *path)
{
	struct stat st;

	OK(stat(path, &st));
	return st;
}

struct stat lstat_of(const char *path)
{
	struct stat st;

	OK(lstat(path, &st));
	return st;
}

bool exists(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return true;
	CHECK(errno == ENOENT);
	return false;
}

static unsigned char pattern_at(uint64_t offset, uint32_t seed)
{
	uint64_t mix =
	    (offset / 8 + 1) * 0x9e3779b97f4a7c15u ^ (uint64_t)seed * 0xc2b2ae3d27d4eb4fu;

	mix ^= mix >> 29;
	return (unsigned char)(mix >> (8 * (offset % 8)));
}

void pattern_fill(void *buffer, size_t size, uint64_t offset, uint32_t seed)
{
	unsigned char *bytes = buffer;

	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern_at(offset + i, seed);
}

bool pattern_matches(const void *buffer, size_t size, uint64_t offset, uint32_t seed)
{
	const unsigned char *bytes = buffer;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != pattern_at(offset + i, seed))
			return false;
	return true;
}

void copy_self(const char *path, mode_t mode)
{
	static char buffer[65536];
	int in = OK(open("/proc/self/exe", O_RDONLY));
	int out = OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700));
	ssize_t got;

	while ((got = OK(read(in, buffer, sizeof(buffer)))) > 0)
		write_all(out, buffer, (size_t)got);
	OK(fchmod(out, mode));
	OK(close(out));
	OK(close(in));
}

void link_self(const char *path)
{
	char target[PATH_MAX];
	ssize_t length = OK(readlink("/proc/self/exe", target, sizeof(target) - 1));

	target[length] = 0;
	OK(symlink(target, path));
}

void *const bad_pointer = (void *)8;

char *pages(size_t count)
{
	return OK((char *)mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

struct fault fault;
static sigjmp_buf fault_return;

static void on_fault(int sign, siginfo_t *info, void *context)
{
	(void)context;
	fault = (struct fault){sign, info->si_code, info->si_addr};
	siglongjmp(fault_return, 1);
}

static int fault_touch(volatile char *address, int how)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct sigaction segv, bus;

	fault = (struct fault){0, 0, NULL};
	OK(sigaction(SIGSEGV, &action, &segv));
	OK(sigaction(SIGBUS, &action, &bus));
	if (sigsetjmp(fault_return, 1) == 0) {
		if (how == 0)
			(void)*address;
		else if (how == 1)
			*address = 'f';
		else
			((void (*)(void))(uintptr_t)address)();
	}
	OK(sigaction(SIGSEGV, &segv, NULL));
	OK(sigaction(SIGBUS, &bus, NULL));
	return fault.sign;
}

int fault_read(const volatile void *address)
{
	return fault_touch((volatile char *)(uintptr_t)address, 0);
}

int fault_write(volatile void *address)
{
	return fault_touch(address, 1);
}

int fault_call(void *address)
{
	return fault_touch(address, 2);
}

int reap(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	EQ(got, pid);
	return status;
}

void reap_exit_at(const char *file, int line, pid_t pid, int code)
{
	int status = reap(pid);

	if (WIFSIGNALED(status))
		contract_fail(file, line, "the child was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != code)
		contract_fail(file, line, "the child exited with %d, not %d", WEXITSTATUS(status),
			      code);
}

void reap_signal_at(const char *file, int line, pid_t pid, int sign)
{
	int status = reap(pid);

	if (!WIFSIGNALED(status))
		contract_fail(file, line, "the child exited with %d, not by signal %d",
			      WEXITSTATUS(status), sign);
	if (WTERMSIG(status) != sign)
		contract_fail(file, line, "the child was killed by signal %d, not %d",
			      WTERMSIG(status), sign);
}

void await_asleep(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (;;) {
		int fd = OK(open(path, O_RDONLY));
		ssize_t got = OK(read(fd, text, sizeof(text) - 1));
		char *paren;

		OK(close(fd));
		text[got] = 0;
		paren = strrchr(text, ')');
		CHECK(paren && paren[1] == ' ');
		if (paren[2] == 'S')
			return;
		CHECK(paren[2] != 'Z' && paren[2] != 'X');
		usleep(1000);
	}
}

void bell_make(struct bell *bell)
{
	OK(pipe2(bell->fd, O_CLOEXEC));
}

void bell_ring(struct bell *bell)
{
	EQ(write(bell->fd[1], "!", 1), 1);
}

void bell_await(struct bell *bell)
{
	char byte;
	ssize_t got;

	do
		got = read(bell->fd[0], &byte, 1);
	while (got < 0 && errno == EINTR);
	EQ(got, 1);
}

void handle(int sign, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	OK(sigaction(sign, &action, NULL));
}

void handle_info(int sign, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

	OK(sigaction(sign, &action, NULL));
}

void ticking_alarm(void)
{
	struct itimerval every = {{0, 20000}, {0, 20000}};

	OK(setitimer(ITIMER_REAL, &every, NULL));
}

void quiet_alarm(void)
{
	struct itimerval never = {{0, 0}, {0, 0}};

	OK(setitimer(ITIMER_REAL, &never, NULL));
}

void become(uid_t uid, gid_t gid)
{
	OK(syscall(SYS_setgroups, 0, NULL));
	OK(setresgid(gid, gid, gid));
	OK(setresuid(uid, uid, uid));
}

const char *proc_field(const char *path, const char *prefix)
{
	static char line[1024];
	FILE *file = fopen(path, "r");
	const char *found = NULL;

	CHECK(file);
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			found = line + strlen(prefix);
	}
	fclose(file);
	return found;
}

/*
 * The contracts' entry point.
 *
 *	contracts --list                  names and sentences, one per line, sorted by name
 *	contracts NAME                    runs one contract in the current directory
 *	contracts --all DIR [NAME…]       runs all (or these), each in its own new DIR/NAME
 *	contracts --timeout SECONDS …     instead of 60 seconds for each contract
 *	contracts --helper=NAME [ARG…]    what contracts execute
 *
 * `--all` prints for each contract
 *
 *	BEGIN name
 *	| whatever the contract says
 *	END name status=N
 *
 * and at the very end `DONE passed=P failed=F skipped=S`; it exits with 0 when none failed, else
 * 1. Everything that a contract prints is prefixed with "| ", a whole line per write, so that
 * foreign lines (the kernel's messages on the same console) can be told apart. N is the exit
 * status, 128 + the signal that killed the contract, or 124 when it ran out of time; 77 means
 * that this host cannot run it (see skip() in contract.h).
 */
#include "contract.h"

#include <ftw.h>

enum { status_timeout = 124, default_timeout = 60 };

extern const struct contract *const __start_contract_list[], *const __stop_contract_list[];
extern const struct helper *const __start_helper_list[], *const __stop_helper_list[];

static unsigned timeout_seconds = default_timeout;
static volatile pid_t running;
static volatile sig_atomic_t timed_out;

static int compare_names(const void *left, const void *right)
{
	const struct contract *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static const struct contract **sorted_contracts(size_t *count)
{
	size_t n = (size_t)(__stop_contract_list - __start_contract_list);
	const struct contract **list = malloc(n * sizeof(*list));

	if (!list)
		exit(2);
	memcpy(list, __start_contract_list, n * sizeof(*list));
	qsort(list, n, sizeof(*list), compare_names);
	*count = n;
	return list;
}

static const struct contract *find_contract(const char *name)
{
	for (const struct contract *const *c = __start_contract_list; c < __stop_contract_list; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static void watchdog(int sign)
{
	(void)sign;
	timed_out = 1;
	kill(-running, SIGKILL);
	kill(running, SIGKILL);
}

/* The contract has a session of its own, so whoever ends this program would leave it behind. */
static void end_both(int sign)
{
	if (running > 0) {
		kill(-running, SIGKILL);
		kill(running, SIGKILL);
	}
	_exit(128 + sign);
}

static void become_standard(void)
{
	static const struct rlimit no_core = {0, 0};
	sigset_t none;
	int null;

	setsid();
	for (int sign = 1; sign < NSIG; sign++)
		signal(sign, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	setrlimit(RLIMIT_CORE, &no_core);
	setpriority(PRIO_PROCESS, 0, 0);
	null = open("/dev/null", O_RDONLY);
	if (null >= 0) {
		dup2(null, 0);
		if (null > 0)
			close(null);
	}
	for (int fd = 3; fd < 256; fd++)
		close(fd);
}

/* Runs one contract in a child that leads its own session; returns the status for END. */
static int run_contract(const struct contract *contract, const char *directory)
{
	int status = 0;

	timed_out = 0;
	running = fork();
	if (running < 0) {
		say("FAIL fork of the contract itself: %s", error_name(errno));
		return 1;
	}
	if (running == 0) {
		if (directory && chdir(directory) != 0) {
			say("FAIL chdir: %s", error_name(errno));
			_exit(1);
		}
		become_standard();
		contract->run();
		_exit(0);
	}
	signal(SIGALRM, watchdog);
	signal(SIGTERM, end_both);
	signal(SIGINT, end_both);
	signal(SIGHUP, end_both);
	alarm(timeout_seconds);
	while (waitpid(running, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-running, SIGKILL);
	if (timed_out)
		return status_timeout;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	remove(path);
	return 0;
}

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void print(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (write(1, line, (size_t)length) != length)
		exit(2);
}

static int run_all(const char *directory, char **names)
{
	size_t count;
	const struct contract **list = sorted_contracts(&count);
	unsigned passed = 0, failed = 0, skipped = 0;

	for (size_t i = 0; names[0] ? names[i] != NULL : i < count; i++) {
		const struct contract *contract = names[0] ? find_contract(names[i]) : list[i];
		char path[PATH_MAX];
		int status;

		if (!contract) {
			print("no contract is called %s\n", names[i]);
			failed++;
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", directory, contract->name);
		print("BEGIN %s\n", contract->name);
		if (mkdir(path, 0755) != 0) {
			say("FAIL mkdir of the contract's directory: %s", error_name(errno));
			status = 1;
		} else {
			status = run_contract(contract, path);
			nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		}
		print("END %s status=%d\n", contract->name, status);
		if (status == 0)
			passed++;
		else if (status == STATUS_SKIP)
			skipped++;
		else
			failed++;
	}
	free(list);
	print("DONE passed=%u failed=%u skipped=%u\n", passed, failed, skipped);
	return failed ? 1 : 0;
}

static int list_contracts(void)
{
	size_t count;
	const struct contract **list = sorted_contracts(&count);

	for (size_t i = 0; i < count; i++)
		printf("%s\t%s\n", list[i]->name, list[i]->sentence);
	free(list);
	return 0;
}

static int run_helper(const char *name, int argc, char **argv)
{
	for (const struct helper *const *h = __start_helper_list; h < __stop_helper_list; h++)
		if (strcmp((*h)->name, name) == 0)
			return (*h)->run(argc, argv);
	say("no helper is called %s", name);
	return 2;
}

static int usage(void)
{
	fprintf(stderr, "usage: contracts [--timeout SECONDS] --list | NAME | --all DIR [NAME…]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct contract *contract;

	if (argc >= 2 && strncmp(argv[1], "--helper=", 9) == 0)
		return run_helper(argv[1] + 9, argc - 2, argv + 2);
	if (argc >= 3 && strcmp(argv[1], "--timeout") == 0) {
		timeout_seconds = (unsigned)atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list_contracts();
	if (argc >= 2 && (argv[1][0] != '-' || argc > 2) && geteuid() != 0) {
		fprintf(stderr, "contracts: must be run as root\n");
		return 2;
	}
	if (argc >= 3 && strcmp(argv[1], "--all") == 0)
		return run_all(argv[2], argv + 3);
	if (argc != 2 || argv[1][0] == '-')
		return usage();
	contract = find_contract(argv[1]);
	if (!contract) {
		fprintf(stderr, "contracts: no contract is called %s\n", argv[1]);
		return 2;
	}
	return run_contract(contract, NULL);
}

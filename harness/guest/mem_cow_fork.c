#include "contract.h"

CONTRACT(mem_cow_fork, "after fork each process has its own copy of private memory")
{
	enum { count = 64 };
	static char data[PAGE] = "data";
	char stack[256] = "stack", *heap = malloc(10000), *map = pages(count);
	struct bell go;
	pid_t pid;

	CHECK(heap);
	pattern_fill(map, count * PAGE, 0, 6);
	snprintf(heap, 10000, "heap");
	bell_make(&go);
	pid = OK(fork());
	if (pid == 0) {
		bell_await(&go);
		CHECK(pattern_matches(map, count * PAGE, 0, 6));
		SAME(data, "data");
		SAME(stack, "stack");
		SAME(heap, "heap");
		pattern_fill(map, count * PAGE, 0, 7);
		snprintf(data, 20, "child");
		snprintf(stack, 20, "child");
		snprintf(heap, 20, "child");
		CHECK(pattern_matches(map, count * PAGE, 0, 7));
		_exit(0);
	}
	for (int i = 0; i < count; i += 2)
		memset(map + i * PAGE, 'p', PAGE);
	snprintf(data, sizeof(data), "parent");
	snprintf(stack, sizeof(stack), "parent");
	snprintf(heap, 10000, "parent");
	bell_ring(&go);
	reap_exit(pid, 0);
	for (int i = 0; i < count; i += 2)
		for (int at = 0; at < PAGE; at += 100)
			EQ(map[i * PAGE + at], 'p');
	for (int i = 1; i < count; i += 2)
		CHECK(pattern_matches(map + i * PAGE, PAGE, (uint64_t)i * PAGE, 6));
	say("%s %s %s", data, stack, heap);
}

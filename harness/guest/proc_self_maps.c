#include "contract.h"

CONTRACT(proc_self_maps, "/proc/self/maps lists mappings in order with their rights and files")
{
	unsigned long start, end, offset, last = 0, inode;
	char line[PATH_MAX], rights[8], page_rights[8] = "", file_rights[8] = "", device[16],
					name[PATH_MAX];
	char *map, *shared, *file;
	int fd, found = 0, stack = 0;
	FILE *maps;

	put("file", "content");
	fd = OK(open("file", O_RDWR));
	map = pages(3);
	OK(mprotect(map + PAGE, PAGE, PROT_READ));
	shared = OK((char *)mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE));
	file = strrchr(realpath("file", NULL), '/');
	maps = fopen("/proc/self/maps", "r");
	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		name[0] = 0;
		CHECK(sscanf(line, "%lx-%lx %7s %lx %15s %lu %[^\n]", &start, &end, rights, &offset,
			     device, &inode, name) >= 6);
		CHECK(start < end && start >= last);
		CHECK(start % PAGE == 0 && end % PAGE == 0);
		last = end;
		if (start == (uintptr_t)map + PAGE) {
			EQ(end, start + PAGE);
			strcpy(page_rights, rights);
			found++;
		}
		if (start == (uintptr_t)shared) {
			EQ(end, start + 2 * PAGE);
			EQ(inode, stat_of("file").st_ino);
			SAME(strrchr(name, '/'), file);
			EQ(offset, PAGE);
			strcpy(file_rights, rights);
			found++;
		}
		if (strcmp(name, "[stack]") == 0) {
			CHECK((uintptr_t)&start >= start && (uintptr_t)&start < end);
			say("stack: %s", rights);
			stack++;
		}
	}
	fclose(maps);
	EQ(found, 2);
	say("read-only page: %s, file: %s", page_rights, file_rights);
	EQ(stack, 1);
}

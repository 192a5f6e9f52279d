#include "contract.h"

CONTRACT(fs_open_append, "O_APPEND writes from many processes never overlap")
{
	enum { writers = 4, records = 100 };
	int seen[writers] = {0}, fd;
	char record[32];
	pid_t pid[writers];

	for (int w = 0; w < writers; w++) {
		pid[w] = OK(fork());
		if (pid[w] == 0) {
			fd = OK(open("log", O_WRONLY | O_CREAT | O_APPEND, 0644));
			for (int i = 0; i < records; i++) {
				snprintf(record, sizeof(record), "%d:%08d:abcd\n", w, i);
				OK(lseek(fd, 0, SEEK_SET));
				EQ(write(fd, record, 16), 16);
			}
			_exit(0);
		}
	}
	for (int w = 0; w < writers; w++)
		reap_exit(pid[w], 0);
	EQ(stat_of("log").st_size, writers * records * 16);
	fd = OK(open("log", O_RDONLY));
	for (int i = 0; i < writers * records; i++) {
		int writer, number;

		read_all(fd, record, 16);
		EQ(sscanf(record, "%d:%d:abcd", &writer, &number), 2);
		CHECK(writer >= 0 && writer < writers);
		EQ(number, seen[writer]++);
	}
	say("%d records, in each writer's order", writers * records);
}

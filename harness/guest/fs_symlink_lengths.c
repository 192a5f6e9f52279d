#include "contract.h"

CONTRACT(fs_symlink_lengths, "symbolic links of every length come back whole")
{
	static const int lengths[] = {1, 2, 58, 59, 60, 61, 62, 63, 64, 127, 255, 256, 511, 900};
	char target[1024], back[1024], name[32];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (int at = 0; at < lengths[i]; at++)
			target[at] = at % 50 == 49 ? '/' : (char)('a' + (at + lengths[i]) % 26);
		target[lengths[i]] = 0;
		snprintf(name, sizeof(name), "link-%d", lengths[i]);
		OK(symlink(target, name));
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		snprintf(name, sizeof(name), "link-%d", lengths[i]);
		EQ(readlink(name, back, sizeof(back)), lengths[i]);
		EQ(lstat_of(name).st_size, lengths[i]);
		for (int at = 0; at < lengths[i]; at++)
			EQ(back[at], at % 50 == 49 ? '/' : 'a' + (at + lengths[i]) % 26);
		OK(unlink(name));
	}
	say("%zu lengths", sizeof(lengths) / sizeof(lengths[0]));
}

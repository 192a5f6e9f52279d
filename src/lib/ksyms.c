#include "lib/ksyms.h"

const char *ksyms_find(const struct ksym *table, u32 count, const char *names, u32 offset,
		       u32 *into)
{
	u32 low = 0,
	    high = count; /* the symbol sought is below high; all below low are at or before */

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		if (table[mid].offset <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return NULL;
	*into = offset - table[low - 1].offset;
	return names + table[low - 1].name;
}

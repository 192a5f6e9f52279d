#include "hw/vdso.h"
#include "hw/x86_64/cpu_int.h"

void vdso_init(void)
{
}

unsigned int vdso_page_count(void)
{
	return 0;
}

struct page *vdso_page(unsigned int index)
{
	return NULL;
}

unsigned long vdso_sigreturn_offset(void)
{
	return 0;
}

void vdso_realtime_set(s64 offset_ns)
{
}

void vdso_clock_set(const struct hw_clock *clock)
{
}

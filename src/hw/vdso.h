/*
 * The vDSO: code that the kernel lends to every process, so that reading a clock needs no system
 * call.
 *
 * It is a small shared object (symbols __vdso_clock_gettime, __vdso_gettimeofday, __vdso_time,
 * __vdso_getcpu,
 * __vdso_clock_getres, version LINUX_2.6) of VDSO_CODE pages, mapped read-execute, right behind one
 * page of data, mapped read-only: what it needs to turn the processor's counter into time. exec
 * maps the pages of vdso_page() in this order, anywhere, and passes the address of page 1 as
 * AT_SYSINFO_EHDR.
 */
#ifndef ARAMID_HW_VDSO_H
#define ARAMID_HW_VDSO_H

#include "lib/types.h"

struct hw_clock;
struct page;

/* 0 if this machine has none. Pages never go away; they hold a reference that nobody drops. */
unsigned int vdso_page_count(void);
struct page *vdso_page(unsigned int index);
/* Where a signal handler without restorer returns to: offset into the pages, 0 if there is none. */
unsigned long vdso_sigreturn_offset(void);

/* Wall clock minus monotonic clock, in nanoseconds; whenever it changes (sys/time). Any context. */
void vdso_realtime_set(s64 offset_ns);
/* How the counter scales to monotonic nanoseconds; whenever it changes (hw). */
void vdso_clock_set(const struct hw_clock *clock);

#endif

#include "hw/x86_64/clock_int.h"
#include "hw/acpi/acpi.h"
#include "hw/boot.h"
#include "hw/irq.h"
#include "hw/vdso.h"
#include "hw/x86_64/apic_int.h"
#include "hw/x86_64/cpu_int.h"
#include "hw/x86_64/early_int.h"
#include "lib/log.h"

/*
 * Time: the TSC, scaled to nanoseconds since the kernel's entry.
 *
 * Its rate comes from the hypervisor or the processor where they say it. Otherwise it is measured
 * against another counter, in two steps, so that booting does not wait for precision: a first value
 * from a fraction of a millisecond, good to about one in a thousand, and better ones later from the
 * timer interrupt, over half a second and over ten, when the rest of the measurement costs nothing.
 * A change of rate takes effect at an instant at which both rates give the same time, under a
 * sequence count, so time never goes back.
 *
 * The one-shot timer is the local APIC's, in TSC-deadline mode where there is one. Its counter has
 * 32 bits and the measured rates are not exact; so an interrupt before its time merely arms the
 * timer again.
 */

struct scale {
	u64 base_tsc, base_ns;
	u32 mult, shift;  /* ns = ticks * mult >> shift */
	u64 ticks_per_ns; /* 32.32 */
};

static struct scale scale;
static u32 scale_seq; /* odd while scale changes */
static u64 tsc_hz, timer_hz;
static u64 timer_ticks_per_ns; /* 32.32, the APIC timer's */

/* a * b / c, whose result must fit. */
static u64 mul_div(u64 a, u64 b, u64 c)
{
	u64 high;

	__asm__("mulq %2" : "+a"(a), "=d"(high) : "r"(b) : "cc");
	if (high >= c)
		return U64_MAX;
	__asm__("divq %2" : "+a"(a), "+d"(high) : "r"(c) : "cc");
	return a;
}

static u64 scaled(const struct scale *s, u64 tsc)
{
	/* The TSC of another CPU may be a little behind the base. */
	u64 ticks = tsc > s->base_tsc ? tsc - s->base_tsc : 0;

	return s->base_ns + (u64)((unsigned __int128)ticks * s->mult >> s->shift);
}

static u64 clock_read_ns(void)
{
	u32 seq;
	u64 ns;

	do {
		while ((seq = __atomic_load_n(&scale_seq, __ATOMIC_ACQUIRE)) & 1)
			cpu_relax();
		ns = scaled(&scale, tsc_read());
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&scale_seq, __ATOMIC_RELAXED) != seq);
	return ns;
}

static struct hw_clock hw_clock;

const struct hw_clock *hw_clock_get(void)
{
	return hw_clock.read_ns ? &hw_clock : NULL;
}

u64 hw_clock_khz(void)
{
	return tsc_hz / 1000;
}

/* From now on, tsc_hz is hz. The boot CPU only, interrupts off. */
static void rate_set(u64 hz)
{
	struct scale s = {.base_tsc = early.entry_tsc, .shift = 32};
	u64 mult;

	__atomic_store_n(&scale_seq, scale_seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (scale.mult) {
		s.base_tsc = tsc_read();
		s.base_ns = scaled(&scale, s.base_tsc);
	}
	/* The largest shift with which mult has 32 bits. */
	while ((mult = (u64)(((1000000000ull << s.shift) + hz / 2) / hz)) >> 32)
		s.shift--;
	s.mult = (u32)mult;
	s.ticks_per_ns = (hz << 24) / 1000000000ull << 8;
	scale = s;
	tsc_hz = hz;
	__atomic_store_n(&scale_seq, scale_seq + 1, __ATOMIC_RELEASE);
	hw_clock.base_tsc = s.base_tsc;
	hw_clock.base_ns = s.base_ns;
	hw_clock.mult = s.mult;
	hw_clock.shift = s.shift;
	vdso_clock_set(&hw_clock);
}

/* ---- counters to measure by ---- */

struct reference {
	const char *name;
	u32 (*read)(void); /* counts up */
	u32 mask;          /* before it wraps */
	u64 hz;
};

struct sample {
	u64 tsc;
	u32 count;
};

static u32 pm_timer_read(void)
{
	return inl((u16)acpi_power.timer_port);
}

/* Channel 0 of the interval timer, free-running; its interrupt is masked. It counts down. */
static u32 pit_read(void)
{
	u32 count;

	outb(0x43, 0x00); /* latch */
	count = inb(0x40);
	count |= (u32)inb(0x40) << 8;
	return 0xffff - count;
}

static u32 apic_counter_read(void)
{
	return ~apic_timer_now();
}

static const struct reference pm_timer = {"ACPI timer", pm_timer_read, 0xffffff, 3579545};
static const struct reference pit = {"interval timer", pit_read, 0xffff, 1193182};
/* QEMU's local APIC, emulated or KVM's, counts nanoseconds. */
static const struct reference apic_counter = {"APIC timer", apic_counter_read, 0xffffffff,
					      1000000000};

static bool counts(const struct reference *ref)
{
	u32 first = ref->read();

	for (unsigned int i = 0; i < 100; i++)
		if (ref->read() != first)
			return true;
	return false;
}

static const struct reference *reference_find(void)
{
	if (acpi_power.timer_port && counts(&pm_timer))
		return &pm_timer;
	outb(0x43, 0x34); /* channel 0, both bytes, rate generator */
	outb(0x40, 0);
	outb(0x40, 0);
	return counts(&pit) ? &pit : NULL;
}

/* Both counters at one moment: of a few tries the one that took the shortest. */
static struct sample sample_take(const struct reference *ref)
{
	struct sample best = {0};
	u64 shortest = U64_MAX;

	for (unsigned int i = 0; i < 4; i++) {
		u64 before = tsc_read();
		u32 count = ref->read();
		u64 after = tsc_read();

		if (after - before < shortest) {
			shortest = after - before;
			best.tsc = before + (after - before) / 2;
			best.count = count;
		}
	}
	return best;
}

/* Ticks of the TSC per second, over what passed since start; around: about how many, to unwrap the
 * count. */
static u64 rate_since(const struct reference *ref, const struct sample *start, u64 around)
{
	struct sample now = sample_take(ref);
	u64 ticks = now.tsc - start->tsc, period = (u64)ref->mask + 1;
	u64 counted = (now.count - start->count) & ref->mask;

	if (around) {
		u64 expected = mul_div(ticks, ref->hz, around);

		if (expected > counted)
			counted += (expected - counted + period / 2) / period * period;
	}
	return counted ? mul_div(ticks, ref->hz, counted) : 0;
}

static u64 measure(const struct reference *ref, u32 us)
{
	struct sample start = sample_take(ref);
	u32 wait = (u32)(ref->hz * us / 1000000);

	while (((ref->read() - start.count) & ref->mask) < wait)
		cpu_relax();
	return rate_since(ref, &start, 0);
}

/* ---- what we are told ---- */

/* KVM's clock (Documentation/virt/kvm/x86/msr.rst): it publishes how the TSC scales to nanoseconds.
 */
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define KVM_FEATURE_CLOCK   (1u << 3)

struct kvm_clock_page {
	u32 version, pad;
	u64 tsc, system_ns;
	u32 mult;
	s8 shift;
	u8 flags, pad2[2];
} __packed;

static u64 kvm_rate(void)
{
	static volatile struct kvm_clock_page page __aligned(64); /* KVM writes it */
	struct cpuid r = cpuid(0x40000000, 0);
	u64 hz;

	if (!cpu_features.hypervisor || r.b != 0x4b4d564b || r.c != 0x564b4d56 || r.d != 0x4d ||
	    !(cpuid(0x40000001, 0).a & KVM_FEATURE_CLOCK))
		return 0;
	msr_write(MSR_KVM_SYSTEM_TIME,
		  ((unsigned long)&page - kernel_base + boot_info.kernel_base) | 1);
	if (!page.mult)
		return 0;
	hz = (1000000000ull << 32) / page.mult;
	msr_write(MSR_KVM_SYSTEM_TIME, 0);
	return page.shift < 0 ? hz << -page.shift : hz >> page.shift;
}

static u64 cpuid_rate(void)
{
	struct cpuid r;

	if (cpu_features.hypervisor && cpuid(0x40000000, 0).a >= 0x40000010) {
		r = cpuid(0x40000010, 0);
		if (r.a)
			return r.a * 1000ull;
	}
	if (!cpu_features.hypervisor && cpuid(0, 0).a >= 0x15) {
		r = cpuid(0x15, 0);
		if (r.a && r.b && r.c)
			return (u64)r.c * r.b / r.a;
	}
	return 0;
}

/* ---- refinement ---- */

static struct {
	const struct reference *ref; /* NULL: nothing to refine */
	struct sample start;
	u64 at_ns; /* when to look again */
} refine;

#define REFINE_FIRST_NS 500000000ull
#define REFINE_LAST_NS  10000000000ull

static void refine_now(void)
{
	u64 hz = rate_since(refine.ref, &refine.start, tsc_hz);

	/* A virtual machine may have been stopped between two reads: a wild value is no better. */
	if (hz > tsc_hz - tsc_hz / 50 && hz < tsc_hz + tsc_hz / 50)
		rate_set(hz);
	if (refine.at_ns < REFINE_LAST_NS)
		refine.at_ns = REFINE_LAST_NS;
	else
		refine.ref = NULL;
}

static u64 fixed_ratio(u64 hz)
{
	return (hz << 24) / 1000000000ull << 8;
}

void clock_source_init(void)
{
	const char *how = "KVM";
	u64 hz = kvm_rate();

	hw_clock.name = hz ? "kvm-clock" : "tsc";
	if (!hz) {
		hz = cpuid_rate();
		how = "CPUID";
	}
	if (!hz) {
		const struct reference *ref;

		refine.ref = ref = reference_find();
		if (ref)
			refine.start = sample_take(ref);
		if (cpu_features.tcg || !ref) {
			apic_timer_set(0xffffffff);
			ref = &apic_counter;
		}
		hz = measure(ref, ref == &apic_counter ? 200 : 1000);
		how = ref->name;
		refine.at_ns = REFINE_FIRST_NS;
	}
	if (!hz) {
		log_err("clock: nothing to measure the TSC by: assuming 1 GHz");
		hz = 1000000000;
	}
	rate_set(hz);
	hw_clock.read_ns = clock_read_ns;
	boot_info.entry_ns = 0;
	timer_hz = 1000000000;
	if (!cpu_features.tsc_deadline && !cpu_features.hypervisor) {
		/* A real one: counted for a millisecond. */
		u64 start = clock_read_ns();

		apic_timer_set(0xffffffff);
		while (clock_read_ns() - start < 1000000)
			cpu_relax();
		timer_hz = (u64)apic_counter_read() * 1000;
	}
	apic_timer_set(0);
	timer_ticks_per_ns = fixed_ratio(timer_hz);
	log_info("clock: %s at %llu.%03llu MHz by %s, timer %s", hw_clock.name, hz / 1000000,
		 hz / 1000 % 1000, how, cpu_features.tsc_deadline ? "TSC deadline" : "APIC");
}

/* ---- the timer ---- */

#define TIMER_LIMIT_NS 2000000000ull

static void timer_set(struct cpu *cpu)
{
	u64 now, delta;

	/* Disarmed: an interrupt that is still to come finds nothing to do. */
	if (cpu->timer_deadline == (u64)-1)
		return;
	now = clock_read_ns();
	delta = cpu->timer_deadline > now ? cpu->timer_deadline - now : 0;
	delta = clamp(delta, 500ull, TIMER_LIMIT_NS);
	if (cpu_features.tsc_deadline) {
		memory_barrier();
		msr_write(MSR_TSC_DEADLINE,
			  tsc_read() + (u64)((unsigned __int128)delta * scale.ticks_per_ns >> 32));
	} else {
		u64 ticks = (u64)((unsigned __int128)delta * timer_ticks_per_ns >> 32) + 1;

		apic_timer_set((u32)min(ticks, 0xffffffffull));
	}
}

void hw_timer_arm(u64 deadline_ns)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = cpu_self();

	cpu->timer_deadline = deadline_ns;
	timer_set(cpu);
	irq_restore(flags);
}

void clock_timer_interrupt(void)
{
	struct cpu *cpu = cpu_self();
	u64 now = clock_read_ns();

	if (cpu->id == 0 && refine.ref && now >= refine.at_ns)
		refine_now();
	if (cpu->timer_deadline == (u64)-1)
		return;
	if (cpu->timer_deadline > now) {
		timer_set(cpu);
		return;
	}
	cpu->timer_deadline = (u64)-1;
	timer_expired();
}

void clock_delay_us(unsigned int us)
{
	u64 until = clock_read_ns() + us * 1000ull;

	while (clock_read_ns() < until)
		cpu_relax();
}

/* ---- wall clock ---- */

static u8 cmos_read(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static unsigned int bcd(u8 value, bool is_bcd)
{
	return is_bcd ? (value >> 4) * 10u + (value & 15) : value;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static s64 days_from_date(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365ll * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

s64 hw_wallclock_read(u64 *at_ns)
{
	u8 regs[6], again[6], status_b;
	static const u8 numbers[6] = {0, 2, 4, 7, 8, 9};
	bool is_bcd, equal;
	unsigned int hour, year;

	*at_ns = clock_read_ns();
	/* No such chip, or one that never finishes its update. */
	if (cmos_read(10) == 0xff)
		return 0;
	for (unsigned int tries = 0; tries < 100000 && cmos_read(10) & 0x80; tries++)
		cpu_relax();
	for (unsigned int tries = 0; tries < 10; tries++) {
		equal = true;
		for (unsigned int i = 0; i < 6; i++)
			regs[i] = cmos_read(numbers[i]);
		for (unsigned int i = 0; i < 6; i++)
			equal &= (again[i] = cmos_read(numbers[i])) == regs[i];
		if (equal)
			break;
	}
	*at_ns = clock_read_ns();
	status_b = cmos_read(11);
	is_bcd = !(status_b & 4);
	hour = bcd(regs[2] & 0x7f, is_bcd);
	if (!(status_b & 2))
		hour = hour % 12 + (regs[2] & 0x80 ? 12 : 0);
	year = bcd(regs[5], is_bcd) + 2000;
	if (regs[3] == 0 || bcd(regs[4], is_bcd) - 1 > 11)
		return 0;
	return days_from_date((int)year, (int)bcd(regs[4], is_bcd), (int)bcd(regs[3], is_bcd)) *
		   86400 +
	       hour * 3600 + bcd(regs[1], is_bcd) * 60 + bcd(regs[0], is_bcd);
}

size_t hw_entropy(void *buf, size_t n)
{
	size_t done = 0;

	while (cpu_features.rdrand && done < n) {
		unsigned long value;
		size_t part = min(n - done, sizeof(value));
		bool ok = false;

		for (unsigned int i = 0; i < 10 && !ok; i++)
			__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
		if (!ok)
			break;
		__builtin_memcpy((char *)buf + done, &value, part);
		done += part;
	}
	return done;
}

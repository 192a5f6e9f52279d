/*
 * Out of memory: one process is killed, so that the others live. The victim is the one whose end
 * frees most, as oom_score_adj weighs it.
 */
#include "lib/log.h"
#include "mm/mm.h"
#include "sys/process_int.h"
#include "sys/sched_int.h"

/* Badness in pages; 0: never. */
static size_t oom_score(struct process *process, size_t total)
{
	const struct mm *mm;
	s64 score;

	if (process->init || process->zombie || process->oom_score_adj <= -1000)
		return 0;
	mm = process->leader->mm;
	if (!mm)
		return 0;
	/* A glance without mm's locks, whose holders may be waiting for memory. */
	score = READ_ONCE(mm->rss_anon) + READ_ONCE(mm->rss_file) + (s64)READ_ONCE(mm->mmu.tables) +
		(s64)process->oom_score_adj * (s64)(total / 1000);
	return score > 0 ? (size_t)score : 1;
}

/*
 * A process on its way out will free its memory: it is waited for rather than joined by a second
 * one. process_lock keeps leaders from being freed, and thread->lock their address spaces.
 */
static struct process *choose(size_t total, size_t *best, bool *dying)
{
	struct process *process, *victim = NULL;

	list_for_each_entry(process, &process_list, all_node) {
		size_t score;

		spin_lock(&process->leader->lock);
		score = oom_score(process, total);
		spin_unlock(&process->leader->lock);
		if (!score)
			continue;
		if (process->exiting) {
			*dying = true;
			continue;
		}
		if (score > *best) {
			*best = score;
			victim = process;
		}
	}
	return victim;
}

bool oom_kill(size_t pages_needed)
{
	struct mm_stats stats;
	struct process *victim;
	irqflags_t flags;
	size_t best = 0;
	bool dying = false;
	int pid = 0;
	char name[THREAD_NAME_SIZE] = "";

	mm_stats_get(&stats);
	flags = irqlock_lock(&process_lock);
	victim = choose(stats.total, &best, &dying);
	if (!dying && victim) {
		pid = victim->pid;
		for (unsigned int i = 0; i < sizeof(name); i++)
			name[i] = victim->leader->name[i];
		name[sizeof(name) - 1] = 0;
		signal_kill_process(victim);
	}
	irqlock_unlock(&process_lock, flags);
	if (pid)
		log_err("out of memory: %zu pages wanted, %zu of %zu free: killed %s[%d], which "
			"uses %zu KiB",
			pages_needed, stats.free, stats.total, name, pid,
			best * (PAGE_SIZE / 1024));
	return dying || victim;
}

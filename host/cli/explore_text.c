/*
 * explore_text.c - what the user sees of a search: a line that moves on a terminal, and the sentences at its end.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "abi/inject.h"
#include "host/cli/explore.h"
#include "host/explore/strategy.h"
#include "host/explore/variety.h"
#include "host/search/learn.h"

#define WIDTH 79

static bool shown; /* there is a progress line */

void
search_progress_end(void)
{
    if (shown) {
        fprintf(stderr, "\r%*s\r", WIDTH, "");
        shown = false;
    }
}

/* 812, 81.2k, 8.1M */
static const char *
short_number(double number, char *out, size_t size)
{
    if (number < 100000) {
        snprintf(out, size, "%.0f", number);
    } else if (number < 1e6) {
        snprintf(out, size, "%.0fk", number / 1e3);
    } else if (number < 1e9) {
        snprintf(out, size, "%.1fM", number / 1e6);
    } else {
        snprintf(out, size, "%.1fG", number / 1e9);
    }
    return out;
}

void
search_progress(void *context, const struct pool_progress *progress)
{
    static double last_seconds, last_runs, speed;
    char line[200], runs[32], rate[32], traces[32], estimate[64] = "", number[32];
    const struct search *search = context;
    double passed = progress->seconds - last_seconds;

    if (passed < 0) { /* another search */
        last_seconds = last_runs = speed = 0;
        passed = progress->seconds;
    }
    if (passed > 0 && (double)progress->runs >= last_runs) {
        double current = ((double)progress->runs - last_runs) / passed;

        speed = speed == 0 ? current : 0.8 * speed + 0.2 * current;
    }
    last_seconds = progress->seconds;
    last_runs = (double)progress->runs;
    if (progress->estimate > (double)progress->traces) {
        snprintf(estimate, sizeof(estimate), " of about %s",
                 short_number(progress->estimate, number, sizeof(number)));
    }
    snprintf(line, sizeof(line), "%s: %.0f s, %s runs, %s/s, %s traces%s, %zu finding%s",
             search->plan.strategy, progress->seconds,
             short_number((double)progress->runs, runs, sizeof(runs)),
             short_number(speed, rate, sizeof(rate)),
             short_number((double)progress->traces, traces, sizeof(traces)), estimate,
             progress->findings, progress->findings == 1 ? "" : "s");
    fprintf(stderr, "\r%-*.*s", WIDTH, WIDTH, line);
    fflush(stderr);
    shown = true;
}

const char *
outcome_name(enum search_outcome outcome)
{
    static const char *const names[] = {"stopped", "exhausted", "bounded", "budget"};

    return (unsigned)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "?";
}

/* Are there fewer than each of the kinds once? */
static bool
limits_injections(const struct search *search)
{
    uint32_t inject = search->request.boot.inject, limit = ABI_INJECT_LIMIT(inject);

    return limit != 0 && limit < (uint32_t)__builtin_popcount(
                                     inject & (ABI_INJECT_EVENTS & ~(uint32_t)ABI_INJECT_TIMEOUT));
}

/* host/explore/inside.h, X12 */
static bool
leaves_processes_open(const struct search *search)
{
    const struct strategy *strategy = strategy_find(search->plan.strategy);

    return search->request.boot.clients > 1 && strategy != NULL &&
           strategy->kind == STRATEGY_SAMPLED;
}

static bool
lacks_processors(const struct search *search)
{
    return !search->plan.few &&
           search->outcome.tally.running + 1 >= search->request.boot.cpus; /* one may be idle */
}

bool
search_is_crowded(const struct search *search)
{
    return lacks_processors(search) ||
           (search->outcome.tally.withheld & ABI_WITHHELD_PROCESSOR) != 0;
}

/* docs/explore.md: what else comes before a crash than steps is not known, unless accesses to memory are steps. */
static bool
crashes_by_memory(const struct search *search)
{
    const struct tally *tally = &search->outcome.tally;

    for (size_t i = 0; i < tally->findings; i++) {
        if (tally->finding[i].finding.stop.verdict == ABI_BUGCHECK) {
            return search->options->granularity != RUN_MEMORY;
        }
    }
    return false;
}

const char *
search_assumption(const struct search *search, size_t i)
{
    static const char *const granularity[] = {
        "api granularity", "atomics granularity",
        "memory granularity, sequentially consistent; what push, pop, call and jmp touch, what gs "
        "and fs "
        "lead to, and what the system's own code touches is no step"};
    static const struct {
        uint32_t event;
        const char *with, *without;
    } events[] = {
        {ABI_INJECT_NOMEM, "one failed allocation at most", "no failed allocations"},
        {ABI_INJECT_SUSPEND, "one suspension inside a driver at most", "no suspensions"},
        {ABI_INJECT_TERMINATE, "one termination at most", "no terminations"},
        {ABI_INJECT_CANCEL, "one cancellation at most", "no cancellations"},
        {ABI_INJECT_UNLOAD, "one early unload at most", "no early unload"},
    };
    const char *items[] = {"one processor per thread", granularity[search->options->granularity],
                           "time-outs may come at any time",
                           "clients from their first instruction on"};
    const size_t count =
                     sizeof(items) / sizeof(items[0]) - (search->request.boot.clients == 0 ? 1 : 0),
                 kinds = sizeof(events) / sizeof(events[0]);
    const struct run_learned *learned = search->learned;
    static char text[256];

    if (i == 0 && search->plan.few) {
        snprintf(text, sizeof(text),
                 "%u processor%s and strict priorities: other schedules need more processors",
                 search->request.boot.cpus, search->request.boot.cpus == 1 ? "" : "s");
        return text;
    }
    if (i == 0 && lacks_processors(search)) {
        snprintf(text, sizeof(text),
                 "%u processors, which were not enough for all threads: other schedules need more",
                 search->request.boot.cpus);
        return text;
    }
    if (i == 0 && search_is_crowded(search)) {
        return "one processor per thread, but threads whose affinity asks for the same one share "
               "it: one waits there until the other one waits or ends";
    }
    if (i < count) {
        return items[i];
    }
    i -= count;
    if (i < kinds && events[i].event == ABI_INJECT_CANCEL &&
        (search->request.boot.inject & ABI_INJECT_CANCEL) != 0 &&
        search->options->granularity != RUN_MEMORY) {
        return "one cancellation at most, and a look at Irp->Cancel is no step of its own";
    }
    if (i < kinds) {
        return search->request.boot.inject & events[i].event ? events[i].with : events[i].without;
    }
    i -= kinds;
    if (limits_injections(search)) {
        if (i == 0) {
            snprintf(text, sizeof(text), "%u injected event%s in a run at most",
                     ABI_INJECT_LIMIT(search->request.boot.inject),
                     ABI_INJECT_LIMIT(search->request.boot.inject) == 1 ? "" : "s");
            return text;
        }
        i--;
    }
    if (leaves_processes_open(search)) {
        if (i == 0) {
            return "without protection keys processes are closed to each other in one run of 64, "
                   "of "
                   "512 behind the first 4,096, and where something is found";
        }
        i--;
    }
    if (search->outcome.tally.dirty != 0) {
        if (i == 0) {
            return search->request.boot.inject & ABI_INJECT_WRITEBACK
                       ? "changed data of files is written back once at any time, and else when "
                         "nothing else can be done"
                       : "changed data of files is written back only when nothing else can be done";
        }
        i--;
    }
    if ((search->outcome.tally.withheld & ABI_WITHHELD_TIME) != 0) {
        if (i == 0) {
            return "of a timer that goes on by itself (it has a period, or its DPC sets it anew) "
                   "the first two expiries come at any time, of a loop that waits with a time-out "
                   "and changes something in each round two in the same state or eight, the "
                   "others only when nothing else can be done";
        }
        i--;
    }
    if (search->outcome.tally.beyond != 0) {
        if (i == 0) {
            snprintf(
                text, sizeof(text),
                "of a run with more than %u choices only these are: what follows came by turns",
                MAX_STEPS);
            return text;
        }
        i--;
    }
    if ((search->outcome.tally.slept & SLEPT_GAVE_UP) != 0) {
        if (i == 0) {
            return "of a loop that sleeps between its looks and gives up not each look is a step: "
                   "what others do comes before one of the first three, or behind the last";
        }
        i--;
    }
    if ((search->outcome.tally.slept & SLEPT_DIFFERENT) != 0) {
        if (i == 0) {
            return "a loop that sleeps was taken for one without an end after 16384 rounds, though "
                   "its own state was not the same in each";
        }
        i--;
    }
    if (crashes_by_memory(search)) {
        if (i == 0) {
            return "of the orders of accesses to memory that lead to the crash or past it not all "
                   "are tried";
        }
        i--;
    }
    if (search->outcome.tally.many) {
        if (i == 0) {
            snprintf(text, sizeof(text),
                     "of crashes that other shards may come to too only the first %u are listed",
                     SEARCH_LOOSE);
            return text;
        }
        i--;
    }
    if (learned != NULL && learned->instrumented) {
        if (i == 0) {
            return "in instrumented code a read in front of a write to the same place is a step "
                   "only with -mllvm -tsan-instrument-read-before-write";
        }
        i--;
    }
    if (learned != NULL && learned->cut) {
        if (i == 0) {
            snprintf(text, sizeof(text),
                     "of an access to more than %u shared places at once only those are seen",
                     OPERATION_TOUCHES);
            return text;
        }
        i--;
    }
    if (learn_was_full()) {
        if (i == 0) {
            snprintf(
                text, sizeof(text),
                "more than %u shared places or %u loops that poll: not all of them are schedule "
                "points",
                RUN_MAX_SHARED, RUN_MAX_SPINS);
            return text;
        }
        i--;
    }
    if (learned == NULL || learned->missed == 0 || i > learned->missed || i > RUN_MAX_MISSED) {
        return NULL;
    }
    if (i == 0) {
        snprintf(text, sizeof(text), "%u of %u accesses could not be made schedule points",
                 learned->missed, learned->points);
    } else {
        snprintf(text, sizeof(text), "not at %.120s", learned->missed_at[i - 1]);
    }
    return text;
}

static void
say_assumptions(const struct search *search)
{
    const char *item;

    for (size_t i = 0; (item = search_assumption(search, i)) != NULL; i++) {
        fprintf(stderr, "%s%s", i == 0 ? " (" : ", ", item);
    }
    fprintf(stderr, ")\n");
}

/* A bug of depth d, of n agents and k steps, is missed by one run of PCT with at most 1 - 1/(n k^(d-1)). */
static void
say_confidence(const struct search *search, uint64_t runs)
{
    const struct tally *tally = &search->outcome.tally;
    double n = (double)tally->agents, k = (double)tally->longest, chance;
    uint32_t depth = search->plan.depth != 0 ? search->plan.depth : 3;

    if (search->portfolio != 0) { /* every eighth run of it is PCT of depth 3 */
        runs = search->portfolio / 8;
        depth = 3;
    } else if (strcmp(search->plan.strategy, "pct") != 0) {
        return;
    }
    if (n < 1 || k < 1) {
        return;
    }
    chance = 1 / (n * pow(k, depth - 1));
    fprintf(stderr,
            "ntlab: a bug of depth %u would have been found with a probability of at least %.3g "
            "(PCT: %.0f threads, %.0f choices)\n",
            depth, -expm1((double)runs * log1p(-chance)), n, k);
}

static void
say_bound(const struct search *search, const char *what)
{
    uint32_t bound = search->outcome.tally.bound - 1;

    if (strcmp(search->plan.strategy, "delay") == 0) {
        fprintf(stderr, "ntlab: bounded: %s with up to %u delays", what, bound);
    } else {
        uint32_t limit = ABI_INJECT_LIMIT(search->request.boot.inject);

        fprintf(stderr, "ntlab: bounded: %s with up to %u preemptions and %u injections", what,
                bound, limits_injections(search) && limit < bound ? limit : bound);
    }
}

/* Of a search that samples: what is there that it has not met? */
static void
say_variety(const struct tally *tally)
{
    double chance = variety_chance(tally->trace, tally->kept);

    if (tally->looked != 0) {
        fprintf(
            stderr,
            "ntlab: %lu of the runs were looked at: one more shows a new trace with a chance of "
            "%s%.2g %%\n",
            tally->looked, chance == 0 ? "less than " : "about ",
            100 * (chance == 0 ? 1 / (double)tally->looked : chance));
    }
}

void
search_say(const struct search *search)
{
    const struct pool_outcome *outcome = &search->outcome;
    const struct tally *tally = &outcome->tally;
    const char *what = tally->bad == 0 ? "no finding" : "findings"; /* races are warnings */

    search_progress_end();
    switch (outcome->outcome) {
    case SEARCH_EXHAUSTED:
        fprintf(stderr, "ntlab: exhausted: %s in all %lu traces", what, tally->traces);
        if (search->pool.shards > 1) {
            fprintf(stderr, " of shard %u/%u", search->pool.shard + 1, search->pool.shards);
        }
        say_assumptions(search);
        break;
    case SEARCH_BOUNDED:
        say_bound(search, what);
        fprintf(stderr, "%s in %lu traces",
                tally->whole && (search->plan.few || search_is_crowded(search))
                    ? ", more are not possible,"
                    : "",
                tally->traces);
        say_assumptions(search);
        say_confidence(search, tally->runs);
        break;
    case SEARCH_STOPPED:
        fprintf(stderr, "ntlab: stopped at the first finding, after %lu runs\n", tally->runs);
        break;
    default:
        fprintf(stderr, "ntlab: budget spent: %s in %lu runs (%s)\n", what, tally->runs,
                search->plan.strategy);
        if (tally->beyond != 0) {
            fprintf(stderr,
                    "ntlab: nothing is exhausted: a run has more than %u choices, and what could "
                    "come behind these is more than was tried\n",
                    MAX_STEPS);
        }
        say_confidence(search, tally->runs);
        if (tally->bound != 0) {
            say_bound(search, tally->bad == 0 ? "no finding" : "complete");
            fprintf(stderr, "\n");
        }
    }
    fprintf(
        stderr, "ntlab: %lu runs in %.1f s (%.0f runs/s), %s%lu traces, %lu bad, %lu cut short%s\n",
        tally->runs, outcome->seconds,
        outcome->seconds > 0 ? (double)tally->runs / outcome->seconds : 0,
        tally->looked != 0 ? "at least " : "", tally->traces, tally->bad, tally->blocked,
        tally->agents < MAX_AGENTS || strategy_find(search->plan.strategy)->kind != STRATEGY_SAMPLED
            ? " as repetitions"
            : ": more threads, DPCs and timers took part than can be told apart");
    say_variety(tally);
    if (outcome->lost != 0) {
        fprintf(stderr, "ntlab: %u workers were lost; their work was done again\n", outcome->lost);
    }
    if (outcome->died != 0) {
        fprintf(stderr,
                "ntlab: at %u schedule%s the worker itself comes to its end: only those runs are "
                "cut there\n",
                outcome->died, outcome->died == 1 ? "" : "s");
    }
}

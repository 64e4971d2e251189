/*
 * learn.c - a search whose schedule points are not all known when it begins.
 *
 * Which accesses to memory can race shows only when code runs (host/explore/memory.c). So first some
 * random schedules are run, by one worker, until a round of them shows nothing new. Then the search
 * itself:
 *     a sampling one takes what was learnt and learns no more: its runs are the same for any number
 *     of workers. It begins anew only with a run that stands still in a loop of which nothing is seen (promote.c, P4): any number of workers meets it
 *     an exhaustive one goes on learning, and begins anew with what any worker has learnt. What it
 *     says in the end is of runs that had every point from their start
 */
#include "host/search/learn.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "host/explore/strategy.h"

#define ROUNDS     16
#define ROUND_RUNS 64
#define CALL_RUNS  16  /* where only calls are points: one round */
#define FEW_RUNS   256 /* a budget for which it is not worth while to learn which calls are points */

static struct run_shared known[RUN_MAX_SHARED];
static size_t known_count;
static struct run_spin spins[RUN_MAX_SPINS];
static size_t spin_count;

/* What was in force when the findings of one search were found. */
static struct points {
    struct run_shared *shared;
    size_t shared_count;
    struct run_spin *spins;
    size_t spin_count;
    bool skips_private, polls;
} *points;
static uint32_t points_count;
static bool full; /* there was more to learn than has room */

/* By key, then by what was read. */
static void
merge_spin(const struct run_spin *spin)
{
    size_t at = 0;
    int order = 1;

    while (at < spin_count &&
           (order = spins[at].key < spin->key    ? -1
                    : spins[at].key != spin->key ? 1
                                                 : memcmp(&spins[at], spin, sizeof(*spin))) < 0) {
        at++;
    }
    if (at < spin_count && order == 0) {
        return;
    }
    if (spin_count == RUN_MAX_SPINS) {
        full = true;
        return;
    }
    memmove(spins + at + 1, spins + at, (spin_count - at) * sizeof(*spins));
    spins[at] = *spin;
    spins[at].reads = spin->reads < RUN_SPIN_READS ? spin->reads : RUN_SPIN_READS;
    spin_count++;
}

/* Sorted by address, so that the order of learning does not matter. */
static void
merge(const struct run_learned *learned)
{
    uint32_t count =
        learned->shared_count < RUN_MAX_SHARED ? learned->shared_count : RUN_MAX_SHARED;

    for (uint32_t i = 0; i < learned->spin_count && i < RUN_MAX_SPINS; i++) {
        merge_spin(&learned->spin[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct run_shared word = learned->shared[i];
        size_t at = 0;

        while (at < known_count && known[at].word < word.word) {
            at++;
        }
        if (at < known_count && known[at].word == word.word) {
            known[at].bytes |= word.bytes;
        } else if (known_count < RUN_MAX_SHARED) {
            memmove(known + at + 1, known + at, (known_count - at) * sizeof(*known));
            known[at] = word;
            known_count++;
        } else {
            full = true;
        }
    }
}

bool
learn_was_full(void)
{
    return full;
}

static void
forget(struct run_learned *learned, bool freely)
{
    learned->freely = freely;
    learned->grown = learned->polls = 0;
    learned->shared_count = learned->spin_count = 0;
    if (freely) {
        learned->points = learned->missed = 0;
    }
}

static void
take(struct run_request *request, const struct run_learned *learned)
{
    merge(learned);
    request->shared_count = known_count;
    request->spin_count = spin_count;
    request->polls |= learned->polls != 0;
}

/* *lost: workers that had to be replaced. */
static int
learn_first(struct run_request *request, const struct pool_plan *plan, struct pool_outcome *out,
            struct run_learned *learned, uint32_t *lost)
{
    struct run_search search = {.strategy = "random",
                                .runs = request->granularity == RUN_API ? CALL_RUNS : ROUND_RUNS};
    struct pool_plan rounds = {
        .search = &search, .jobs = 1, .shards = 1, .abandon = &learned->polls};
    int error = 0;

    /* Of a budget in time at most a part; one in runs says what comes of it, so there time may not matter. */
    search.seconds = plan->search->runs == 0 ? plan->search->seconds / 8 : 0;
    for (uint32_t round = 0; round < ROUNDS && error == 0; round++) {
        forget(learned, true);
        search.seed = round;
        error = pool_search(request, &rounds, out);
        if (error == 0) {
            tally_free(&out->tally);
            *lost += out->lost;
        }
        take(request, learned);
        if (!learned->grown || (request->granularity == RUN_API && !request->polls)) {
            break;
        }
    }
    return error;
}

/*
 * Where that is allowed for: among calls only, or where nothing is claimed; not where points are counted (a bound of preemptions) or matter
 * by themselves (fewer processors than threads), and not where each shard would learn something else.
 */
static bool
skips_private(const struct run_request *request, const struct pool_plan *plan)
{
    const struct strategy *strategy = strategy_find(plan->search->strategy);

    return (request->granularity == RUN_API || strategy->exhausted == SEARCH_BUDGET) &&
           !plan->search->few && strategy->exhausted != SEARCH_BOUNDED &&
           (plan->search->runs == 0 || plan->search->runs >= FEW_RUNS) &&
           (plan->shards < 2 || strategy->exhausted == SEARCH_BUDGET);
}

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void
learn_use(struct run_request *request, uint32_t number)
{
    const struct points *use = &points[number];

    request->shared = use->shared;
    request->shared_count = use->shared_count;
    request->spins = use->spins;
    request->spin_count = use->spin_count;
    request->skips_private = use->skips_private;
    request->polls = use->polls;
}

static void *
copy_of(const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    return copy != NULL ? memcpy(copy, data, size) : NULL;
}

static int
keep_points(const struct run_request *request, struct pool_outcome *out)
{
    struct points *grown = realloc(points, (points_count + 1) * sizeof(*points));

    if (grown == NULL) {
        return -ENOMEM;
    }
    points = grown;
    points[points_count] =
        (struct points){.shared = copy_of(known, request->shared_count * sizeof(known[0])),
                        .shared_count = request->shared_count,
                        .spins = copy_of(spins, request->spin_count * sizeof(spins[0])),
                        .spin_count = request->spin_count,
                        .skips_private = request->skips_private,
                        .polls = request->polls};
    if (points[points_count].shared == NULL || points[points_count].spins == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < out->tally.findings; i++) {
        out->tally.finding[i].finding.points = points_count;
    }
    points_count++;
    return 0;
}

int
learn_search(struct run_request *request, const struct pool_plan *plan, struct pool_outcome *out,
             struct run_learned **learned)
{
    struct run_search search = *plan->search;
    struct pool_plan again = *plan;
    bool samples = strategy_find(search.strategy)->exhausted == SEARCH_BUDGET;
    double started = now();
    uint32_t lost = 0;
    int error;

    *learned =
        mmap(NULL, sizeof(**learned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (*learned == MAP_FAILED) {
        *learned = NULL;
        snprintf(out->message, sizeof(out->message), "out of memory");
        return -ENOMEM;
    }
    request->spins = spins;
    request->spin_count = 0;
    request->shared = known;
    request->shared_count = 0;
    request->learned = *learned;
    request->polled = &(*learned)->polls;
    request->skips_private = skips_private(request, plan);
    if (request->granularity != RUN_API || request->skips_private) {
        error = learn_first(request, plan, out, *learned, &lost);
        if (error != 0) {
            return error;
        }
    }
    again.search = &search;
    again.abandon = samples ? &(*learned)->polls : &(*learned)->grown;
    for (;;) {
        forget(*learned, false);
        request->learned = samples ? NULL : *learned;
        error = pool_search(request, &again, out);
        lost = out->lost += lost;
        full |=
            (*learned)->shared_count >= RUN_MAX_SHARED || (*learned)->spin_count >= RUN_MAX_SPINS;
        if (error != 0 || *again.abandon == 0) {
            break;
        }
        tally_free(&out->tally);
        take(request, *learned);
        if (samples) {
            request->learned = *learned;
            error = learn_first(request, plan, out, *learned, &lost);
            if (error != 0) {
                break;
            }
        }
        if (search.seconds != 0) {
            search.seconds = plan->search->seconds - (now() - started);
            search.seconds = search.seconds > 0.01 ? search.seconds : 0.01;
        }
    }
    request->learned = NULL;
    request->polled = NULL;
    return error != 0 ? error : keep_points(request, out);
}

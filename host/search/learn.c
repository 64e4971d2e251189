/*
 * learn.c - a search whose schedule points are not all known when it begins.
 *
 * Which accesses to memory can race shows only when code runs (host/explore/memory.c). So first some
 * random schedules are run, by one worker, until a round of them shows nothing new. Then the search
 * itself:
 *     a sampling one takes what was learnt and learns no more: its runs are the same for any number
 *     of workers
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

static struct run_shared known[RUN_MAX_SHARED];
static size_t known_count;
static struct run_spin spins[RUN_MAX_SPINS];
static size_t spin_count;

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
    if ((at < spin_count && order == 0) || spin_count == RUN_MAX_SPINS) {
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
        }
    }
}

static void
forget(struct run_learned *learned, bool freely)
{
    learned->freely = freely;
    learned->grown = 0;
    learned->shared_count = learned->spin_count = 0;
    if (freely) {
        learned->points = learned->missed = 0;
    }
}

static int
learn_first(struct run_request *request, const struct pool_plan *plan, struct pool_outcome *out,
            struct run_learned *learned)
{
    struct run_search search = {.strategy = "random", .runs = ROUND_RUNS};
    struct pool_plan rounds = {.search = &search, .jobs = 1, .shards = 1};
    int error = 0;

    for (uint32_t round = 0; round < ROUNDS && error == 0; round++) {
        forget(learned, true);
        search.seed = round;
        error = pool_search(request, &rounds, out);
        if (error == 0) {
            tally_free(&out->tally);
        }
        merge(learned);
        request->shared_count = known_count;
        request->spin_count = spin_count;
        if (!learned->grown) {
            break;
        }
    }
    return error;
}

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int
learn_search(struct run_request *request, const struct pool_plan *plan, struct pool_outcome *out,
             struct run_learned **learned)
{
    struct run_search search = *plan->search;
    struct pool_plan again = *plan;
    double started = now();
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
    if (request->granularity != RUN_API) {
        error = learn_first(request, plan, out, *learned);
        if (error != 0) {
            return error;
        }
    }
    if (strategy_find(search.strategy)->exhausted == SEARCH_BUDGET) {
        request->learned = NULL;
        return pool_search(request, plan, out);
    }
    again.search = &search;
    again.abandon = &(*learned)->grown;
    for (;;) {
        forget(*learned, false);
        error = pool_search(request, &again, out);
        if (error != 0 || !(*learned)->grown) {
            break;
        }
        tally_free(&out->tally);
        merge(*learned);
        request->shared_count = known_count;
        request->spin_count = spin_count;
        if (search.seconds != 0) {
            search.seconds = plan->search->seconds - (now() - started);
            search.seconds = search.seconds > 0.01 ? search.seconds : 0.01;
        }
    }
    request->learned = NULL;
    return error;
}

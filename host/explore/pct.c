/*
 * pct.c - probabilistic concurrency testing: random priorities and d - 1 change points.
 *
 * The agent of highest priority goes on; at the c-th change point the one that just stepped falls
 * to priority c. A bug of depth d in a program of n agents and k steps is found by one run with
 * probability of at least 1 / (n * k^(d-1)). k is learnt: the longest of the first runs, which every process does
 * for itself.
 */
#include "host/explore/strategy.h"

#define MAX_DEPTH 16
#define WARM      16 /* runs to learn k from */

static struct random numbers;
static uint64_t seed, ended;
static uint32_t depth, longest = 16;
static uint32_t change[MAX_DEPTH];
static uint64_t priority[MAX_AGENTS]; /* 0: not drawn yet */

static int
init(const struct run_search *search)
{
    seed = search->seed;
    depth = search->depth == 0 ? 3 : search->depth > MAX_DEPTH ? MAX_DEPTH : search->depth;
    return 0;
}

static bool
begin(uint64_t run)
{
    numbers.state = (seed ^ 0x5054) * 0x9E3779B97F4A7C15ull + run;
    random_next(&numbers);
    for (uint32_t i = 0; i < MAX_AGENTS; i++) {
        priority[i] = 0;
    }
    for (uint32_t i = 0; i + 1 < depth; i++) {
        change[i] = 1 + (uint32_t)random_below(&numbers, longest);
    }
    return true;
}

static uint32_t
choose(const struct question *question)
{
    uint32_t best = NO_AGENT;

    for (uint32_t i = 0; i + 1 < depth; i++) {
        if (change[i] == question->step && question->last != NO_AGENT) {
            priority[question->last] = i + 1;
        }
    }
    for (uint64_t set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        if (priority[agent] == 0) {
            priority[agent] = depth + (random_next(&numbers) >> 8);
        }
        if (best == NO_AGENT || priority[agent] > priority[best]) {
            best = agent;
        }
    }
    return best;
}

static void
end(const struct question *question, bool cut)
{
    if (ended < WARM && question->step > longest) {
        longest = question->step;
    }
    ended++;
}

const struct strategy strategy_pct = {
    .name = "pct",
    .init = init,
    .begin = begin,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .warm = WARM,
};

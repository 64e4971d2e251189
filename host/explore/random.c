/*
 * random.c - random walk: each agent that could step is as likely as any other.
 */
#include "host/explore/strategy.h"

uint64_t (*random_draw)(uint64_t bound);

static struct random numbers;
static uint64_t seed;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    return 0;
}

/* A run's numbers follow from the seed and its own number, so that runs can be shared out. */
static bool
begin(uint64_t run)
{
    numbers.state = seed * 0x9E3779B97F4A7C15ull + run;
    random_next(&numbers);
    return true;
}

static uint32_t
choose(const struct question *question)
{
    uint32_t count = (uint32_t)__builtin_popcountll(question->enabled);

    return set_nth(question->enabled, (uint32_t)random_below(&numbers, count));
}

static void
end(const struct question *question, bool cut)
{
}

const struct strategy strategy_random = {
    .name = "random",
    .init = init,
    .begin = begin,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
};

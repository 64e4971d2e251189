/*
 * random.c - random walk: each agent that could step is as likely as any other.
 */
#include "host/explore/sampled.h"

uint64_t (*random_draw)(uint64_t bound);

static struct random numbers;
static uint64_t seed;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    return 0;
}

static bool
begin(uint64_t run)
{
    numbers = run_numbers(seed, 0, run);
    return true;
}

static uint32_t
choose(const struct question *question)
{
    return random_agent(&numbers, question->enabled);
}

const struct strategy strategy_random = {
    .name = "random",
    .init = init,
    .begin = begin,
    .choose = choose,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
    .numbers = &numbers,
};

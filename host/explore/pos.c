/*
 * pos.c - partial order sampling (Yuan, Yang, Gu 2018): every pending operation has a random priority.
 *
 * The highest goes on; its agent's next operation gets a new one, and so does every pending operation
 * that is dependent with what was done: so each order of a race is as likely as the other, whatever
 * came before. Of the portfolio only, biased: who races with what was just done is favoured, so that
 * objects are handed over more often.
 */
#include "host/explore/sampled.h"

static struct random numbers;
static uint64_t seed;
static bool favour;
static uint64_t priority[MAX_AGENTS]; /* 0: to be drawn */

static int
init(const struct run_search *search)
{
    seed = search->seed;
    return 0;
}

void
pos_begin(uint64_t run, bool biased)
{
    numbers = run_numbers(seed, biased ? 0x504F53 : 0x504F, run);
    favour = biased;
    for (uint32_t i = 0; i < MAX_AGENTS; i++) {
        priority[i] = 0;
    }
}

static bool
begin(uint64_t run)
{
    pos_begin(run, false);
    return true;
}

static uint32_t
choose(const struct question *question)
{
    const struct operation *done;
    uint32_t best = NO_AGENT;

    if (question->step >= UNFAIR_STEPS) {
        return random_agent(&numbers, question->enabled);
    }
    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        if (priority[agent] == 0) {
            priority[agent] = 1 + (random_next(&numbers) >> 1);
        }
        if (best == NO_AGENT || priority[agent] > priority[best]) {
            best = agent;
        }
    }
    done = &question->next[best];
    priority[best] = 0;
    if (done->op == SP_YIELD) { /* behind all others, else a loop that waits would never end */
        priority[best] = 1;
    }
    for (agent_set set = question->present & ~set_one(best); set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        if (operation_dependent(done, &question->next[agent])) {
            priority[agent] = favour ? UINT64_MAX - (random_next(&numbers) >> 2) : 0;
        }
    }
    return best;
}

const struct strategy strategy_pos = {
    .name = "pos",
    .init = init,
    .begin = begin,
    .choose = choose,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
};

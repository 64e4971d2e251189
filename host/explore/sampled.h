/*
 * sampled.h - what the random strategies have in common. Each run follows from the seed, its number and what
 * was learnt in the runs below `warm`, which every process does for itself.
 */
#ifndef HOST_EXPLORE_SAMPLED_H
#define HOST_EXPLORE_SAMPLED_H

#include "host/explore/strategy.h"

#define WARM 16 /* runs to learn from */
#define UNFAIR_STEPS                                                                               \
    10000 /* then every agent gets its turn: what still does not end is a livelock */

/* The numbers of a run. `salt` tells strategies apart. The seed is mixed first: a multiple of what a draw adds to the state
   would make neighbouring seeds draw the same numbers, shifted by one. */
static inline struct random
run_numbers(uint64_t seed, uint64_t salt, uint64_t run)
{
    struct random random = {.state = seed ^ salt << 40};

    random.state = random_next(&random) + run;
    random_next(&random);
    return random;
}

static inline uint32_t
random_agent(struct random *random, agent_set set)
{
    uint32_t count = set_count(set);

    return set_nth(set, count == 1 ? 0 : (uint32_t)random_below(random, count));
}

/* For the portfolio: the strategies' begin with a parameter. */
void pct_begin(uint64_t run, uint32_t depth);
void pos_begin(uint64_t run, bool biased);
void surw_begin(uint64_t run, bool selective);

#endif

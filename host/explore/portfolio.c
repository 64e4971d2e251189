/*
 * portfolio.c - the random strategies in turns: none of them finds everything, and what one misses
 * another is often quick to find.
 *
 * Each learns from all runs below `warm`.
 */
#include "host/explore/sampled.h"

static const struct member {
    const struct strategy *strategy;
    void (*begin)(uint64_t run, uint32_t parameter);
    uint32_t parameter;
} *member;

static void
begin_random(uint64_t run, uint32_t parameter)
{
    strategy_random.begin(run);
}

static void
begin_pos(uint64_t run, uint32_t biased)
{
    pos_begin(run, biased != 0);
}

static void
begin_surw(uint64_t run, uint32_t selective)
{
    surw_begin(run, selective != 0);
}

static const struct member members[] = {
    {&strategy_random, begin_random, 0}, {&strategy_pct, pct_begin, 2},
    {&strategy_pct, pct_begin, 3},       {&strategy_pct, pct_begin, 5},
    {&strategy_pos, begin_pos, false},   {&strategy_urw, begin_surw, false},
    {&strategy_surw, begin_surw, true},  {&strategy_pos, begin_pos, true},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static uint64_t ended;

static int
init(const struct run_search *search)
{
    ended = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        int error = members[i].strategy->init(search);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static bool
begin(uint64_t run)
{
    member = &members[run % MEMBERS];
    if (ended < WARM) { /* the two that learn, in turns */
        member = &members[ended % 2 == 0 ? 5 : 2];
    }
    member->begin(run, member->parameter);
    return true;
}

static uint32_t
choose(const struct question *question)
{
    return member->strategy->choose(question);
}

static void
end(const struct question *question, bool cut)
{
    if (ended++ < WARM) {
        strategy_pct.end(question, cut);
        strategy_urw.end(question, cut);
    }
}

const struct strategy strategy_portfolio = {
    .name = "portfolio",
    .init = init,
    .begin = begin,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
    .warm = WARM,
};

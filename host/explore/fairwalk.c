/*
 * fairwalk.c - a random walk among those whose turn it is (Musuvathi, Qadeer 2008): what does not end here
 * does not end because nobody was let go on.
 *
 * An agent that yields (it spins, polls or sleeps) falls behind every agent that has been able to step, or was
 * kept from it by this one, and has not stepped since this one last yielded. It is passed over as long
 * as one of those can step. So a loop that waits for another agent ends, if it can; a run that comes to the
 * limit of steps all the same is a livelock.
 */
#include <string.h>
#include "host/explore/sampled.h"

static struct random numbers;
static uint64_t seed;
static agent_set behind[MAX_AGENTS]; /* those that come first */
/* Since the agent's last yield: */
static agent_set stepped[MAX_AGENTS], enabled_since[MAX_AGENTS], disabled[MAX_AGENTS];
static agent_set met, before; /* who could step at the last question */
static bool yields;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    return 0;
}

static bool
begin(uint64_t run)
{
    numbers = run_numbers(seed, 0x4641, run);
    memset(behind, 0, sizeof(behind));
    met = before = 0;
    yields = false;
    return true;
}

/* What the last step has changed. */
static void
follow(const struct question *question)
{
    uint32_t last = question->last;

    for (agent_set set = question->present & ~met; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        stepped[agent] = SET_ALL; /* its first turn costs nobody theirs */
        enabled_since[agent] = disabled[agent] = 0;
    }
    met |= question->present;
    if (last == NO_AGENT) {
        return;
    }
    for (agent_set set = met; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        stepped[agent] |= set_one(last);
        enabled_since[agent] &= question->enabled;
        behind[agent] &= ~set_one(last);
    }
    disabled[last] |= before & ~question->enabled;
    if (yields) {
        behind[last] |= (enabled_since[last] | disabled[last]) & ~stepped[last] & ~set_one(last);
        enabled_since[last] = question->enabled;
        disabled[last] = stepped[last] = 0;
    }
}

static uint32_t
choose(const struct question *question)
{
    agent_set turn = question->enabled;
    uint32_t chosen;

    follow(question);
    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        if ((behind[agent] & question->enabled) != 0) {
            turn &= ~set_one(agent);
        }
    }
    chosen = random_agent(&numbers, turn != 0 ? turn : question->enabled);
    yields = question->next[chosen].op == SP_YIELD || question->next[chosen].op == SP_DELAY;
    before = question->enabled;
    return chosen;
}

const struct strategy strategy_fair_walk = {
    .name = "fairwalk",
    .init = init,
    .begin = begin,
    .choose = choose,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
};

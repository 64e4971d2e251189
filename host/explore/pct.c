/*
 * pct.c - probabilistic concurrency testing: random priorities and d - 1 change points
 * (Burckhardt, Kothari, Musuvathi, Nagarakatte 2010).
 *
 * The agent of highest priority goes on; at the c-th change point, after so many steps, the one that
 * just stepped falls to priority c, below all that never fell. A bug of depth d in a program of n
 * agents and k steps is hit by one run with probability of at least 1 / (n * k^(d-1)). k is learnt: the
 * longest of the first runs, which every process does for itself.
 *
 *   P1  All orders of the agents are equally likely: each that appears gets any place in the order of those
 *       that have not fallen, the lowest too.
 *   P2  The change points are different steps, each set of them as likely as any other.
 *   P3  Who yields (it spins, or polls) goes behind all others of its kind: else a loop that waits for
 *       one of lower priority would never end. No guarantee is made for such programs.
 */
#include "host/explore/sampled.h"

#define MAX_DEPTH 16

static struct random numbers;
static uint64_t seed, ended;
static uint32_t given, depth, longest;
static uint32_t change[MAX_DEPTH];
static uint8_t order[MAX_AGENTS]; /* of those that have not fallen, highest first */
static uint32_t ordered;
static agent_set known;           /* agents that were met */
static uint8_t fallen[MAX_DEPTH]; /* agent by priority, NO_AGENT: none */
static bool yields;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    given = search->depth == 0 ? 3 : search->depth > MAX_DEPTH ? MAX_DEPTH : search->depth;
    longest = search->steps != 0 ? search->steps : 16;
    ended = search->steps != 0 ? WARM : 0;
    return 0;
}

/* P2: one of the steps 1 .. longest that are not among the first `taken` change points. */
static uint32_t
another_step(uint32_t taken)
{
    uint32_t step = 1 + (uint32_t)random_below(&numbers, longest - taken), below = 0, before;

    do {
        before = below;
        below = 0;
        for (uint32_t i = 0; i < taken; i++) {
            below += change[i] <= step + before;
        }
    } while (below != before);
    return step + below;
}

void
pct_begin(uint64_t run, uint32_t wanted)
{
    numbers = run_numbers(seed, 0x5054 + wanted, run);
    depth = wanted > longest ? longest : wanted;
    ordered = 0;
    known = 0;
    yields = false;
    for (uint32_t i = 0; i + 1 < depth; i++) {
        change[i] = another_step(i);
        fallen[i] = NO_AGENT;
    }
}

static bool
begin(uint64_t run)
{
    pct_begin(run, given);
    return true;
}

static void
take_out(uint8_t agent)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < ordered; i++) {
        if (order[i] != agent) {
            order[kept++] = order[i];
        }
    }
    ordered = kept;
    for (uint32_t i = 0; i + 1 < depth; i++) {
        if (fallen[i] == agent) {
            fallen[i] = NO_AGENT;
        }
    }
}

static uint32_t
choose(const struct question *question)
{
    agent_set fresh = question->present & ~known;

    if (question->step >= UNFAIR_STEPS) {
        return random_agent(&numbers, question->enabled);
    }
    if (question->last != NO_AGENT && yields) { /* P3 */
        take_out(question->last);
        order[ordered++] = question->last;
    }
    for (uint32_t i = 0; i + 1 < depth; i++) {
        if (change[i] == question->step && question->last != NO_AGENT) {
            take_out(question->last);
            fallen[i] = question->last;
        }
    }
    for (; fresh != 0; fresh &= fresh - 1) { /* P1 */
        uint32_t place = (uint32_t)random_below(&numbers, ordered + 1);

        for (uint32_t i = ordered++; i > place; i--) {
            order[i] = order[i - 1];
        }
        order[place] = (uint8_t)set_first(fresh);
    }
    known |= question->present;
    for (uint32_t i = 0; i < ordered; i++) {
        if ((question->enabled >> order[i] & 1) != 0) {
            yields = question->next[order[i]].op == SP_YIELD;
            return order[i];
        }
    }
    for (uint32_t i = depth - 1; i-- > 0;) {
        if (fallen[i] != NO_AGENT && (question->enabled >> fallen[i] & 1) != 0) {
            yields = question->next[fallen[i]].op == SP_YIELD;
            return fallen[i];
        }
    }
    return set_first(question->enabled);
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
    .by_questions = true,
    .warm = WARM,
};

/*
 * dpor.c - every trace once: source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas 2014).
 *
 * Two schedules that differ only in the order of independent steps are one trace. A run is a path
 * in a tree of questions; for each question on the current path we keep
 *     enabled, next   who could step, and what each would do
 *     sleep           whose step from here has been explored already
 *     backtrack       who must be tried here, because of a race further down
 *     done            who was
 * After a run its races are found: a step and a later one of another agent that are dependent, could
 * have come in the other order, and have nothing between that orders them. For each, one agent that
 * could begin the reversed order is added where the first step was chosen.
 *
 *   D1  An agent that sleeps wakes as soon as something dependent on its next step is done.
 *   D2  When all that could step sleep, the run is cut: it would repeat a trace.
 *   D3  A release is not co-enabled with the acquire that waits for it, so the race of two acquires
 *       is seen through the release between them.
 *   D4  What an agent that is blocked at the end would do takes part in races as if it were done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

#define MAX_DEPTH 4096

struct node {
    uint64_t enabled, present;
    uint64_t sleep, backtrack, done;
    uint64_t born;   /* agents that were first met here */
    uint64_t met;    /* or before */
    uint64_t missed; /* agents that were not there one question earlier, but before */
    struct operation next[MAX_AGENTS];
    uint32_t clock[MAX_AGENTS]; /* of the step: 1 + the last step of each agent that it follows */
    uint8_t chosen;
};

static struct node *path;
static uint32_t prefix; /* answers that are given */
static uint32_t length; /* questions of this run so far */

static int
init(const struct run_search *search)
{
    path = calloc(MAX_DEPTH, sizeof(*path));
    return path == NULL ? -ENOMEM : 0;
}

static bool
begin(uint64_t run)
{
    if (run == 0) {
        length = 0;
        return true;
    }
    /* The deepest question that still has something to try. */
    while (length > 0) {
        struct node *node = &path[length - 1];
        uint64_t left = node->backtrack & ~node->done & ~node->sleep & node->enabled;

        if (left != 0) {
            node->chosen = (uint8_t)__builtin_ctzll(left);
            prefix = length;
            length = 0;
            return true;
        }
        length--;
    }
    return false;
}

/* Who sleeps at the question after `node`: D1. */
static uint64_t
sleepers(const struct node *node)
{
    uint64_t asleep = 0;

    for (uint64_t set = (node->sleep | node->done) & ~(1ull << node->chosen); set != 0;
         set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        if (!operation_dependent(&node->next[agent], &node->next[node->chosen])) {
            asleep |= 1ull << agent;
        }
    }
    return asleep;
}

static uint32_t
choose(const struct question *question)
{
    struct node *node;
    uint64_t free, met;

    length = question->step;
    node = &path[length];
    met = length > 0 ? path[length - 1].met : 0;
    if (length == MAX_DEPTH) {
        worker_fail("a run has more than %d choices, too many for dpor: try --strategy pct",
                    MAX_DEPTH);
    }
    if (length >= prefix) {
        *node = (struct node){.sleep = length > 0 ? sleepers(&path[length - 1]) : 0};
    }
    node->enabled = question->enabled;
    node->present = question->present;
    node->born = question->present & ~met;
    node->missed = length > 0 ? question->present & met & ~path[length - 1].present : 0;
    node->met = met | question->present;
    for (uint64_t set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        node->next[agent] = question->next[agent];
    }
    if (length++ < prefix) {
        node->done |= 1ull << node->chosen;
        return node->chosen;
    }
    free = node->enabled & ~node->sleep;
    if (free == 0) {
        length--; /* D2 */
        return ANSWER_CUT;
    }
    node->chosen = question->last != NO_AGENT && (free >> question->last & 1) != 0
                       ? question->last
                       : (uint8_t)__builtin_ctzll(free);
    node->backtrack = node->done = 1ull << node->chosen;
    return node->chosen;
}

/* Does step `i` happen before step `j` (i < j)? */
static bool
before(uint32_t i, uint32_t j)
{
    return path[j].clock[path[i].chosen] > i;
}

static void
join(uint32_t *clock, uint32_t step)
{
    for (uint32_t i = 0; i < MAX_AGENTS; i++) {
        if (path[step].clock[i] > clock[i]) {
            clock[i] = path[step].clock[i];
        }
    }
}

/* The clock of an agent's step number `step`, before what its operation itself brings. */
static void
program_clock(uint32_t agent, uint32_t step, uint32_t *clock)
{
    memset(clock, 0, MAX_AGENTS * sizeof(*clock));
    for (uint32_t i = step; i-- > 0;) {
        if (path[i].chosen == agent) {
            join(clock, i);
            break;
        }
    }
    /* Whoever made it or woke it: the step before it (re)appeared. */
    for (uint32_t i = step < length ? step : length - 1; i > 0; i--) {
        if (((path[i].born | path[i].missed) >> agent & 1) != 0) {
            join(clock, i - 1);
            break;
        }
        if (path[i - 1].chosen == agent) {
            break;
        }
    }
}

/* The race of step i with what agent `second` does at position j: who could begin the reverse? `clock` is
   that of the second step without step i. */
static void
reverse(uint32_t i, uint32_t j, uint32_t second, const uint32_t *clock)
{
    uint64_t initials = 0, seen = 0;
    uint32_t first = NO_AGENT;

    for (uint32_t k = i + 1; k <= j; k++) {
        uint32_t agent = k == j ? second : path[k].chosen;
        bool initial = true;

        if (k < j && before(i, k)) {
            continue;
        }
        if ((seen >> agent & 1) != 0) {
            continue;
        }
        seen |= 1ull << agent;
        for (uint32_t m = i + 1; m < k && initial; m++) {
            if (!before(i, m) && (k == j ? clock[path[m].chosen] > m : before(m, k))) {
                initial = false;
            }
        }
        if (initial) {
            initials |= 1ull << agent;
            if (first == NO_AGENT && (path[i].enabled >> agent & 1) != 0) {
                first = agent;
            }
        }
    }
    if ((initials & path[i].backtrack) == 0) {
        path[i].backtrack |= first != NO_AGENT ? 1ull << first : path[i].enabled;
    }
}

/*
 * Could step i have come after what `agent` does at position j? If the agent stood in front of it
 * already, we know whether it could have gone on; else the kinds of the operations must tell (D3).
 */
static bool
coenabled(uint32_t i, uint32_t j, uint32_t agent, const struct operation *operation)
{
    const struct node *node = &path[i];

    if (operation->objects > 1) {
        return true; /* something between may let it go on by another object */
    }
    for (uint32_t k = i + 1; k < j; k++) {
        if (path[k].chosen == agent) {
            return operation_coenabled(&node->next[node->chosen], operation);
        }
    }
    if ((node->present >> agent & 1) == 0) {
        return operation_coenabled(&node->next[node->chosen], operation);
    }
    return (node->enabled >> agent & 1) != 0;
}

/*
 * The races of what `agent` does (or would do) at position j. `full` becomes the step's clock: all
 * that happens before it.
 */
static void
find_races(uint32_t agent, const struct operation *operation, uint32_t j)
{
    uint32_t full[MAX_AGENTS], co[MAX_AGENTS]; /* co: without the edges of D3 */

    program_clock(agent, j, full);
    memcpy(co, full, sizeof(co));
    for (uint32_t i = j; i-- > 0;) {
        const struct node *node = &path[i];
        const struct operation *earlier = &node->next[node->chosen];

        if (node->chosen == agent || !operation_dependent(earlier, operation)) {
            continue;
        }
        if (coenabled(i, j, agent, operation)) {
            if (co[node->chosen] <= i) {
                reverse(i, j, agent, full);
            }
            join(co, i);
        }
        join(full, i);
    }
    if (j < length && path[j].chosen == agent) {
        full[agent] = j + 1;
        memcpy(path[j].clock, full, sizeof(full));
    }
}

static void
end(const struct question *question, bool cut)
{
    for (uint32_t j = 0; j < length; j++) {
        find_races(path[j].chosen, &path[j].next[path[j].chosen], j);
    }
    if (!cut) {
        for (uint64_t set = question->present & ~question->enabled; set != 0; set &= set - 1) {
            uint32_t agent = (uint32_t)__builtin_ctzll(set);

            find_races(agent, &question->next[agent], length); /* D4 */
        }
    }
}

static uint32_t
shared(void)
{
    return prefix - 1;
}

static bool
returns(uint32_t step)
{
    const struct node *node = &path[step];

    return step < length && (node->backtrack & ~node->done & ~node->sleep & node->enabled) != 0;
}

const struct strategy strategy_dpor = {.name = "dpor",
                                       .init = init,
                                       .begin = begin,
                                       .choose = choose,
                                       .shared = shared,
                                       .returns = returns,
                                       .end = end,
                                       .exhausted = SEARCH_EXHAUSTED};

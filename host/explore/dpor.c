/*
 * dpor.c - every trace once: source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas 2014).
 *
 * Two schedules that differ only in the order of independent steps are one trace. A run is a path
 * in a tree of questions; for each question on the current path we keep
 *     sleep      whose step from here has been explored already
 *     backtrack  who must be tried here, because of a race further down
 *     done       who was
 * As a step is taken its races are found (happens.c): an earlier step of another agent that is
 * dependent, could have come in the other order, and has nothing between that orders the two. For
 * each, one agent that could begin the reversed order is added where the earlier step was chosen.
 *
 *   D1  An agent that sleeps wakes as soon as something dependent on its next step is done.
 *   D2  When all that could step sleep, the run is cut: it would repeat a trace.
 *   D3  What an agent that is blocked at the end would do takes part in races as if it were done; of a
 *       run that was cut too: only there the others may sleep.
 *   D4  What the last run and this one share is not looked at again.
 */
#include <errno.h>
#include "host/explore/happens.h"
#include "host/machine/machine.h"

struct node {
    uint64_t sleep, backtrack, done;
    uint64_t asleep; /* at the next question: D1 */
    uint8_t chosen;
};

static struct node *path;
static uint32_t prefix; /* answers that are given */

static int
init(const struct run_search *search)
{
    if (path == NULL) {
        path = search_reserve(MAX_STEPS * sizeof(*path));
    }
    prefix = 0;
    return path == NULL ? -ENOMEM : happens_init();
}

static uint64_t
left(uint32_t step)
{
    const struct node *node = &path[step];

    return node->backtrack & ~node->done & ~node->sleep & happens_step[step].enabled;
}

static bool
begin(uint64_t run)
{
    if (run == 0) { /* also when the search begins anew */
        happens_keep(0);
        prefix = 0;
        return true;
    }
    /* The deepest question that still has something to try. */
    for (prefix = happens_steps; prefix > 0; prefix--) {
        uint64_t agents = left(prefix - 1);

        if (agents != 0) {
            path[prefix - 1].chosen = (uint8_t)__builtin_ctzll(agents);
            happens_keep(prefix - 1);
            return true;
        }
    }
    return false;
}

static uint32_t
shared(void)
{
    return prefix - 1;
}

static bool
returns(uint32_t step)
{
    return step < happens_steps && left(step) != 0;
}

/* What `agent` does now, its clock being `clock`, races with step `i`: who could begin the other order? */
static void
reverse(uint32_t i, uint32_t agent, const uint32_t *clock)
{
    struct node *node = &path[i];
    uint64_t enabled = happens_step[i].enabled;
    uint64_t agents = (happens_step[i].present | 1ull << agent) & ~(1ull << happens_step[i].agent);
    uint32_t earliest = UINT32_MAX, first = NO_AGENT;

    /* The agent of step i does nothing more that does not follow it; whoever appeared later follows
       what it was made by. */
    for (; agents != 0; agents &= agents - 1) {
        uint32_t other = (uint32_t)__builtin_ctzll(agents);
        uint32_t next = happens_next(other, i);

        if (next != 0 ? !happens_initial(happens_clock(next - 1), other, i)
                      : other != agent || !happens_initial(clock, agent, i)) {
            continue;
        }
        if ((node->backtrack >> other & 1) != 0) {
            return;
        }
        if (next == 0) {
            next = happens_steps + 1;
        }
        if ((enabled >> other & 1) != 0 && next < earliest) {
            earliest = next;
            first = other;
        }
    }
    node->backtrack |= first != NO_AGENT ? 1ull << first : enabled;
}

static uint32_t
choose(const struct question *question)
{
    struct node *node = &path[question->step];
    uint64_t free;

    if (question->step < happens_steps) { /* D4 */
        if (happens_step[question->step].enabled != question->enabled) {
            worker_fail("the run does not repeat: another question at step %u", question->step);
        }
        return node->chosen;
    }
    happens_ask(question);
    if (question->step + 1 != prefix) {
        *node = (struct node){.sleep = question->step > 0 ? node[-1].asleep : 0};
        free = question->enabled & ~node->sleep;
        if (free == 0) {
            return ANSWER_CUT; /* D2 */
        }
        node->chosen = question->last != NO_AGENT && (free >> question->last & 1) != 0
                           ? question->last
                           : (uint8_t)__builtin_ctzll(free);
        node->backtrack = 1ull << node->chosen;
    }
    node->asleep = (node->sleep | node->done) & ~(1ull << node->chosen);
    for (uint64_t set = node->asleep; set != 0; set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        if (operation_dependent(&question->next[agent], &question->next[node->chosen])) {
            node->asleep &= ~(1ull << agent); /* D1 */
        }
    }
    node->done |= 1ull << node->chosen;
    happens_take(question, node->chosen, reverse);
    return node->chosen;
}

static void
end(const struct question *question, bool cut)
{
    happens_ask(question);
    for (uint64_t set = question->present & ~question->enabled; set != 0; set &= set - 1) {
        happens_blocked(question, (uint32_t)__builtin_ctzll(set), reverse); /* D3 */
    }
}

const struct strategy strategy_dpor = {.name = "dpor",
                                       .init = init,
                                       .begin = begin,
                                       .choose = choose,
                                       .shared = shared,
                                       .returns = returns,
                                       .end = end,
                                       .exhausted = SEARCH_EXHAUSTED};

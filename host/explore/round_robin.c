/*
 * round_robin.c - the strategy of `ntlab run`: agents take turns in the order of the question.
 *
 * The kernel lists agents in an order that depends on guest state alone, so the one after the asker
 * is a fair and repeatable choice. An asker that is not in the list (it waits or has ended) hands
 * over to the first. Only agents of the processor world take turns: time-outs and injected events
 * happen in `run` when the kernel offers nothing else. Who would have to wait is known in a search only,
 * and comes when nobody else can step (inside.h, X2).
 */
#include "host/explore/round_robin.h"

__attribute__((target("general-regs-only"))) static int
is_forced(const struct abi_agent *agent)
{
    return agent->kind == ABI_AGENT_TIMEOUT || agent->kind == ABI_AGENT_INJECTED;
}

/* The first one from `start` on whose turn it can be; `count` if there is none. */
__attribute__((target("general-regs-only"))) static uint32_t
first_from(const struct abi_agent *agents, uint32_t count, uint32_t start, int blocked)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (start + i) % count;

        if (!is_forced(&agents[at]) && (blocked || (agents[at].flags & ABI_AGENT_BLOCKED) == 0)) {
            return at;
        }
    }
    return count;
}

/* Called without the vector registers saved. */
__attribute__((target("general-regs-only"))) uint32_t
round_robin_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t start = 0, chosen;

    for (uint32_t i = 0; i < count; i++) {
        if (agents[i].name == asker) {
            start = i + 1;
            break;
        }
    }
    chosen = first_from(agents, count, start, 0);
    if (chosen == count) {
        chosen = first_from(agents, count, start, 1);
    }
    return chosen < count ? chosen : start % count;
}

/*
 * round_robin.c - the strategy of `ntlab run`: agents take turns in the order of the question.
 *
 * The kernel lists agents in an order that depends on guest state alone, so the one after the asker
 * is a fair and repeatable choice. An asker that is not in the list (it waits or has ended) hands
 * over to the first. Only agents of the processor world take turns: time-outs and injected events
 * happen in `run` when the kernel offers nothing else.
 */
#include "host/explore/round_robin.h"

__attribute__((target("general-regs-only"))) static int
is_forced(const struct abi_agent *agent)
{
    return agent->kind == ABI_AGENT_TIMEOUT || agent->kind == ABI_AGENT_INJECTED;
}

/* Called without the vector registers saved. */
__attribute__((target("general-regs-only"))) uint32_t
round_robin_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t start = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (agents[i].name == asker) {
            start = i + 1;
            break;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (start + i) % count;

        if (!is_forced(&agents[at])) {
            return at;
        }
    }
    return start % count;
}

/*
 * numbers.c - agents have names, of the kernel (nt/ke/agent.c), and numbers in a run, in the order in which it meets them (strategy.h).
 */
#include "host/explore/inside.h"
#include "host/machine/machine.h"

static uint8_t place_of[MAX_AGENTS]; /* whose name was last on this processor */

uint32_t
explorer_name(uint32_t number)
{
    return it.names[number];
}

/* The agent's number, if it has one already. */
GENERAL_REGISTERS_ONLY uint32_t
number_known(uint32_t name)
{
    uint32_t number = 0;

    while (number < it.at.agents && it.names[number] != name) {
        number++;
    }
    return number < it.at.agents ? number : MAX_AGENTS;
}

GENERAL_REGISTERS_ONLY uint32_t
number_of(uint32_t name)
{
    uint32_t number = number_known(name);

    if (number < MAX_AGENTS) {
        return number;
    }
    if (it.at.agents == MAX_AGENTS) {
        if (it.rooted && it.strategy->kind == STRATEGY_SAMPLED) {
            explorer_finish(NULL); /* X13 */
        }
        worker_fail(TOO_MANY_AGENTS, MAX_AGENTS);
    }
    it.names[it.at.agents] = name;
    return it.at.agents++;
}

/* The kernel mostly tells of the same agent on a processor. */
uint32_t
number_at(const struct abi_agent *agent)
{
    uint8_t *place =
        &place_of[(agent->cpu + agent->kind * (uint32_t)ABI_MAX_PROCESSORS) % MAX_AGENTS];
    uint32_t number = *place;

    if (number >= it.at.agents || it.names[number] != agent->name) {
        *place = (uint8_t)(number = number_of(agent->name));
    }
    return number;
}

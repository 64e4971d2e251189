/*
 * replay.c - answers as a schedule says; where it ends, everybody takes turns (explorer.c, X4).
 *
 * Strict: an agent that cannot step where the schedule wants it means that the binaries are not
 * those of the schedule, or that something escaped our control. Both end the run as our failure.
 */
#include <stdio.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

static const struct run_search *search;

static int
init(const struct run_search *given)
{
    search = given;
    return 0;
}

static bool
begin(uint64_t run)
{
    return true;
}

/* What stands there in place of what the schedule wants; with the number of the choice it is the first difference. */
NORETURN static void
differs(const struct question *question, uint32_t wanted)
{
    char able[256] = "";
    size_t used = 0;

    for (uint64_t set = question->enabled; set != 0 && used + 40 < sizeof(able); set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        used +=
            (size_t)snprintf(able + used, sizeof(able) - used, "%s%08x (operation %u)",
                             used != 0 ? ", " : "", explorer_name(agent), question->next[agent].op);
    }
    for (uint64_t set = question->present & ~question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        if (explorer_name(agent) == wanted) {
            worker_fail("replay mismatch, first at choice %u: agent %08x would have to wait "
                        "(operation %u, object %lx); these can step: %s",
                        question->step + 1, wanted, question->next[agent].op,
                        question->next[agent].object[0], able);
        }
    }
    worker_fail("replay mismatch, first at choice %u: agent %08x does not run there; these can "
                "step: %s",
                question->step + 1, wanted, able);
}

static uint32_t
choose(const struct question *question)
{
    uint64_t set = question->enabled;

    for (; set != 0; set &= set - 1) {
        uint32_t agent = (uint32_t)__builtin_ctzll(set);

        if (explorer_name(agent) == search->schedule[question->step]) {
            return agent;
        }
    }
    differs(question, search->schedule[question->step]);
}

static void
end(const struct question *question, bool cut)
{
}

const struct strategy strategy_replay = {.name = "replay",
                                         .init = init,
                                         .begin = begin,
                                         .choose = choose,
                                         .end = end,
                                         .exhausted = SEARCH_BUDGET};

/*
 * replay.c - answers as a schedule says; where it ends, everybody takes turns (explorer.c, X4).
 *
 * Strict: an agent that cannot step where the schedule wants it means that the binaries are not
 * those of the schedule, or that something escaped our control. Both end the run as our failure.
 */
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
    worker_fail("replay mismatch at step %u: agent %08x cannot step there", question->step,
                search->schedule[question->step]);
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

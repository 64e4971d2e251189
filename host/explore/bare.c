/*
 * bare.c - what is in bare.h: D11.
 */
#include "host/explore/bare.h"
#include <errno.h>
#include "host/explore/happens.h"

static struct {
    enum { CRASH_NONE, CRASH_BARE, CRASH_AGAIN, CRASH_JUDGED } stage;
    bool same;
    uint32_t first; /* step that does not come before the last one */
    uint32_t steps; /* that do, in `name`, and the last one */
    struct abi_stop why;
    uint32_t *name; /* of the agent: without what others did it has another number */
} crash;

int
bare_init(void)
{
    if (crash.name == NULL) {
        crash.name = search_reserve(MAX_STEPS * sizeof(*crash.name));
    }
    crash.stage = CRASH_NONE;
    return crash.name == NULL ? -ENOMEM : 0;
}

bool
bare_has(uint32_t step)
{
    return happens_before(step, happens_steps - 1); /* a step comes before itself too */
}

static void
leave_out_others(const struct abi_stop *why)
{
    crash.why = *why;
    crash.steps = 0;
    crash.first = happens_steps;
    for (uint32_t i = 0; i < happens_steps; i++) {
        if (bare_has(i)) {
            crash.name[crash.steps++] = explorer_name(happens_step[i].agent);
        } else if (crash.first == happens_steps) {
            crash.first = i;
        }
    }
    crash.stage = CRASH_BARE;
}

/* First without what others did, then as it was. */
bool
bare_again(const struct abi_stop *why, bool crashed)
{
    switch (crash.stage) {
    case CRASH_NONE:
        if (crashed && why->verdict != ABI_LIVELOCK && happens_steps > 0 &&
            !happens_before_all(happens_steps)) {
            leave_out_others(why);
        }
        break;
    case CRASH_BARE:
        crash.same = crashed && why->verdict == crash.why.verdict && why->code == crash.why.code;
        crash.stage = CRASH_AGAIN;
        break;
    case CRASH_AGAIN:
        crash.stage = CRASH_JUDGED;
        break;
    case CRASH_JUDGED:
        break;
    }
    return crash.stage == CRASH_BARE || crash.stage == CRASH_AGAIN;
}

bool
bare_is_led(void)
{
    return crash.stage == CRASH_BARE;
}

bool
bare_is_made(void)
{
    return crash.stage != CRASH_NONE;
}

uint32_t
bare_choose(const struct question *question)
{
    uint32_t agent = question->step < crash.steps
                         ? explorer_named(question->enabled, crash.name[question->step])
                         : NO_AGENT;

    return agent != NO_AGENT ? agent : ANSWER_CUT;
}

bool
bare_is_judged(void)
{
    return crash.stage == CRASH_JUDGED;
}

bool
bare_is_same(void)
{
    return crash.stage == CRASH_JUDGED && crash.same;
}

uint32_t
bare_first(void)
{
    return crash.first;
}

void
bare_end(void)
{
    crash.stage = CRASH_NONE;
}

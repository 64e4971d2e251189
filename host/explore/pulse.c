/*
 * pulse.c - to begin to wait is a step where an event is pulsed.
 *
 * A wait that would block is not enabled, so it is no step: whether a thread has begun to wait or is about to
 * makes no difference to whoever signals later. To KePulseEvent it does: only who waits by then is woken. So a
 * wait for an event that is pulsed in some run is a step at once, which reads the event; then the thread waits
 * and is no agent until somebody wakes it.
 *
 * Which events are pulsed is learnt as shared memory is (memory.c, host/search/learn.c): what a run shows holds
 * from the next one on, and an exhaustive search that still learns of one begins anew.
 */
#include "host/explore/pulse.h"
#include "host/explore/memory.h"
#include "host/explore/strategy.h"

#define MAX_PULSED 64

static uint64_t pulsed[MAX_PULSED]; /* events */
uint32_t pulse_known;               /* of these, in force in this run */
static uint32_t found;              /* of these; others are learnt */
static struct run_learned *learned; /* NULL: nothing is learnt any more */
static uint32_t active;             /* of learned->shared */

GENERAL_REGISTERS_ONLY static bool
is_one_of(uint64_t event, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count && pulsed[i] != event; i++) {
    }
    return i < count;
}

static void
take(const struct run_shared *shared)
{
    if ((shared->bytes & RUN_SHARED_PULSED) != 0 && !is_one_of(shared->word, pulse_known) &&
        pulse_known < MAX_PULSED) {
        pulsed[pulse_known++] = shared->word;
        found = pulse_known;
    }
}

void
pulse_init(const struct run_request *request)
{
    learned = request->learned;
    for (size_t i = 0; i < request->shared_count; i++) {
        take(&request->shared[i]);
    }
}

void
pulse_begin_run(void)
{
    for (; learned != NULL && learned->freely && active < learned->shared_count; active++) {
        take(&learned->shared[active]);
    }
}

GENERAL_REGISTERS_ONLY void
pulse_note(uint64_t event)
{
    if (learned != NULL && found < MAX_PULSED && !is_one_of(event, found)) {
        pulsed[found++] = event;
        memory_learn(learned, event, RUN_SHARED_PULSED);
    }
}

bool
pulse_awaited(const struct abi_agent *agent)
{
    const struct abi_object *others;
    bool awaited;

    if (pulse_known == 0 || agent->op != SP_WAIT) {
        return false;
    }
    awaited = is_one_of(agent->object, pulse_known);
    others = operation_objects(agent);
    for (uint32_t i = 1; i < agent->objects && others != NULL; i++) {
        awaited = awaited || is_one_of(others[i - 1].object, pulse_known);
    }
    return awaited;
}

bool
pulse_begins(const struct abi_agent *agent)
{
    return (agent->flags & ABI_AGENT_BLOCKED) != 0 && pulse_awaited(agent);
}

/*
 * trial.c - is it the driver's doing that a suspended thread holds another one up?
 *
 * A run has shown that threads could not go on while a thread was suspended inside a system service, and did
 * when it was resumed. Some of them may wait for it by design: for a reply, for work. Those would wait just as
 * long for a thread that is suspended in user mode, which is its process's right. So the same schedule is tried
 * again without all that the thread has done since it entered that service:
 *
 *   V1  The thread is never let beyond the service's entry. Everybody else goes on as the schedule says, as far
 *       as that is possible, and then until nobody can.
 *   V2  Who makes more steps than in the run with the suspension was held up by what the thread did in the
 *       service: that is the finding. Who does not waits for it by design.
 */
#include "host/explore/trial.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "abi/trace.h"
#include "host/explore/round_robin.h"
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

struct trial_step *trial_schedule;

static struct {
    struct abi_stop why;
    struct abi_held_up held[ABI_HELD_UP];
    uint32_t count;
    uint32_t before[ABI_HELD_UP], steps[ABI_HELD_UP]; /* with the suspension, and now */
    uint32_t thread;                                  /* that was suspended: its agent */
    uint32_t entered, length, at;                     /* in trial_schedule */
    uint32_t asked;
} it;

bool trial_on;

int
trial_init(void)
{
    trial_schedule = search_reserve(MAX_STEPS * sizeof(*trial_schedule));
    return trial_schedule == NULL ? -ENOMEM : 0;
}

static void
count_step(uint32_t *steps, uint32_t name)
{
    for (uint32_t i = 0; i < it.count; i++) {
        steps[i] += it.held[i].name == name;
    }
}

bool
trial_begin(const struct abi_stop *why, uint32_t steps)
{
    uint32_t injected = steps;

    while (injected > 0 && (trial_schedule[injected - 1].kind != ABI_AGENT_INJECTED ||
                            trial_schedule[injected - 1].op != SP_SUSPEND)) {
        injected--;
    }
    if (injected == 0 || why->parameter[3] > ABI_HELD_UP ||
        space_read(why->parameter[2], it.held, sizeof(it.held)) != sizeof(it.held)) {
        return false;
    }
    it.why = *why;
    it.count = (uint32_t)why->parameter[3];
    it.thread = trial_schedule[injected - 1].name ^ ABI_AGENT_SUSPENSION;
    it.length = steps;
    it.at = it.asked = 0;
    memset(it.before, 0, sizeof(it.before));
    memset(it.steps, 0, sizeof(it.steps));
    for (uint32_t i = 0; i < steps; i++) {
        count_step(it.before, trial_schedule[i].name);
    }
    for (it.entered = injected; it.entered > 0; it.entered--) {
        const struct trial_step *step = &trial_schedule[it.entered - 1];

        if (step->name == it.thread && step->op == SP_SYSTEM_SERVICE) {
            it.entered--;
            trial_on = true;
            return true;
        }
    }
    return false; /* it was inside when the search began */
}

static bool
may_step(const struct abi_agent *agent)
{
    return (agent->flags & ABI_AGENT_BLOCKED) == 0 &&
           (agent->kind != ABI_AGENT_INJECTED || (agent->op != SP_SUSPEND && it.at < it.length)) &&
           (agent->name != it.thread || it.at < it.entered);
}

uint32_t
trial_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t start = 0;

    if (it.asked++ == MAX_STEPS) {
        return UINT32_MAX;
    }
    for (; count > 1 && it.at < it.length; it.at++) { /* a schedule has nothing else */
        uint32_t name = trial_schedule[it.at].name;

        for (uint32_t i = 0; i < count; i++) {
            if (agents[i].name == name && may_step(&agents[i])) {
                it.at++;
                count_step(it.steps, name);
                return i;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) { /* in turn */
        start = agents[i].name == asker ? i + 1 : start;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (start + i) % count;

        if (may_step(&agents[at])) {
            count_step(it.steps, agents[at].name);
            return at;
        }
    }
    return UINT32_MAX;
}

void
trial_end(struct abi_stop *why)
{
    trial_on = false;
    for (uint32_t system = 0; system < 2; system++) {
        for (uint32_t i = 0; i < it.count; i++) {
            if (it.held[i].system == system && it.steps[i] > it.before[i]) { /* V2 */
                *why = it.why;
                why->code = it.held[i].name;
                why->parameter[1] = it.held[i].thread;
                memcpy(why->message, it.held[i].message, sizeof(it.held[i].message));
                return;
            }
        }
    }
    *why = (struct abi_stop){.verdict = ABI_CLEAN};
}

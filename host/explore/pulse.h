/*
 * pulse.h - waits for an event that is pulsed: see pulse.c.
 */
#ifndef HOST_EXPLORE_PULSE_H
#define HOST_EXPLORE_PULSE_H

#include <stdbool.h>
#include "abi/hypercall.h"
#include "abi/trace.h"
#include "host/machine/run.h"

void pulse_init(const struct run_request *request);
void pulse_begin_run(void);
/* An agent that is asked about: does it pulse an event? */
void pulse_note(uint64_t event);
GENERAL_REGISTERS_ONLY static inline void
pulse_look(const struct abi_agent *agent)
{
    if (agent->op == SP_PULSE_EVENT) {
        pulse_note(agent->object);
    }
}
/* Is there an event that is known to be pulsed? */
extern uint32_t pulse_known;
#define pulse_is_known() (pulse_known != 0) /* spin.h says why */
/* Does it wait for one of those? */
bool pulse_awaited(const struct abi_agent *agent);
/* Would it have to, and is it a step to begin to? */
bool pulse_begins(const struct abi_agent *agent);

#endif

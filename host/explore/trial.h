/*
 * trial.h - is it the driver's doing that a suspended thread holds another one up?
 */
#ifndef HOST_EXPLORE_TRIAL_H
#define HOST_EXPLORE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/hypercall.h"
#include "host/machine/run.h"

/* The schedule of the run that ended with ABI_SUSPEND_DOS. */
struct trial_step {
    uint32_t name;
    uint16_t op;
    uint16_t kind;
};

/* 0 or -ENOMEM; before the sandbox. */
int trial_init(void);
extern struct trial_step *trial_schedule; /* the explorer fills it as a run goes on: by step */
/* False: there is nothing to be tried, the finding stands. */
bool trial_begin(const struct abi_stop *why, uint32_t steps);
/* True: this run is the trial. */
extern bool trial_on;
#define trial_is_on() trial_on /* spin.h says why */
/* Who goes on in it; UINT32_MAX: it is over. */
uint32_t trial_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker);
/* What the run that was tried has ended with: as it was, of the first thread that is really held up, or
   clean if there is none. */
void trial_end(struct abi_stop *why);

#endif

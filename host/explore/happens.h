/*
 * happens.h - what happens before what in the run that is being made.
 */
#ifndef HOST_EXPLORE_HAPPENS_H
#define HOST_EXPLORE_HAPPENS_H

#include "host/explore/strategy.h"

struct step_touch {
    uint32_t object;       /* number in the table of objects */
    uint32_t before;       /* the step that touched it before: 1 + number, 0: none */
    uint32_t before_write; /* and the one that changed it */
    bool writes;
    uint8_t counts; /* enum touch_counts */
};

/* A step that was taken, and the question that it answered. */
struct step {
    agent_set enabled, present;
    uint64_t hash;  /* of what it is and of all that happens before it */
    uint64_t carry; /* what its agent's next step has of it in its own hash (H7) */
    uint64_t trace; /* of the set of steps up to it: the same for each order of one trace */
    uint32_t own;   /* this agent's step before it: 1 + number, 0: none */
    uint32_t rank;  /* steps of this agent before it that touch something */
    uint8_t agent;
    uint8_t touches;
    bool tells;  /* H7 */
    bool counts; /* operation_counts */
    bool steady; /* operation_is_steady */
    bool ends;   /* operation_is_end */
    /* H5 */
    uint8_t
        interrupts; /* of a step that queues an APC: the agent that it is queued to, and what that stood in front of */
    uint16_t interrupted_op;
    uint64_t interrupted_object;
    uint32_t delivered; /* this agent's last delivery up to here: 1 + number, 0: none */
    uint16_t op;
    uint16_t flags;
    struct step_touch touch[OPERATION_TOUCHES];
};

/* The run so far: step[0 .. steps). */
extern struct step *happens_step;
extern uint32_t happens_steps;
extern uint32_t happens_width; /* numbers in a clock: a multiple of 8 */

/* 0 or -ENOMEM. */
int happens_init(void);
/* Forgets the steps from number `steps` on. */
void happens_keep(uint32_t steps);
/* The question asked now: who is there? To be called before happens_take. */
void happens_ask(const struct question *question);
/*
 * `agent` takes its step. For each race that it has with an earlier one, latest first, `race` is told the
 * number of that one and the clock of this step as it would be without it.
 */
void happens_take(const struct question *question, uint32_t agent,
                  void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock));
/* The same for an agent that is blocked at the end of a run: nothing is taken. */
void happens_blocked(const struct question *end, uint32_t agent,
                     void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock));

/* What the step does to an object that it touches. */
const struct step_touch *happens_touch(const struct step *step, uint32_t object);
/* Of an object's number: see struct touch. */
uint64_t happens_key(uint32_t object);
/* Of a step: for each agent 1 + the number of its last step that happens before (or is) it. */
const uint32_t *happens_clock(uint32_t step);
/* The agent's first step with a number above `step`: 1 + number, 0: none. */
uint32_t happens_next(uint32_t agent, uint32_t step);
/* Of the steps taken, in any order that does not matter; 0 at the root. */
static inline uint64_t
happens_trace(void)
{
    return happens_steps == 0 ? 0 : happens_step[happens_steps - 1].trace;
}
static inline bool
happens_before(uint32_t earlier, uint32_t later)
{
    return happens_clock(later)[happens_step[earlier].agent] > earlier;
}

/* D3: whom what `agent` would do keeps from what they stand in front of, blocked or not: it queues an APC to them, or ends the run instead of letting time pass. */
agent_set happens_kept_from(const struct question *question, uint32_t agent);
/* A run has come to its end, or has crashed: who could have stepped instead of the last step, and is gone with it. */
agent_set end_took_away(const struct question *end, const struct step *last);

/* Does all that others did happen before what the agent of the last step does from now on? */
bool happens_before_all(uint32_t steps);

/* Is there nothing but the agent's own steps that comes after step `since` and before this clock? */
bool happens_initial(const uint32_t *clock, uint32_t agent, uint32_t since);

#endif

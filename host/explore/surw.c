/*
 * surw.c - uniform random walks (Zhao, Wolff, Mathur, Roychoudhury 2025), `urw` and `surw`.
 *
 * If an agent goes on with a probability proportional to the steps that it has left, all interleavings
 * are equally likely. How many it has is learnt in the first runs; an agent's steps include those of
 * agents that it has not created yet; of several runs that were learnt from, the most. `surw` does so for the operations on one object only, another
 * one in each run: an agent is meant to be next there, the others wait in front of theirs; what is
 * done elsewhere comes in any order.
 *
 *   S1  Agents are told by their names here, for their numbers may differ between runs.
 *   S2  An agent that nothing is known of has one step.
 */
#include "host/explore/sampled.h"

#define MAX_PROFILE 128 /* names */
#define MAX_SHARED  64  /* objects */

struct profile {
    uint32_t name, parent;   /* parent: 1 + profile, 0: there at the root */
    uint32_t steps, now;     /* most of a run; of this one */
    uint32_t on[MAX_SHARED]; /* of these on each object */
    uint32_t on_now[MAX_SHARED];
};

static struct random numbers;
static uint64_t seed, ended;
static struct profile profile[MAX_PROFILE];
static uint32_t profiles;
static uint64_t shared[MAX_SHARED]; /* keys */
static uint32_t objects;
static bool learning;
static uint32_t selected; /* 1 + object, 0: all operations count */
static uint32_t intended;
static uint32_t left[MAX_AGENTS];    /* steps, with those of agents to come */
static uint8_t known_as[MAX_AGENTS]; /* 1 + profile */
static agent_set known;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    ended = 0;
    profiles = objects = 0;
    return 0;
}

static uint32_t
find(uint32_t name)
{
    uint32_t i;

    for (i = 0; i < profiles && profile[i].name != name; i++) {
    }
    return i;
}

static uint32_t
weight(uint32_t number)
{
    return selected == 0 ? profile[number].steps : profile[number].on[selected - 1];
}

/* Steps of an agent and of all that come from it. */
static uint32_t
all_of(uint32_t number)
{
    uint32_t sum = weight(number);

    for (uint32_t i = number + 1; i < profiles; i++) {
        if (profile[i].parent == number + 1) {
            sum += all_of(i);
        }
    }
    return sum;
}

void
surw_begin(uint64_t run, bool selective)
{
    numbers = run_numbers(seed, selective ? 0x535552 : 0x5552, run);
    learning = ended < WARM;
    known = 0;
    selected = 0;
    intended = NO_AGENT;
    if (selective && objects > 0) {
        agent_set candidates = 0;

        for (uint32_t i = 0; i < objects; i++) {
            uint32_t users = 0;

            for (uint32_t j = 0; j < profiles; j++) {
                users += profile[j].on[i] != 0;
            }
            candidates |= (uint64_t)(users > 1) << i;
        }
        selected = candidates != 0 ? random_agent(&numbers, candidates) + 1 : 0;
    }
}

static bool
begin_urw(uint64_t run)
{
    surw_begin(run, false);
    return true;
}

static bool
begin_surw(uint64_t run)
{
    surw_begin(run, true);
    return true;
}

static bool
counts(const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count;

    if (selected == 0) {
        return true;
    }
    count = operation_touches(operation, touch);
    for (uint32_t i = 0; i < count; i++) {
        if (touch[i].key == shared[selected - 1]) {
            return true;
        }
    }
    return false;
}

static void
meet(const struct question *question, uint32_t agent)
{
    uint32_t number = find(explorer_name(agent));

    if (number == profiles && learning && profiles < MAX_PROFILE) {
        profile[profiles++] =
            (struct profile){.name = explorer_name(agent),
                             .parent = question->last == NO_AGENT ? 0 : known_as[question->last]};
    }
    known_as[agent] = number < profiles ? (uint8_t)(number + 1) : 0;
    left[agent] = number < profiles ? all_of(number) : 1; /* S2 */
    if (question->last != NO_AGENT && left[question->last] > left[agent]) {
        left[question->last] -= left[agent];
    }
    known |= set_one(agent);
}

/* A step of the profile's run. */
static void
learn(uint32_t agent, const struct operation *operation)
{
    struct profile *of = &profile[known_as[agent] - 1];
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch);

    of->now++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t object;

        for (object = 0; object < objects && shared[object] != touch[i].key; object++) {
        }
        if (object == objects && objects < MAX_SHARED) {
            shared[objects++] = touch[i].key;
        }
        if (object < objects) {
            of->on_now[object]++;
        }
    }
}

static uint32_t
by_weight(agent_set set)
{
    uint64_t sum = 0, drawn;

    for (agent_set rest = set; rest != 0; rest &= rest - 1) {
        uint32_t steps = left[set_first(rest)];

        sum += steps == 0 ? 1 : steps;
    }
    drawn = random_below(&numbers, sum);
    for (agent_set rest = set;; rest &= rest - 1) {
        uint32_t agent = set_first(rest), steps = left[agent];

        steps += steps == 0;
        if (drawn < steps) {
            return agent;
        }
        drawn -= steps;
    }
}

static uint32_t
choose(const struct question *question)
{
    agent_set enabled = question->enabled, waiting = 0;
    uint32_t chosen;

    for (agent_set fresh = question->present & ~known; fresh != 0; fresh &= fresh - 1) {
        meet(question, set_first(fresh));
    }
    if (learning || question->step >= UNFAIR_STEPS) {
        chosen = random_agent(&numbers, enabled);
    } else if (selected == 0) {
        chosen = by_weight(enabled);
    } else {
        for (agent_set set = enabled; set != 0; set &= set - 1) {
            uint32_t agent = set_first(set);

            waiting |= (agent_set)counts(&question->next[agent]) << agent;
        }
        if (intended == NO_AGENT || (question->present >> intended & 1) == 0 ||
            (waiting == enabled && (enabled >> intended & 1) == 0)) {
            intended = by_weight(waiting == enabled ? enabled : question->present);
        }
        waiting &= ~set_one(intended);
        chosen = random_agent(&numbers, waiting == enabled ? enabled : enabled & ~waiting);
    }
    if (counts(&question->next[chosen])) {
        left[chosen] -= left[chosen] > 0;
        intended = NO_AGENT;
    }
    if (learning && known_as[chosen] != 0) {
        learn(chosen, &question->next[chosen]);
    }
    return chosen;
}

static void
keep_most(uint32_t *most, uint32_t *now)
{
    *most = *now > *most ? *now : *most;
    *now = 0;
}

static void
end(const struct question *question, bool cut)
{
    for (uint32_t i = 0; i < profiles && learning; i++) {
        keep_most(&profile[i].steps, &profile[i].now);
        for (uint32_t j = 0; j < objects; j++) {
            keep_most(&profile[i].on[j], &profile[i].on_now[j]);
        }
    }
    ended++;
}

const struct strategy strategy_urw = {
    .name = "urw",
    .init = init,
    .begin = begin_urw,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
    .warm = WARM,
};

const struct strategy strategy_surw = {
    .name = "surw",
    .init = init,
    .begin = begin_surw,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_SAMPLED,
    .by_questions = true,
    .warm = WARM,
};

/*
 * minimise.c - a finding's schedule made small: the same failure with less around it.
 *
 * A schedule is a list of blocks, "this agent, until it has made n steps of its own". So a block that
 * is left out is not lost: its steps are made when the agent's next block comes, or at the end. Each
 * trial plays a list tolerantly: a block whose agent cannot step is left, and where the list ends the
 * default schedule goes on (who stepped last, as long as it can). A trial counts if it ends with the
 * same signature and costs less; then what was really played becomes the best list.
 *
 *     FIRST      as it was found: gives the signature
 *     AGENTS     without one agent's blocks at all
 *     CHUNKS     delta debugging: halves, quarters, ... single blocks left out
 *     MERGE      a block is joined with the next one of the same agent
 *     BOUND      every schedule with fewer preemptions: none fails, or a better one is found
 *     NO_RETURN  after which step every continuation fails; random ones tell
 *
 *   Z1  Cost, in this order: injected events, preemptions, agents that take part, blocks, steps.
 *   Z2  Whatever is best so far lies in the results: the search can end at any time.
 *   Z3  "Certified" is said only if BOUND has come to its end.
 *   Z4  BOUND preempts an agent only before an operation on something that another agent also uses, as
 *       far as all runs until now have shown: elsewhere the preemption can as well come later. If such a
 *       thing is first seen while a bound is searched, that bound is searched again. With fewer processors than threads
 *       it comes anywhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "host/explore/strategy.h"

#define MAX_BOUND_DEPTH 4096
#define MAX_BOUND_RUNS  20000
#define MAX_USES        4096
#define CONTINUATIONS   32
#define MAX_CONTINUED   4000 /* steps of a run that is continued at random so often */

enum phase { FIRST, AGENTS, CHUNKS, MERGE, BOUND, NO_RETURN, BEFORE, OVER };

struct block {
    uint32_t agent; /* name */
    uint32_t until; /* steps that it has made by then, from the root */
};

struct cost {
    uint32_t injections, preemptions, agents, blocks, steps;
};

/* A question on the path of BOUND. */
struct branch {
    agent_set untried;
    uint8_t chosen;
    uint32_t preemptions, injections; /* before it */
};

/* An object, and who has used it. */
struct use {
    uint64_t object; /* 0: free */
    uint8_t agent;
    bool shared;
};

static struct {
    enum phase phase;
    uint64_t signature;
    struct cost cost; /* of the best */
    struct block *best, *trial;
    uint32_t best_blocks, trial_blocks;
    uint32_t *schedule; /* the best one, as names */
    uint32_t original;  /* steps of what was found */
    /* AGENTS, CHUNKS, MERGE */
    uint32_t at, chunk;
    bool improved, certified;
    /* BOUND */
    struct branch *path;
    uint32_t depth, prefix, bound, bound_runs;
    bool too_deep;
    struct use *uses; /* by a hash of the object */
    bool all_shared;  /* there are too many */
    bool learnt;      /* Z4 */
    bool fair;        /* the failure comes in the fair end of a run */
    /* NO_RETURN: every continuation after `high` steps fails, not each one after `low` does */
    uint32_t low, high, middle, sample, failed;
    struct random numbers;
    /* the run */
    uint32_t cursor, step, limit;
    uint32_t own[MAX_AGENTS];
    uint32_t preemptions, injections;
} it;

static int
init(const struct run_search *search)
{
    it.best = calloc(MAX_STEPS, sizeof(*it.best));
    it.trial = calloc(MAX_STEPS, sizeof(*it.trial));
    it.schedule = calloc(MAX_STEPS, sizeof(*it.schedule));
    it.path = calloc(MAX_BOUND_DEPTH, sizeof(*it.path));
    it.uses = calloc(MAX_USES, sizeof(*it.uses));
    if (it.best == NULL || it.trial == NULL || it.schedule == NULL || it.path == NULL ||
        it.uses == NULL) {
        return -ENOMEM;
    }
    it.all_shared = search->few;
    it.original =
        search->schedule_length < MAX_STEPS ? (uint32_t)search->schedule_length : MAX_STEPS;
    memcpy(it.schedule, search->schedule, it.original * sizeof(*it.schedule));
    return 0;
}

static struct use *
use_of(uint64_t object)
{
    uint64_t at = object * 0x9E3779B97F4A7C15ull >> 40;

    for (uint32_t i = 0; i < 64; i++, at++) {
        struct use *use = &it.uses[at % MAX_USES];

        if (use->object == object || use->object == 0) {
            return use;
        }
    }
    return NULL;
}

static void
learn(const struct operation *operation, uint32_t agent)
{
    for (uint32_t i = 0; i < operation->objects; i++) {
        struct use *use = operation->object[i] != 0 ? use_of(operation->object[i]) : NULL;

        if (use == NULL) {
            it.all_shared = it.all_shared || operation->object[i] != 0;
        } else if (use->object == 0) {
            *use = (struct use){operation->object[i], (uint8_t)agent, false};
        } else if (use->agent != agent && !use->shared) {
            use->shared = true;
            it.learnt = true;
        }
    }
}

static bool
is_shared(const struct operation *operation)
{
    for (uint32_t i = 0; i < operation->objects; i++) {
        struct use *use = operation->object[i] != 0 ? use_of(operation->object[i]) : NULL;

        if (operation->object[i] != 0 && (use == NULL || use->shared)) {
            return true;
        }
    }
    return it.all_shared;
}

/* The list of blocks of a schedule that was played. */
static uint32_t
blocks_of(const uint32_t *schedule, uint32_t steps, struct block *out, uint32_t *agents)
{
    uint32_t names[MAX_AGENTS], made[MAX_AGENTS], blocks = 0, count = 0;

    for (uint32_t i = 0; i < steps; i++) {
        uint32_t who = 0;

        while (who < count && names[who] != schedule[i]) {
            who++;
        }
        if (who == MAX_AGENTS) {
            continue; /* cannot be: no run has that many */
        }
        if (who == count) {
            names[count] = schedule[i];
            made[count++] = 0;
        }
        made[who]++;
        if (blocks != 0 && out[blocks - 1].agent == schedule[i]) {
            out[blocks - 1].until = made[who];
        } else {
            out[blocks++] = (struct block){schedule[i], made[who]};
        }
    }
    *agents = count;
    return blocks;
}

static bool
cheaper(const struct cost *a, const struct cost *b)
{
    return a->injections != b->injections     ? a->injections < b->injections
           : a->preemptions != b->preemptions ? a->preemptions < b->preemptions
           : a->agents != b->agents           ? a->agents < b->agents
           : a->blocks != b->blocks           ? a->blocks < b->blocks
                                              : a->steps < b->steps;
}

static void
enter(enum phase phase)
{
    it.phase = phase;
    it.at = 0;
    it.improved = false;
    if (phase == CHUNKS) {
        it.chunk = it.best_blocks > 1 ? it.best_blocks / 2 : 1;
    } else if (phase == BOUND) {
        it.bound = it.depth = it.prefix = it.bound_runs = 0;
        it.too_deep = it.learnt = false;
    } else if (phase == NO_RETURN) {
        it.low = it.sample = 0;
        it.high = it.cost.steps;
        it.middle = 0; /* perhaps it always fails */
    } else if (phase == BEFORE) {
        it.sample = it.failed = 0;
    }
}

/* Leaves out best[from..to). */
static void
without(uint32_t from, uint32_t to)
{
    it.trial_blocks = 0;
    for (uint32_t i = 0; i < it.best_blocks; i++) {
        if (i < from || i >= to) {
            it.trial[it.trial_blocks++] = it.best[i];
        }
    }
}

/* The first block of each agent stands for it. */
static bool
without_agent(void)
{
    for (; it.at < it.best_blocks; it.at++) {
        bool first = true;

        for (uint32_t i = 0; i < it.at && first; i++) {
            first = it.best[i].agent != it.best[it.at].agent;
        }
        if (!first) {
            continue;
        }
        it.trial_blocks = 0;
        for (uint32_t i = 0; i < it.best_blocks; i++) {
            if (it.best[i].agent != it.best[it.at].agent) {
                it.trial[it.trial_blocks++] = it.best[i];
            }
        }
        return true;
    }
    return false;
}

static bool
merged(void)
{
    for (; it.at < it.best_blocks; it.at++) {
        for (uint32_t j = it.at + 2; j < it.best_blocks; j++) {
            if (it.best[j].agent == it.best[it.at].agent) {
                without(j, j + 1);
                it.trial[it.at].until = it.best[j].until;
                return true;
            }
        }
    }
    return false;
}

/* The next schedule within the bound; false: there is none. */
static bool
next_bounded(void)
{
    for (; it.bound < it.cost.preemptions; it.bound += !it.learnt, it.learnt = false) {
        if (it.bound_runs == 0 && it.depth == 0) {
            it.prefix = 0;
            return true;
        }
        if (it.bound_runs >= MAX_BOUND_RUNS || it.too_deep) {
            it.too_deep = true;
            return false;
        }
        while (it.depth > 0 && it.path[it.depth - 1].untried == 0) {
            it.depth--;
        }
        if (it.depth > 0) {
            struct branch *branch = &it.path[it.depth - 1];

            branch->chosen = (uint8_t)set_first(branch->untried);
            branch->untried &= branch->untried - 1;
            it.prefix = it.depth;
            return true;
        }
        it.bound_runs = 0;
    }
    return false;
}

/* What to try next; false: all is done. */
static bool
next_trial(void)
{
    for (;;) {
        switch (it.phase) {
        case FIRST:
            it.trial_blocks = blocks_of(it.schedule, it.original, it.trial, &it.cost.agents);
            return true;
        case AGENTS:
            if (without_agent()) {
                return true;
            }
            enter(CHUNKS);
            break;
        case CHUNKS:
            if (it.at < it.best_blocks) {
                without(it.at, it.at + it.chunk);
                return true;
            }
            if (it.chunk > 1) {
                it.chunk /= 2;
                it.at = 0;
            } else if (it.improved) {
                it.at = 0;
                it.improved = false;
            } else {
                enter(MERGE);
            }
            break;
        case MERGE:
            if (merged()) {
                return true;
            }
            if (it.improved) {
                enter(CHUNKS);
            } else {
                enter(it.certified ? NO_RETURN : BOUND);
            }
            break;
        case BOUND:
            if (it.fair) { /* its runs would not end */
                enter(NO_RETURN);
                break;
            }
            if (next_bounded()) {
                return true;
            }
            it.certified = !it.too_deep;
            enter(NO_RETURN);
            break;
        case NO_RETURN:
            if (it.cost.steps > MAX_CONTINUED || it.fair) {
                it.phase = OVER;
                break;
            }
            if (it.low < it.high) {
                return true;
            }
            enter(BEFORE);
            break;
        case BEFORE:
            if (it.high > 0 && it.sample < CONTINUATIONS) {
                return true;
            }
            it.phase = OVER;
            break;
        case OVER:
            return false;
        }
    }
}

static bool
begin(uint64_t run)
{
    it.cursor = it.step = 0;
    it.preemptions = it.injections = 0;
    memset(it.own, 0, sizeof(it.own));
    /* A run that has become much longer than the finding is not worth its time. */
    it.limit = it.original < MAX_STEPS / 4 ? it.original * 2 + 1000 : MAX_STEPS;
    it.numbers.state = run * 0x9E3779B97F4A7C15ull;
    random_next(&it.numbers);
    return next_trial();
}

static bool
can_step(const struct question *question, uint32_t agent)
{
    return agent != NO_AGENT && (question->enabled >> agent & 1) != 0;
}

static uint32_t
play(const struct question *question)
{
    while (it.cursor < it.trial_blocks) {
        const struct block *block = &it.trial[it.cursor];
        uint32_t agent = explorer_named(question->enabled, block->agent);

        if (agent != NO_AGENT && it.own[agent] < block->until) {
            return agent;
        }
        it.cursor++;
    }
    /* What was found after everybody began to take turns (fair.c) is looked for there. */
    it.fair = it.fair || (it.phase == FIRST && question->step >= it.original);
    return it.fair ? ANSWER_FAIR : question_first(question, question->enabled);
}

static uint32_t
continue_at_random(const struct question *question, uint32_t prefix)
{
    uint32_t agent;

    if (question->step < prefix) {
        agent = explorer_named(question->enabled, it.schedule[question->step]);
        return agent == NO_AGENT ? ANSWER_CUT : agent;
    }
    return set_nth(question->enabled,
                   (uint32_t)random_below(&it.numbers, set_count(question->enabled)));
}

static uint32_t
bounded(const struct question *question)
{
    struct branch *branch = &it.path[question->step];
    agent_set options = question->enabled;
    uint32_t first = question_first(question, question->enabled);

    if (question->step < it.prefix) {
        return (options >> branch->chosen & 1) != 0 ? branch->chosen : ANSWER_CUT;
    }
    if (question->step >= MAX_BOUND_DEPTH) {
        it.too_deep = true;
        return ANSWER_CUT;
    }
    if (can_step(question, question->last) &&
        (it.preemptions >= it.bound || !is_shared(&question->next[question->last]))) {
        options = set_one(question->last);
    }
    for (agent_set set = options; set != 0 && it.injections >= it.cost.injections; set &= set - 1) {
        uint32_t agent = set_first(set);

        if (agent != first && operation_injected(&question->next[agent])) {
            options &= ~set_one(agent);
        }
    }
    *branch = (struct branch){.untried = options & ~set_one(first), .chosen = (uint8_t)first};
    it.depth = question->step + 1;
    return first;
}

static uint32_t
choose(const struct question *question)
{
    uint32_t agent = it.phase == BOUND       ? bounded(question)
                     : it.phase == NO_RETURN ? continue_at_random(question, it.middle)
                     : it.phase == BEFORE    ? continue_at_random(question, it.high - 1)
                                             : play(question);

    if (agent == ANSWER_FAIR) {
        return ANSWER_FAIR;
    }
    if (agent == ANSWER_CUT || question->step >= it.limit) {
        return ANSWER_CUT;
    }
    it.preemptions += can_step(question, question->last) && agent != question->last &&
                      !operation_injected(&question->next[agent]);
    it.injections += operation_injected(&question->next[agent]);
    it.own[agent]++;
    learn(&question->next[agent], agent);
    return agent;
}

static void
end(const struct question *question, bool cut)
{
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        learn(&question->next[agent], agent);
    }
}

/* Z2 */
static void
publish(const struct outcome *outcome)
{
    struct search_results *results = outcome->results;
    struct search_finding *finding = &results->finding[0];

    *finding = (struct search_finding){.stop = *outcome->why,
                                       .hash = outcome->hash,
                                       .signature = outcome->signature,
                                       .times = 1,
                                       .schedule_length = outcome->steps,
                                       .preemptions = it.cost.preemptions,
                                       .injections = it.cost.injections,
                                       .no_return = outcome->steps};
    memcpy(results->schedule, outcome->schedule, outcome->steps * sizeof(*outcome->schedule));
    memcpy(it.schedule, outcome->schedule, outcome->steps * sizeof(*outcome->schedule));
    results->schedules = outcome->steps;
    results->findings = 1;
}

static struct cost
cost_of(const struct outcome *outcome, uint32_t blocks, uint32_t agents)
{
    return (struct cost){it.injections, it.preemptions, agents, blocks, outcome->steps};
}

/* Was it the same failure, for less? Then it is the best. */
static bool
take(const struct outcome *outcome)
{
    uint32_t agents = 0, blocks;
    struct cost cost;

    if (outcome->why == NULL || outcome->signature != it.signature || outcome->steps > MAX_STEPS) {
        return false;
    }
    blocks = blocks_of(outcome->schedule, outcome->steps, it.trial, &agents);
    cost = cost_of(outcome, blocks, agents);
    if (it.phase != FIRST && !cheaper(&cost, &it.cost)) {
        return false;
    }
    it.cost = cost;
    memcpy(it.best, it.trial, blocks * sizeof(*it.best));
    it.best_blocks = blocks;
    publish(outcome);
    return true;
}

static void
judge_continuation(bool same)
{
    it.sample++;
    if (!same) {
        it.low = it.middle + 1;
    } else if (it.sample == CONTINUATIONS) {
        it.high = it.middle;
    } else {
        return;
    }
    it.sample = 0;
    it.middle = it.low + (it.high - it.low) / 2;
}

static void
judge(const struct outcome *outcome)
{
    bool same = outcome->why != NULL && outcome->signature == it.signature;
    struct search_finding *finding = &outcome->results->finding[0];

    switch (it.phase) {
    case FIRST:
        it.signature = outcome->signature;
        if (outcome->why != NULL && take(outcome)) {
            enter(AGENTS);
        } else {
            it.phase = OVER; /* it does not even fail */
        }
        return;
    case AGENTS:
        it.at = take(outcome) ? 0 : it.at + 1;
        break;
    case CHUNKS:
        if (take(outcome)) {
            it.improved = true;
        } else {
            it.at += it.chunk;
        }
        break;
    case MERGE:
        if (take(outcome)) {
            it.improved = true;
        } else {
            it.at++;
        }
        break;
    case BOUND:
        it.bound_runs++;
        if (take(outcome)) {
            it.certified = true; /* fewer were all tried before */
            enter(CHUNKS);
        }
        break;
    case NO_RETURN:
        judge_continuation(same);
        break;
    case BEFORE:
        it.sample++;
        it.failed += same;
        break;
    case OVER:
        break;
    }
    finding->certified = it.certified || it.cost.preemptions == 0;
    finding->trials = (uint32_t)outcome->run + 1;
    if (it.phase == NO_RETURN || it.phase == BEFORE) {
        finding->no_return = it.high;
        finding->failed_before = it.failed;
        finding->continuations = it.phase == BEFORE ? it.sample : 0;
    }
}

const struct strategy strategy_minimise = {.name = "minimise",
                                           .init = init,
                                           .begin = begin,
                                           .choose = choose,
                                           .end = end,
                                           .exhausted = SEARCH_EXHAUSTED,
                                           .judge = judge};

/*
 * brute.c - every schedule, one after the other, and how many traces they are: the oracle that the strategies
 * which leave schedules out are held against. `--strategy brute`, and for programs that are too large for
 * that `--strategy lattice`.
 *
 * Nothing here knows how those do it: a trace is told by the set of its steps, each with the steps before it that it
 * depends on (dependence.c), compared pair by pair.
 *
 *   O1  brute leaves nothing out. lattice ends a run that has come to a beginning of a trace from which all has been
 *       searched before.
 *   O2  Two beginnings of one trace leave the same question: the same agents, each in front of the same operation,
 *       as able to make it. If they do not, something that matters is missing in the table of what depends on what, and
 *       the search ends there, saying so.
 *   O3  Two schedules of one trace end in the same way.
 *   O4  A run that crashed is told by its last step and what that depends on: what others did beside it does not matter. Here an agent
 *       depends on the step that made or woke it too.
 *   O5  What an agent does at its end, and nobody else depends on, tells no trace from another: trace_of_run.
 *       Where nobody could go on for ever there is no such end: who got a lock that is never given back tells one deadlock from another.
 *   O8  A step that touches nothing tells no trace from another either: an APC that comes in front of one (a system service is entered, a region
 *       has been left) and one behind it are the same.
 *   O7  What the environment could not add now is told by its name alone: what it would be about (a request that is no longer there)
 *       may be as it was told last.
 *   O6  Where O2 does not hold, both schedules are told, and whom the questions differ about.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

#define MAX_KNOWN (1u << 22)
#define MAX_STOOD (1u << 26)

/* O6. An agent in front of an operation. */
struct stood {
    uint64_t hash, object;
    uint32_t name;
    uint16_t op;
    bool able;
};

struct taken {
    agent_set todo; /* agents that are still to be tried here */
    uint64_t hash;  /* of the step and of what it depends on */
    uint64_t past;  /* O4: the same, with what made or woke its agent */
    uint64_t trace;
    agent_set present;
    uint32_t
        beginning; /* O6: 1 + entry of `beginnings` that the question in front of it is, 0: none */
    uint8_t chosen;
    uint8_t touches;
    bool tells; /* O8 */
    struct touch touch[OPERATION_TOUCHES];
    struct stood step; /* O6 */
};

struct known {
    uint64_t key, value;
};

/* How the beginning in an entry was come to first, and the question there. */
struct story {
    uint32_t before;       /* 1 + entry, 0: the root */
    uint32_t first, count; /* of `stood`; count 0: no room */
    struct stood step;
};

static struct taken *path;
static struct known *beginnings, *traces;
static struct story *stories; /* of the beginnings */
static struct stood *stood;
static uint32_t stood_used;
static uint32_t steps, prefix, beginnings_used, traces_used;
static bool merges;

static int
init(const struct run_search *search)
{
    if (path == NULL) {
        path = search_reserve(MAX_STEPS * sizeof(*path));
        beginnings = search_reserve(MAX_KNOWN * sizeof(*beginnings));
        traces = search_reserve(MAX_KNOWN * sizeof(*traces));
        stories = search_reserve(MAX_KNOWN * sizeof(*stories));
        stood = search_reserve(MAX_STOOD * sizeof(*stood));
    }
    if (path == NULL || beginnings == NULL || traces == NULL || stories == NULL || stood == NULL) {
        return -ENOMEM;
    }
    if (beginnings_used != 0) {
        search_clear(beginnings, MAX_KNOWN * sizeof(*beginnings));
        search_clear(traces, MAX_KNOWN * sizeof(*traces));
    }
    steps = prefix = beginnings_used = traces_used = stood_used = 0;
    return 0;
}

static int
init_brute(const struct run_search *search)
{
    merges = false;
    return init(search);
}

static int
init_lattice(const struct run_search *search)
{
    merges = true;
    return init(search);
}

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 31)) * 0x7FB5D329728EA185ull;
    z = (z ^ (z >> 27)) * 0x81DADEF4BC2DD44Dull;
    return z ^ (z >> 33);
}

/* The entry of a key, which is put into it if it is new and there is room. NULL: there is none. */
static struct known *
known_of(struct known *table, uint32_t *used, uint64_t key, bool *is_new)
{
    key |= key == 0;
    for (uint64_t at = mix(key);; at++) {
        struct known *entry = &table[at & (MAX_KNOWN - 1)];

        *is_new = entry->key != key;
        if (entry->key == key) {
            return entry;
        }
        if (entry->key == 0) {
            if (*used >= MAX_KNOWN / 4 * 3) {
                return NULL;
            }
            ++*used;
            entry->key = key;
            return entry;
        }
    }
}

static bool
depends(const struct taken *a, const struct taken *b)
{
    for (uint32_t i = 0; i < a->touches; i++) {
        for (uint32_t j = 0; j < b->touches; j++) {
            if (a->touch[i].key == b->touch[j].key &&
                touches_conflict(a->touch[i].writes, a->touch[i].counts, b->touch[j].writes,
                                 b->touch[j].counts)) {
                return true;
            }
        }
    }
    return a->chosen == b->chosen;
}

/* O2: an agent that is there, and before what. */
static struct stood
stood_of(const struct question *question, uint32_t agent)
{
    const struct operation *operation = &question->next[agent];
    struct stood one = {.name = explorer_name(agent),
                        .op = operation->op,
                        .object = operation->object[0],
                        .able = (question->enabled >> agent & 1) != 0};
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch);
    uint64_t hash = mix(one.name + ((uint64_t)one.op << 32));

    if (operation_injected(operation) && !one.able) { /* O7 */
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        hash += mix(touch[i].key + touch[i].writes);
    }
    one.hash = mix(hash + one.able);
    return one;
}

/* 1 + the step behind which the agent of path[at] was there (again), 0: it was at the root, or has made a step since. */
static uint32_t
made_by(uint32_t at)
{
    uint32_t agent = path[at].chosen;

    for (uint32_t i = at; i > 0 && path[i - 1].chosen != agent; i--) {
        if ((path[i - 1].present >> agent & 1) == 0) {
            return i;
        }
    }
    return 0;
}

/* The agent of path[at] takes its step. */
static void
take(uint32_t at, const struct question *question)
{
    struct taken *step = &path[at];
    const struct operation *operation = &question->next[step->chosen];
    uint64_t hash = mix(explorer_name(step->chosen) + ((uint64_t)operation->op << 32) + 1);
    uint64_t past = hash;
    uint32_t maker = made_by(at);

    step->step = stood_of(question, step->chosen);
    step->touches = (uint8_t)operation_touches(operation, step->touch);
    step->tells = step->touches != 0;
    step->touches = (uint8_t)operation_touches_end(operation, step->touch, step->touches);
    step->present = question->present;
    for (uint32_t i = 0; i < at; i++) {
        if (!path[i].tells && path[i].chosen == step->chosen && i + 1 != maker) { /* O8 */
            continue;
        }
        if (depends(&path[i], step)) {
            hash += mix(path[i].hash);
            past += mix(path[i].past);
        } else if (i + 1 == maker) {
            past += mix(path[i].past);
        }
    }
    step->hash = mix(hash);
    step->past = mix(past);
    step->trace = step->hash + (at > 0 ? path[at - 1].trace : 0);
}

/* O2: who is there, before what. */
static uint64_t
hash_of(const struct question *question)
{
    uint64_t hash = 0;

    for (agent_set set = question->present; set != 0; set &= set - 1) {
        hash += stood_of(question, set_first(set)).hash;
    }
    return hash;
}

static void
keep_story(const struct question *question, struct story *story)
{
    const struct taken *last = &path[question->step - 1];

    *story = (struct story){.before = last->beginning, .first = stood_used, .step = last->step};
    for (agent_set set = question->present; set != 0 && stood_used < MAX_STOOD; set &= set - 1) {
        stood[stood_used++] = stood_of(question, set_first(set));
        story->count++;
    }
}

/* O6 */
static void
say(const char *what, const struct stood *one)
{
    char line[200];
    int used = snprintf(line, sizeof(line), "ntlab: %s %08x: %s %016lx%s\n", what, one->name,
                        operation_name(one->op), one->object, one->able ? "" : ", has to wait");

    worker_send(RUN_NOTE, line, (size_t)used);
}

static void
say_path(uint32_t beginning)
{
    if (beginning != 0) {
        say_path(stories[beginning - 1].before);
        say("    first:", &stories[beginning - 1].step);
    }
}

static bool
stands(const struct stood *list, uint32_t count, const struct stood *one)
{
    uint32_t i;

    for (i = 0; i < count && list[i].hash != one->hash; i++) {
    }
    return i < count;
}

static void
say_difference(const struct question *question, uint32_t beginning)
{
    const struct story *story = &stories[beginning - 1];
    uint32_t from = stood_used;
    struct story now;

    say_path(beginning);
    for (uint32_t i = 0; i < question->step; i++) {
        say("    now:", &path[i].step);
    }
    keep_story(question, &now);
    for (uint32_t i = 0; i < story->count; i++) {
        if (!stands(stood + from, now.count, &stood[story->first + i])) {
            say("only in the first question", &stood[story->first + i]);
        }
    }
    for (uint32_t i = 0; i < now.count; i++) {
        if (!stands(stood + story->first, story->count, &stood[from + i])) {
            say("only in this question", &stood[from + i]);
        }
    }
}

/* O1, O2. Has all from here been searched? */
static bool
searched(const struct question *question)
{
    struct known *entry;
    uint64_t hash = hash_of(question);
    bool is_new;

    entry = known_of(beginnings, &beginnings_used, path[question->step - 1].trace, &is_new);
    if (entry == NULL) {
        return false;
    }
    path[question->step].beginning = (uint32_t)(entry - beginnings) + 1;
    if (!is_new && entry->value != hash) {
        say_difference(question, path[question->step].beginning);
        worker_fail("two beginnings of one trace leave different questions, at step %u",
                    question->step);
    }
    if (is_new) {
        keep_story(question, &stories[entry - beginnings]);
    }
    entry->value = hash;
    return merges && !is_new;
}

static bool
begin(uint64_t run)
{
    if (run == 0) {
        return true;
    }
    for (prefix = steps; prefix > 0; prefix--) {
        if (path[prefix - 1].todo != 0) {
            steps = prefix - 1;
            return true;
        }
    }
    return false;
}

static uint32_t
shared(void)
{
    return prefix > 0 ? prefix - 1 : 0;
}

static bool
returns(uint32_t step)
{
    return step < steps && path[step].todo != 0;
}

static uint32_t
choose(const struct question *question)
{
    struct taken *step = &path[question->step];

    if (question->step < steps) {
        return step->chosen;
    }
    if (question->step + 1 != prefix) {
        step->todo = question->enabled;
        step->beginning = 0;
        if (question->step > 0 && searched(question)) {
            step->todo = 0;
            return ANSWER_CUT;
        }
    }
    step->chosen = (uint8_t)question_first(question, step->todo);
    step->todo &= ~set_one(step->chosen);
    take(question->step, question);
    steps = question->step + 1;
    return step->chosen;
}

/* Steps that nobody else could see are part of a trace too. */
static bool
alone(uint32_t count)
{
    return false;
}

/*
 * O5: the trace of a run that has come to its end, or `hangs`. What an agent does that nobody else's step depends on is left out:
 * it follows from the rest, and the run may have ended before it was done.
 */
static uint64_t
trace_of_run(bool hangs)
{
    uint64_t hash = 0;
    agent_set kept = 0; /* agents one of whose later steps matters */

    for (uint32_t i = steps; i-- > 0;) {
        bool matters = hangs || (kept >> path[i].chosen & 1) != 0;

        for (uint32_t j = i + 1; j < steps && !matters; j++) {
            matters = path[j].chosen != path[i].chosen && depends(&path[i], &path[j]);
        }
        if (matters) {
            kept |= set_one(path[i].chosen);
            hash += path[i].tells ? path[i].hash : 0; /* O8 */
        }
    }
    return hash;
}

/* O3, O4 */
static bool
repeats(const struct abi_stop *why, bool crashed)
{
    uint64_t ends = mix(((uint64_t)why->verdict << 32 | 1) + (uint64_t)why->code), trace = 0;
    struct known *entry;
    bool is_new;

    if (steps > 0) {
        trace = crashed ? ~path[steps - 1].past : trace_of_run(why->verdict != ABI_CLEAN);
    }
    entry = known_of(traces, &traces_used, trace, &is_new);
    if (entry == NULL) {
        return false;
    }
    if (!is_new && entry->value != ends) {
        worker_fail("two schedules of one trace do not end in the same way");
    }
    entry->value = ends;
    return !is_new;
}

const struct strategy strategy_brute = {.name = "brute",
                                        .init = init_brute,
                                        .begin = begin,
                                        .choose = choose,
                                        .shared = shared,
                                        .returns = returns,
                                        .alone = alone,
                                        .exhausted = SEARCH_EXHAUSTED,
                                        .repeats = repeats};

const struct strategy strategy_lattice = {.name = "lattice",
                                          .init = init_lattice,
                                          .begin = begin,
                                          .choose = choose,
                                          .shared = shared,
                                          .returns = returns,
                                          .alone = alone,
                                          .exhausted = SEARCH_EXHAUSTED,
                                          .repeats = repeats};

/*
 * bounded.c - all schedules with up to c preemptions and j injections: `bounded`, for c = j = 0, 1, 2 ...;
 * and with up to b delays: `delay`.
 *
 * A preemption is a switch away from an agent that could have gone on; an injection is a step of the
 * environment (a time-out, a suspension, an unload). Delays are deviations from one scheduler: who
 * stepped last goes on as long as it can, then the next one in order; each agent that could step and
 * is passed over costs one.
 *
 *   B1  Two beginnings of the same trace that ended with the same agent leave the same to do. The one
 *       that has spent no less is cut. (Partial-order reduction proper would be unsound here: whether
 *       a schedule is within a bound is not a matter of its trace.)
 *   B2  A trace counts once, whatever bound it was found with (told.h).
 *   B3  An operation on objects that no other agent has been seen at commutes with all that others do. To
 *       switch in front of it shows nothing that a switch behind it does not, at the same cost: so there
 *       is none, but in front of what only lets time pass, for the run's end may come instead. If an object turns out to be shared after all, the bound is searched again; if the operation crashes, nothing is behind it,
 *       and the switches in front of it are made after all.
 *   B4  Who yields is not preempted.
 *   B5  When a bound has cut nothing off, all is explored, and a greater one is of no use.
 *   B7  In a search that is split into shards each has the traces that are its own (split.c). B3 holds there too: if another agent touches
 *       the object behind the switch that is not made, the run with the operation in front of that switch goes the same way up to there, for nothing
 *       on it depends on the operation. So it is the same shard's, and that one meets both.
 *   B6  With fewer processors than threads who could step depends on more than the trace (who has a processor, what
 *       priority): nothing is cut (B1), and switches come everywhere (B3).
 */
#include <errno.h>
#include <string.h>
#include "host/explore/happens.h"
#include "host/explore/hashes.h"
#include "host/explore/split.h"
#include "host/explore/told.h"
#include "host/machine/machine.h"

#define MAX_BEGINNINGS (1u << 22)
#define MAX_OBJECTS    (1u << 18)
#define MOST_BOUND     1000 /* of preemptions: more than any run has */

struct node {
    agent_set todo;   /* agents within the bound that are still to be tried */
    agent_set before; /* B3: who would be among them, but for what the operation is on */
    bool beyond;      /* and there are others */
    uint16_t preemptions, injections; /* spent before this question */
    uint8_t chosen;
    struct split split;
};

/* B1. When the table is full less is cut. */
struct beginning {
    uint64_t key;
    uint16_t preemptions, injections;
};

/* B3 */
struct known_object {
    uint64_t key;
    uint32_t user; /* name of the first agent */
    bool shared;
};

static struct node *path;
static struct known_object *known;
static struct beginning *beginnings;
static struct hashes traces;
static uint32_t beginnings_used, known_used, epoch;
static uint32_t prefix; /* answers that are given */
static uint32_t bound, last_bound;
static uint32_t completed; /* 1 + bound that was completed */
static bool delays, cut_off, whole, again, few;
static bool skipped;   /* B7: the run has come to another shard's part */
static bool crashed;   /* the run that has ended */
static uint64_t loose; /* strategy.h: of the crash that has just ended */

static int
init(const struct run_search *search)
{
    if (path == NULL) {
        path = search_reserve(MAX_STEPS * sizeof(*path));
        beginnings = search_reserve(MAX_BEGINNINGS * sizeof(*beginnings));
        known = search_reserve(MAX_OBJECTS * sizeof(*known));
    }
    if (path == NULL || known == NULL || beginnings == NULL || hashes_init(&traces) != 0) {
        return -ENOMEM;
    }
    search_clear(beginnings, MAX_BEGINNINGS * sizeof(*beginnings));
    search_clear(known, MAX_OBJECTS * sizeof(*known));
    known_used = epoch = 0;
    again = false;
    beginnings_used = prefix = bound = completed = 0;
    cut_off = whole = false;
    few = search->few;
    last_bound = search->bound != 0 ? search->bound - 1 : MOST_BOUND;
    skipped = false;
    split_init(search);
    return happens_init();
}

static int
init_bounded(const struct run_search *search)
{
    delays = false;
    return init(search);
}

static int
init_delay(const struct run_search *search)
{
    delays = true;
    return init(search);
}

/* What it costs that `agent` goes on. */
static void
cost(const struct question *question, uint32_t agent, uint32_t *preemptions, uint32_t *injections)
{
    *injections = operation_injected(&question->next[agent]);
    *preemptions = 0;
    if (delays) {
        agent_set lower = question->last == NO_AGENT ? 0 : set_one(question->last) - 1;
        agent_set passed = set_one(agent) - 1;

        /* From the last one on, around, up to this one. */
        passed = agent >= question->last || question->last == NO_AGENT ? passed & ~lower
                                                                       : passed | ~lower;
        *preemptions = set_count(passed & question->enabled);
    } else if (question->last != NO_AGENT && agent != question->last && *injections == 0) {
        *preemptions = (question->enabled >> question->last & 1) != 0 &&
                       question->next[question->last].op != SP_YIELD; /* B4 */
    }
}

/* B3. When there is no room an object counts as shared. */
static struct known_object *
object_of(uint64_t key)
{
    for (uint64_t at = key * 0x9E3779B97F4A7C15ull >> 20;; at++) {
        struct known_object *object = &known[at & (MAX_OBJECTS - 1)];

        if (object->key == key) {
            return object;
        }
        if (object->key == 0) {
            return known_used >= MAX_OBJECTS / 4 * 3 ? NULL : object;
        }
    }
}

static void
meet(uint32_t agent, const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch), name = explorer_name(agent);

    for (uint32_t i = 0; i < count; i++) {
        struct known_object *object = object_of(touch[i].key);

        if (object == NULL) {
            continue;
        }
        if (object->key == 0) {
            *object = (struct known_object){.key = touch[i].key, .user = name};
            known_used++;
        } else if (object->user != name && !object->shared) {
            object->shared = true;
            again = true;
        }
    }
}

static void
meet_all(const struct question *question)
{
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        meet(agent, &question->next[agent]);
    }
}

static bool
is_local(const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch);

    for (uint32_t i = 0; i < count; i++) {
        const struct known_object *object = object_of(touch[i].key);

        if (object == NULL || object->shared) {
            return false;
        }
    }
    return operation->op != SP_YIELD && operation_touches_end(operation, touch, 0) == 0;
}

/* Who could go on within the bound; *beyond: somebody cannot. */
static agent_set
affordable(const struct node *node, const struct question *question, bool *beyond)
{
    agent_set agents = 0;

    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set), preemptions, injections;

        cost(question, agent, &preemptions, &injections);
        if (node->preemptions + preemptions <= bound && node->injections + injections <= bound) {
            agents |= set_one(agent);
        } else {
            *beyond = true;
        }
    }
    return agents;
}

/* Who is to be tried. */
static agent_set
within(struct node *node, const struct question *question)
{
    agent_set agents;

    node->before = 0;
    node->beyond = false;
    agents = affordable(node, question, &node->beyond);
    if (question->last != NO_AGENT && (question->enabled >> question->last & 1) != 0 && !few &&
        is_local(&question->next[question->last])) {
        node->before = agents & ~set_one(question->last);
        return set_one(question->last);
    }
    cut_off |= node->beyond;
    return agents;
}

/* Who costs least comes first. */
static uint32_t
cheapest(const struct question *question, agent_set agents)
{
    uint32_t best = NO_AGENT, least = UINT32_MAX;

    for (; agents != 0; agents &= agents - 1) {
        uint32_t agent = set_first(agents), preemptions, injections;

        cost(question, agent, &preemptions, &injections);
        if (preemptions + injections < least) {
            least = preemptions + injections;
            best = agent;
        }
    }
    return best;
}

/* B1: has the same beginning been searched, with no less left to spend? */
static bool
searched(const struct node *node, const struct question *question)
{
    bool matters =
        delays || (question->last != NO_AGENT && (question->enabled >> question->last & 1) != 0);
    uint64_t key =
        happens_trace() +
        (matters && question->last != NO_AGENT ? explorer_name(question->last) + 1ull : 0) *
            0x9E3779B97F4A7C15ull;
    struct beginning *entry;

    key += (epoch + 1ull) * 0xD6E8FEB86659FD93ull;
    key ^= key >> 29;
    for (uint64_t at = key;; at++) {
        entry = &beginnings[at & (MAX_BEGINNINGS - 1)];
        if (entry->key == key) {
            if (entry->preemptions <= node->preemptions && entry->injections <= node->injections) {
                return true;
            }
            break;
        }
        if (entry->key == 0) {
            if (beginnings_used >= MAX_BEGINNINGS / 4 * 3) {
                return false;
            }
            beginnings_used++;
            break;
        }
    }
    *entry = (struct beginning){key, node->preemptions, node->injections};
    return false;
}

static bool
begin(uint64_t run)
{
    if (run == 0) { /* in a shard for the second time */
        epoch++;
        prefix = 0;
        cut_off = again = false;
        happens_keep(0);
        return true;
    }
    for (prefix = happens_steps; prefix > 0; prefix--) {
        if (path[prefix - 1].todo != 0) {
            happens_keep(prefix - 1);
            return true;
        }
    }
    epoch++;
    if (!again) {
        completed = bound + 1;
        whole = !cut_off;
        if (whole || bound == last_bound) {
            return false;
        }
        bound++;
    }
    again = false;
    cut_off = false;
    if (beginnings_used > MAX_BEGINNINGS / 2) {
        memset(beginnings, 0, MAX_BEGINNINGS * sizeof(*beginnings));
        beginnings_used = 0;
    }
    happens_keep(0);
    return true;
}

static uint32_t
shared(void)
{
    return prefix > 0 ? prefix - 1 : 0;
}

static bool
returns(uint32_t step)
{
    return step < happens_steps && path[step].todo != 0;
}

static uint32_t
choose(const struct question *question)
{
    struct node *node = &path[question->step];
    uint32_t preemptions, injections;

    if (question->step < happens_steps) {
        if (happens_step[question->step].enabled != question->enabled) {
            worker_fail("the run does not repeat: another question at step %u", question->step);
        }
        return node->chosen;
    }
    happens_ask(question);
    if (question->step + 1 != prefix) {
        if (question->step == 0) {
            *node = (struct node){0};
        } else {
            node->split = split_follow(&node[-1].split);
        }
        skipped = node->split.decided && !split_learns() && !split_is_ours(&node->split);
        if (skipped || (question->step > 0 && !few && searched(node, question))) {
            node->todo = 0;
            return ANSWER_CUT;
        }
        meet_all(question);
        node->todo = within(node, question);
    }
    if (node->todo == 0) {
        return ANSWER_CUT;
    }
    node->chosen = (uint8_t)cheapest(question, node->todo);
    node->todo &= ~set_one(node->chosen);
    cost(question, node->chosen, &preemptions, &injections);
    if (question->step + 1 < MAX_STEPS) {
        node[1].preemptions = (uint16_t)(node->preemptions + preemptions);
        node[1].injections = (uint16_t)(node->injections + injections);
    }
    happens_take(question, node->chosen, NULL);
    return node->chosen;
}

/* B7: of the run that has ended. */
static enum split_whose
whose(const struct abi_stop *why, bool has_crashed)
{
    struct split split = {0};
    uint32_t seen[MAX_AGENTS];

    if (happens_steps > 0) {
        split = split_follow(&path[happens_steps - 1].split);
    }
    if (why ==
        NULL) { /* it was cut where all that there is has been searched, or lies beyond the bound */
        return split.decided ? SPLIT_OURS : split_whose(&(struct split){0}, happens_trace(), NULL);
    }
    if (has_crashed && happens_steps > 0) {
        return split_whose_crash(&split);
    }
    told_seen(seen);
    return split_whose(&split, told_trace(why, has_crashed), seen);
}

static bool
counts(const struct abi_stop *why, bool has_crashed)
{
    return !split_sharded() || split_learns() ||
           (!skipped && whose(why, has_crashed) != SPLIT_ANOTHERS);
}

static bool
repeats(const struct abi_stop *why, bool has_crashed)
{
    bool new = split_learns() || hashes_add(&traces, told_trace(why, has_crashed));
    bool stray = false;

    crashed = has_crashed;
    loose = 0;
    if (new && crashed && split_sharded() && !split_learns() && happens_steps > 0) {
        struct split split = split_follow(&path[happens_steps - 1].split);

        stray = split_whose_crash(&split) == SPLIT_STRAY;
        loose = split_crash_is_loose(&split) ? told_trace(why, true) : 0;
    }
    return !new || stray;
}

static uint64_t
loose_crash(void)
{
    return loose;
}

static void
end(const struct question *question, bool cut)
{
    meet_all(question);
    if (crashed && happens_steps > 0) { /* B3 */
        path[happens_steps - 1].todo |= path[happens_steps - 1].before;
        path[happens_steps - 1].before = 0;
        cut_off |= path[happens_steps - 1].beyond;
    }
    skipped = crashed = false;
    if (split_learns()) {
        split_learn();
    }
}

static void
tell(struct search_results *results)
{
    results->bound = completed;
    results->whole = whole;
}

/* B6: with fewer processors what is before what does not say that nobody else could step. */
static bool
alone(uint32_t steps)
{
    return few || happens_before_all(steps);
}

const struct strategy strategy_bounded = {
    .name = "bounded",
    .init = init_bounded,
    .begin = begin,
    .choose = choose,
    .shared = shared,
    .returns = returns,
    .alone = alone,
    .end = end,
    .exhausted = SEARCH_BOUNDED,
    .repeats = repeats,
    .counts = counts,
    .loose = loose_crash,
    .kind = STRATEGY_PARTED,
    .tell = tell,
};

const struct strategy strategy_delay = {
    .name = "delay",
    .init = init_delay,
    .begin = begin,
    .choose = choose,
    .shared = shared,
    .returns = returns,
    .alone = alone,
    .end = end,
    .exhausted = SEARCH_BOUNDED,
    .repeats = repeats,
    .counts = counts,
    .loose = loose_crash,
    .kind = STRATEGY_PARTED,
    .tell = tell,
};

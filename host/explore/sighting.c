/*
 * sighting.c - what is seen in the middle of a run, which goes on: data races, circles of waiting threads.
 *
 * Neither ends a run, so neither changes what a search counts. What is seen is kept with the schedule up to
 * there. A fresh worker makes that schedule small (minimise.c), and there the run ends (run_search.wanted).
 *
 * A data race: two agents stand in front of accesses to the same bytes, one of them a write, and both could go on.
 * Then nothing orders the two, and either can come directly before the other: the schedule that shows it
 * is the one that leads here. Where the accesses of a run are not ordered by what happens before what, there is a
 * run of the same trace's prefix in which they stand so; an exhaustive search comes to it when it
 * reverses the two.
 *
 *   G1  Two atomic accesses do not race. A plain one and an atomic one do if the compiler has told which is
 *       which (sanitize.c); in patched code a `mov` of a volatile variable looks like any other, and one beside an
 *       interlocked operation is mostly that.
 *   G2  Each pair of instructions counts once.
 *
 * A circle: each of its agents waits, without a time-out, for a lock that another one of them holds. It is
 * noted at the question at which it closes, whoever else goes on. Who holds what is known from the steps:
 *
 *   G3  Only an acquire that can have to wait, and had not to, makes a holder: of a try nobody knows here how it
 *       ended. What an agent held is forgotten when it passes points that nobody hears of, or ends; a call that is no
 *       question (inside.h, X11) is heard of all the same. What another one gives back for it nobody holds, nor what a wait
 *       names twice (KeFlushQueuedDpcs).
 *       So circles can be missed; a run that ends with all its threads waiting still shows them. None is invented.
 * A use of freed pool: an agent stands in front of an operation on something in a block that was freed (lifetime.c).
 *
 *   G5  If the run ends as a bugcheck, that is the finding.
 *
 *   G4  If the run ends as a hang, or as a circle that the kernel has seen itself, that is the finding, with all that the kernel knows of it.
 */
#include "host/explore/sighting.h"
#include <stdio.h>
#include <string.h>
#include "host/explore/lifetime.h"
#include "host/explore/order.h"
#include "host/machine/branch.h"
#include "host/machine/machine.h"

#define MAX_SEEN   32 /* of one run */
#define MAX_HELD   64
#define MAX_RACES  (SEARCH_FINDINGS / 2)
#define OUTLIVED   2000 /* choices after a circle has closed */
#define KI_MUTANT  2    /* of DISPATCHER_HEADER.Type */
#define RACE_SALT  0x52414345
#define CYCLE_SALT 0x4C4F434B

struct seen {
    uint64_t site[2]; /* of a race, the lower one first; else 0 */
    uint16_t uses;    /* a freed block, by this operation; 0: it is something else */
    bool own;         /* who uses it has freed it */
    uint64_t code[2]; /* the same, where it was before it was patched */
    uint64_t signature;
    bool known; /* it is among the results already */
    char where[2][160];
    uint64_t address;
    uint32_t scheduled;
    uint32_t step;
    bool writes[2];
    agent_set agents;
};

struct held {
    uint64_t object;
    uint8_t agent;
};

static struct seen seen[MAX_SEEN];
static uint32_t seen_count;
static struct held held[MAX_HELD];
static uint32_t held_count;
static uint32_t closed; /* of `seen`: 1 + the first circle */
static struct order_step orders[ORDER_STEPS];
static uint32_t order_count;
bool sighting_accesses;
static const struct search_results *known;
static struct {
    struct held held[MAX_HELD];
    uint32_t held_count, seen_count, order_count, closed;
} kept[SPIN_SLOTS]; /* the first ones of `seen` stay what they are as long as a slot is used */

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 29;
}

void
sighting_begin_run(void)
{
    seen_count = held_count = order_count = closed = 0;
    lifetime_begin_run();
}

void
sighting_keep(uint32_t slot)
{
    lifetime_keep(slot);
    memcpy(kept[slot].held, held, held_count * sizeof(*held));
    kept[slot].held_count = held_count;
    kept[slot].seen_count = seen_count;
    kept[slot].order_count = order_count;
    kept[slot].closed = closed;
}

void
sighting_go_back(uint32_t slot)
{
    lifetime_go_back(slot);
    held_count = kept[slot].held_count;
    seen_count = kept[slot].seen_count;
    order_count = kept[slot].order_count;
    closed = kept[slot].closed;
    memcpy(held, kept[slot].held, held_count * sizeof(*held));
}

struct sighting_kept {
    const struct lives_kept *lives;
    uint32_t held_count, order_count;
    struct held *held;
    struct order_step *orders;
};

const struct sighting_kept *
sighting_keep_all(void)
{
    struct sighting_kept *to = seen_count == 0 ? branch_allocate(sizeof(*to)) : NULL;

    if (to == NULL || (to->lives = lifetime_keep_all()) == NULL ||
        (to->held = branch_allocate(held_count * sizeof(*held))) == NULL ||
        (to->orders = branch_allocate(order_count * sizeof(*orders))) == NULL) {
        return NULL;
    }
    to->held_count = held_count;
    to->order_count = order_count;
    memcpy(to->held, held, held_count * sizeof(*held));
    memcpy(to->orders, orders, order_count * sizeof(*orders));
    return to;
}

void
sighting_go_back_to(const struct sighting_kept *from)
{
    seen_count = closed = 0;
    held_count = from->held_count;
    order_count = from->order_count;
    memcpy(held, from->held, held_count * sizeof(*held));
    memcpy(orders, from->orders, order_count * sizeof(*orders));
    lifetime_go_back_to(from->lives);
}

static bool
is_known(uint64_t signature)
{
    for (uint32_t i = 0; known != NULL && i < known->findings && i < SEARCH_FINDINGS; i++) {
        if (known->finding[i].signature == signature) {
            return true;
        }
    }
    return false;
}

static bool
accesses(const struct operation *operation)
{
    return operation->site != 0 && (operation->op == SP_MEMORY_READ ||
                                    operation->op == SP_MEMORY_WRITE || operation->op == SP_ATOMIC);
}

static bool
is_plain(const struct operation *operation)
{
    return (operation->flags & ABI_AGENT_PLAIN) != 0;
}

/* Both have the same bytes, and G1. */
static bool
is_race(const struct operation *a, const struct operation *b)
{
    bool told = !a->patched && !b->patched;

    return a->object[0] < b->object[0] + b->size[0] && b->object[0] < a->object[0] + a->size[0] &&
           !(a->reads[0] && b->reads[0]) &&
           (told ? is_plain(a) || is_plain(b) : is_plain(a) && is_plain(b));
}

static void
note_race(const struct operation *a, const struct operation *b, agent_set agents,
          uint32_t scheduled)
{
    struct seen *new = &seen[seen_count];

    if (a->site > b->site) {
        const struct operation *other = a;

        a = b;
        b = other;
    }
    for (uint32_t i = 0; i < seen_count; i++) {
        if (seen[i].site[0] == a->site && seen[i].site[1] == b->site) {
            return;
        }
    }
    if (seen_count == MAX_SEEN) {
        return;
    }
    *new = (struct seen){.site = {a->site, b->site},
                         .address = a->object[0] > b->object[0] ? a->object[0] : b->object[0],
                         .scheduled = scheduled,
                         .agents = agents,
                         .writes = {!a->reads[0], !b->reads[0]}};
    new->signature = RACE_SALT;
    for (uint32_t i = 0; i < 2; i++) {
        new->code[i] = images_original_rip(new->site[i]);
        new->signature = mix(new->signature, new->code[i]);
    }
    new->known = is_known(new->signature);
    for (uint32_t i = 0; i < 2 && !new->known; i++) { /* the image may be gone at the end */
        images_describe(new->code[i], new->where[i], sizeof(new->where[i]));
    }
    seen_count++;
}

static void
look_for_races(const struct question *question, uint32_t scheduled)
{
    agent_set standing = 0;

    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);
        const struct operation *mine = &question->next[agent];

        if (!accesses(mine)) {
            continue;
        }
        for (agent_set others = standing; others != 0; others &= others - 1) {
            const struct operation *other = &question->next[set_first(others)];

            if (is_race(mine, other)) {
                note_race(mine, other, set_one(agent) | (others & -others), scheduled);
            }
        }
        standing |= set_one(agent);
    }
}

static bool
is_lock(const struct operation *operation)
{
    uint8_t type;

    if ((operation->flags & ABI_AGENT_WAITS) == 0 || (operation->flags & ABI_AGENT_OPEN) != 0 ||
        (operation->flags & ABI_AGENT_SEVERAL) != 0 ||
        (operation->objects > 1 && operation->more != NULL &&
         operation->more[0].object == operation->object[0])) {
        return false;
    }
    return operation->op == SP_ACQUIRE_LOCK || operation->op == SP_ACQUIRE_SHARED ||
           operation->op == SP_ACQUIRE_SPINLOCK ||
           (operation->op == SP_WAIT && space_read(operation->object[0], &type, 1) == 1 &&
            (type & 0x7F) == KI_MUTANT);
}

/* Those who wait for `agents` of whom each waits for one of them. */
static agent_set
circle_of(const struct question *question)
{
    agent_set waits[MAX_AGENTS], in = 0, stuck;

    for (agent_set set = question->present & ~question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);
        const struct operation *wait = &question->next[agent];

        if ((wait->flags & ABI_AGENT_BLOCKED) == 0 || !is_lock(wait)) {
            continue;
        }
        waits[agent] = 0;
        for (uint32_t i = 0; i < held_count; i++) {
            waits[agent] |= held[i].object == wait->object[0] ? set_one(held[i].agent) : 0;
        }
        waits[agent] &= ~set_one(agent);
        in |= set_one(agent);
    }
    do {
        agent_set held_up = 0;

        stuck = in;
        for (agent_set set = stuck; set != 0; set &= set - 1) {
            uint32_t agent = set_first(set);

            held_up |= waits[agent];
            in &= (waits[agent] & stuck) == 0 ? ~set_one(agent) : SET_ALL;
        }
        in &= held_up;
    } while (in != stuck);
    return in;
}

/* The same for any order of agents. */
static uint64_t
circle_signature(const struct question *question, agent_set agents)
{
    uint64_t sum = CYCLE_SALT;

    for (; agents != 0; agents &= agents - 1) {
        const struct operation *wait = &question->next[set_first(agents)];

        sum += mix(mix(CYCLE_SALT, wait->op), wait->object[0]);
    }
    return mix(sum, 1);
}

static void
look_for_circles(const struct question *question, uint32_t scheduled)
{
    agent_set agents;
    uint64_t signature;

    if (held_count < 2 || seen_count == MAX_SEEN ||
        (question->present & ~question->enabled & ((question->present & ~question->enabled) - 1)) ==
            0) {
        return;
    }
    agents = circle_of(question);
    if (agents == 0) {
        return;
    }
    signature = circle_signature(question, agents);
    for (uint32_t i = 0; i < seen_count; i++) {
        if (seen[i].signature == signature) {
            return;
        }
    }
    seen[seen_count++] = (struct seen){
        .signature = signature, .scheduled = scheduled, .step = question->step, .agents = agents};
    closed = closed != 0 ? closed : seen_count;
}

static void
look_for_uses(const struct question *question, uint32_t scheduled)
{
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set), by;
        const struct operation *operation = &question->next[agent];
        uint64_t block = lifetime_over(operation, &by), signature;
        bool told = block == 0 || seen_count == MAX_SEEN;

        if (told) {
            continue;
        }
        signature = lifetime_signature(operation->op, operation->object[0]);
        for (uint32_t i = 0; i < seen_count && !told; i++) {
            told = seen[i].signature == signature;
        }
        if (!told) {
            seen[seen_count++] = (struct seen){.signature = signature,
                                               .scheduled = scheduled,
                                               .uses = operation->op,
                                               .own = by == agent,
                                               .address = block,
                                               .agents = set_one(agent)};
        }
    }
}

void
sighting_look(const struct question *question, uint32_t scheduled,
              const struct search_results *results)
{
    known = results;
    if (sighting_accesses) {
        look_for_races(question, scheduled);
    }
    look_for_circles(question, scheduled);
    if (lifetime_has_ended()) {
        look_for_uses(question, scheduled);
    }
}

GENERAL_REGISTERS_ONLY static void
let_go_all(uint32_t agent)
{
    for (uint32_t i = held_count; i-- > 0;) {
        if (held[i].agent == agent) {
            held[i] = held[--held_count];
        }
    }
}

GENERAL_REGISTERS_ONLY static void
let_go(uint32_t agent, uint64_t object)
{
    for (uint32_t i = held_count; i-- > 0;) {
        if (held[i].agent == agent && held[i].object == object) {
            held[i] = held[--held_count];
            return;
        }
    }
    for (uint32_t i = held_count; i-- > 0;) { /* a resource, for another thread */
        if (held[i].object == object) {
            held[i] = held[--held_count];
        }
    }
}

static void
note_order(const struct operation *operation, uint32_t agent, uint32_t scheduled)
{
    struct order_step step = {.object = operation->object[0],
                              .op = operation->op,
                              .agent = (uint8_t)agent,
                              .at = scheduled};
    const uint32_t room = sizeof(step.held) / sizeof(step.held[0]);

    for (uint32_t i = 0; i < held_count && step.held_count < room; i++) {
        if (held[i].agent == agent) {
            step.held[step.held_count++] = held[i].object;
        }
    }
    if (step.held_count != 0 && order_count < ORDER_STEPS) {
        orders[order_count++] = step;
    }
}

/* As circle_signature. */
static uint64_t
order_signature(const struct order_step *a, const struct order_step *b)
{
    return mix(CYCLE_SALT + mix(mix(CYCLE_SALT, a->op), a->object) +
                   mix(mix(CYCLE_SALT, b->op), b->object),
               1);
}

void
sighting_step(const struct question *question, uint32_t agent, uint32_t scheduled)
{
    const struct operation *operation = &question->next[agent];

    lifetime_step(operation, agent, scheduled);
    switch (operation->op) {
    case SP_ACQUIRE_LOCK:
    case SP_ACQUIRE_SPINLOCK:
    case SP_ACQUIRE_SHARED:
    case SP_WAIT:
        if ((operation->flags & ABI_AGENT_BLOCKED) == 0 && is_lock(operation) &&
            held_count < MAX_HELD) {
            note_order(operation, agent, scheduled);
            held[held_count++] = (struct held){operation->object[0], (uint8_t)agent};
        }
        break;
    case SP_RELEASE_LOCK:
    case SP_RELEASE_SHARED:
    case SP_RELEASE_SPINLOCK:
    case SP_RELEASE_MUTANT:
        let_go(agent, operation->object[0]);
        break;
    case SP_EXIT_THREAD:
        let_go_all(agent);
        break;
    }
}

GENERAL_REGISTERS_ONLY static bool
acquires(uint16_t op)
{
    return op == SP_ACQUIRE_LOCK || op == SP_ACQUIRE_SPINLOCK || op == SP_ACQUIRE_SHARED;
}

GENERAL_REGISTERS_ONLY bool
sighting_is_plain(const struct abi_agent *asker)
{
    return !acquires(asker->op) ||
           ((asker->flags & ABI_AGENT_WAITS) != 0 &&
            (asker->objects < 2 || asker->other[0].object != asker->object));
}

GENERAL_REGISTERS_ONLY void
sighting_passed_again(uint16_t op, uint64_t object, uint32_t agent)
{
    switch (op) {
    case SP_ACQUIRE_LOCK:
    case SP_ACQUIRE_SPINLOCK:
    case SP_ACQUIRE_SHARED:
        if (held_count < MAX_HELD) {
            held[held_count++] = (struct held){object, (uint8_t)agent};
        }
        break;
    case SP_RELEASE_LOCK:
    case SP_RELEASE_SHARED:
    case SP_RELEASE_SPINLOCK:
    case SP_RELEASE_MUTANT:
        let_go(agent, object);
        break;
    }
}

GENERAL_REGISTERS_ONLY void
sighting_passed(const struct abi_agent *asker, uint32_t agent)
{
    if (sighting_is_plain(asker)) {
        sighting_passed_again(asker->op, asker->object, agent);
    }
}

GENERAL_REGISTERS_ONLY void
sighting_unheard(uint32_t agent)
{
    let_go_all(agent);
}

static void
tell_stop(const struct seen *one, struct abi_stop *stop)
{
    *stop = (struct abi_stop){.verdict = ABI_DEADLOCK};
    if (one->uses != 0) {
        stop->verdict = ABI_RACE;
        stop->code = 1;
        stop->parameter[0] = one->address;
        snprintf(stop->message, sizeof(stop->message),
                 "use after free: a thread comes to an operation (%s) on something in pool block "
                 "%016lx, which %s has freed already",
                 operation_name(one->uses), one->address,
                 one->own ? "the same thread, or an APC of it," : "another thread");
        return;
    }
    if (one->site[0] == 0) {
        stop->parameter[0] = set_count(one->agents);
        snprintf(stop->message, sizeof(stop->message),
                 "%d threads wait for each other for ever, each for a lock that another one has; "
                 "this does not depend on what the others do",
                 set_count(one->agents));
        return;
    }
    stop->verdict = ABI_RACE;
    stop->parameter[0] = one->address;
    stop->parameter[1] = one->code[0];
    stop->parameter[2] = one->code[1];
    snprintf(stop->message, sizeof(stop->message),
             "%s %s what %s %s at the same time: nothing orders the two", one->where[0],
             one->writes[0] ? "writes" : "reads", one->where[1],
             one->writes[1] ? "writes" : "reads");
}

bool
sighting_outlived(const struct question *question, struct abi_stop *stop)
{
    if (closed == 0 || question->step < seen[closed - 1].step + OUTLIVED) {
        return false;
    }
    tell_stop(&seen[closed - 1], stop);
    return true;
}

/* The kernel tells of a circle of critical sections by itself; a deadlock with a number of agents is one of ours (tell_stop). */
bool
sighting_is_told(const struct abi_stop *why)
{
    return why->verdict == ABI_HANG || (why->verdict == ABI_DEADLOCK && why->parameter[0] == 0);
}

bool
sighting_end(const struct abi_stop *why, const uint32_t *schedule, struct search_results *results)
{
    bool told = why != NULL && sighting_is_told(why), error = false;
    bool crashes = why != NULL && why->verdict == ABI_BUGCHECK;

    for (uint32_t i = 0; i < seen_count; i++) {
        const struct seen *one = &seen[i];
        struct search_finding *finding = &results->finding[results->findings];
        uint64_t signature;
        uint32_t races = 0, j;

        if (one->uses != 0 ? crashes : one->site[0] == 0 && told) { /* G4, G5 */
            continue;
        }
        error = error || one->site[0] == 0;
        signature = one->signature;
        for (j = 0; j < results->findings && results->finding[j].signature != signature &&
                    results->finding[j].circle != signature;
             j++) {
            races +=
                results->finding[j].stop.verdict == ABI_RACE && results->finding[j].stop.code == 0;
        }
        if (j < results->findings || j == SEARCH_FINDINGS || one->known ||
            (races == MAX_RACES && one->site[0] != 0) ||
            one->scheduled > SEARCH_SCHEDULES - results->schedules) {
            continue;
        }
        *finding = (struct search_finding){.signature = signature,
                                           .wanted = signature,
                                           .times = 1,
                                           .schedule = results->schedules,
                                           .schedule_length = one->scheduled};
        tell_stop(one, &finding->stop);
        memcpy(results->schedule + results->schedules, schedule,
               one->scheduled * sizeof(*schedule));
        results->schedules += one->scheduled;
        results->findings++;
    }
    lifetime_end(schedule, results);
    order_end(orders, order_count, schedule, order_signature, results);
    return error;
}

uint64_t
sighting_circle(void)
{
    return closed != 0 ? seen[closed - 1].signature : 0;
}

uint32_t
sighting_wanted(uint64_t signature, uint8_t *agents, struct abi_stop *stop)
{
    const struct seen *one = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < seen_count && one == NULL; i++) {
        one = seen[i].signature == signature ? &seen[i] : NULL;
    }
    if (one == NULL) {
        return 0;
    }
    tell_stop(one, stop);
    for (agent_set set = one->agents; set != 0; set &= set - 1) {
        agents[count++] = (uint8_t)set_first(set);
    }
    return count;
}

/*
 * happens.c - what happens before what in the run that is being made.
 *
 * Each step has a clock: for each agent the last of its steps that happens before it. A step follows
 * its agent's own, whatever made or woke the agent, and the earlier dependent ones. Those are found
 * by object: each object has a list of the steps that touched it, latest first. All of it is undone
 * from the end, so a run costs only what it does not share with the one before.
 *
 *   H1  A step that changes an object follows all earlier ones that touched it. So a search may end
 *       at the first change that it meets.
 *   H2  A release and the acquire that waits for it cannot come in the other order (not co-enabled).
 *       The release orders, but it does not end the search for races: the one is with the acquire
 *       that took the lock before.
 *   H3  A step that was not co-enabled and follows from the one that is raced with (a release of the lock that it took) does
 *       not happen in the other order: it is left out of the clock that `race` is told. One that does not follow
 *       from it does (what somebody else did while this agent was suspended): it is in that clock.
 *   H4  Who counts something looks at all that touched it since its last change, like who changes it: of those that only read there are some that
 *       he does not commute with.
 *   H5  An operation that an APC interrupted races with the step that queued the APC, though the delivery stands between them: it would
 *       have come first. What came before it since then, and does not follow from that step, comes before it in the other order too.
 *   H6  An agent that was there when a step was made, and had to wait, could as a rule not have come first. But what kept it waiting need not be
 *       that step's affair: another event of those that it waits for, another one who shares the lock. If something that does not follow
 *       from the step has let it go on since, it could. (What an injected event waits for is the next step of its target.) To a wait for any of several
 *       that may be a step that it could have come before: another object's, which that one has nothing to do with.
 *   H7  A step that touches nothing but the run's end is in no hash but its own, and in that of the set of steps: an APC may come in front of it or behind it.
 *   H8  A DPC is there when its processor is free for it: behind another one, or as soon as it is queued. What matters is who queued it, which its
 *       object says; so what made it appear is in its clock, and in no hash. So it is with a timer that is kept back until nobody else can do anything (nt/ke/explore.c, E6): the
 *       step behind which it is there is anybody's; and with the thread that a DPC has interrupted: its step says itself whether it comes
 *       behind the DPC's beginning.
 *   H9  The run's end has to wait for everybody who could do more than let time pass. What of that follows from a step is not in the other order, so it
 *       could come before each that it depends on.
 *   H10 Who is there again when a DPC on his processor has ended was there before it began, and could have come first, behind others, too: of the steps up to its
 *       beginning it is his clock without the DPC that says who races with him. (Of one who is to take an APC it is not: that races with nothing that a DPC does.)
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "host/explore/happens.h"
#include "host/machine/machine.h"

#define MAX_OBJECTS     (1u << 20)
#define MAX_APPEARANCES (4 * MAX_STEPS)
#define TABLE_MASK      (2 * MAX_OBJECTS - 1)

struct object {
    uint64_t key; /* 0: free */
    uint32_t last, last_write;
};

/* When an agent appeared, and what was known of it before. */
struct appearance {
    uint32_t step; /* question at which it was there (again) */
    uint32_t before;
    uint8_t agent;
};

struct step *happens_step;
uint32_t happens_steps;
uint32_t happens_width;

static uint32_t (*clocks)[MAX_AGENTS]; /* numbers from happens_width on are 0 */
static uint32_t *passed;               /* H3: steps that were not co-enabled, latest first */
static uint32_t *met;                  /* H6: steps that it depends on, latest first */
static struct object *objects;
static uint32_t *table; /* 1 + object, by hash of its key */
static uint32_t object_count, object_next;
static struct appearance *appearances;
static uint32_t appearance_count;
static uint32_t appeared[MAX_AGENTS]; /* question, 0: at the root or not yet */
static struct {
    uint32_t *step;
    uint32_t count;
} agents[MAX_AGENTS];

/* Nothing can be mapped once guest code runs, and what is not touched costs nothing. */
void *
search_reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/* Pages that are given back are zero, and cost nothing until they are touched again. */
void
search_clear(void *at, size_t size)
{
    if (madvise(at, size, MADV_DONTNEED) != 0) {
        memset(at, 0, size);
    }
}

int
happens_init(void)
{
    uint32_t *lists;

    happens_keep(0);
    if (happens_step != NULL) {
        return 0;
    }
    lists = search_reserve((size_t)MAX_AGENTS * MAX_STEPS * sizeof(*lists));
    happens_width = 8;
    happens_step = search_reserve(MAX_STEPS * sizeof(*happens_step));
    clocks = search_reserve(MAX_STEPS * sizeof(*clocks));
    passed = search_reserve(MAX_STEPS * sizeof(*passed));
    met = search_reserve(MAX_STEPS * sizeof(*met));
    objects = search_reserve(MAX_OBJECTS * sizeof(*objects));
    table = search_reserve(2 * MAX_OBJECTS * sizeof(*table));
    appearances = search_reserve((size_t)MAX_APPEARANCES * sizeof(*appearances));
    for (uint32_t i = 0; i < MAX_AGENTS && lists != NULL; i++) {
        agents[i].step = lists + (size_t)i * MAX_STEPS;
    }
    return lists == NULL || happens_step == NULL || clocks == NULL || passed == NULL ||
                   met == NULL || objects == NULL || table == NULL || appearances == NULL
               ? -ENOMEM
               : 0;
}

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static uint32_t *
entry_of(uint64_t key)
{
    uint64_t at = mix(key) & TABLE_MASK;

    while (table[at] != 0 && objects[table[at] - 1].key != key) {
        at = (at + 1) & TABLE_MASK;
    }
    return &table[at];
}

static uint32_t
object_number(uint64_t key)
{
    uint32_t *entry = entry_of(key);

    if (*entry == 0) {
        if (object_count == MAX_OBJECTS) {
            worker_fail("a run touches more than %u objects", MAX_OBJECTS / 2);
        }
        while (objects[object_next].key != 0) {
            object_next = (object_next + 1) & (MAX_OBJECTS - 1);
        }
        objects[object_next] = (struct object){.key = key};
        object_count++;
        *entry = object_next + 1;
    }
    return *entry - 1;
}

/* Forgets the objects that no step touches. */
static void
collect(void)
{
    memset(table, 0, 2 * MAX_OBJECTS * sizeof(*table));
    object_count = 0;
    for (uint32_t i = 0; i < MAX_OBJECTS; i++) {
        if (objects[i].last == 0) {
            objects[i].key = 0;
        } else {
            object_count++;
            *entry_of(objects[i].key) = i + 1;
        }
    }
}

static void
widen(uint32_t agent)
{
    while (happens_width <= agent) {
        happens_width += 8;
    }
}

uint64_t
happens_key(uint32_t object)
{
    return objects[object].key;
}

const uint32_t *
happens_clock(uint32_t step)
{
    return clocks[step];
}

typedef uint32_t four __attribute__((vector_size(16), may_alias));

static inline void
join(uint32_t *clock, uint32_t step)
{
    for (uint32_t i = 0; i < happens_width; i += 4) {
        four *mine = (four *)(clock + i), other = *(const four *)(clocks[step] + i);
        four later = (four)(other > *mine);

        *mine = (other & later) | (*mine & ~later);
    }
}

bool
happens_initial(const uint32_t *clock, uint32_t agent, uint32_t since)
{
    uint32_t above = 0;

    for (uint32_t i = 0; i < happens_width; i++) {
        above += clock[i] > since;
    }
    return above == 0 || (above == 1 && clock[agent] > since);
}

void
happens_keep(uint32_t steps)
{
    while (happens_steps > steps) {
        const struct step *step = &happens_step[--happens_steps];

        for (uint32_t i = 0; i < step->touches; i++) {
            objects[step->touch[i].object].last = step->touch[i].before;
            objects[step->touch[i].object].last_write = step->touch[i].before_write;
        }
        agents[step->agent].count--;
    }
    /* What question number `steps` said of appearances will be said again. */
    while (appearance_count > 0 && appearances[appearance_count - 1].step >= steps) {
        appearance_count--;
        appeared[appearances[appearance_count].agent] = appearances[appearance_count].before;
    }
    if (object_count > MAX_OBJECTS / 2) {
        collect();
    }
}

void
happens_ask(const struct question *question)
{
    uint32_t at = happens_steps;
    agent_set appear;

    if (at == 0) {
        return;
    }
    appear = question->present & ~happens_step[at - 1].present;
    for (; appear != 0; appear &= appear - 1) {
        uint32_t agent = set_first(appear);

        if (appeared[agent] == at) {
            continue;
        }
        if (appearance_count == MAX_APPEARANCES) {
            worker_fail("threads come and go too often in one run");
        }
        appearances[appearance_count++] =
            (struct appearance){.step = at, .before = appeared[agent], .agent = (uint8_t)agent};
        appeared[agent] = at;
    }
}

static uint32_t
last_own(uint32_t agent)
{
    return agents[agent].count == 0 ? 0 : agents[agent].step[agents[agent].count - 1] + 1;
}

uint32_t
happens_next(uint32_t agent, uint32_t step)
{
    const uint32_t *list = agents[agent].step;
    uint32_t low = 0, high = agents[agent].count;

    if (high == 0 || list[high - 1] <= step) {
        return 0;
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (list[middle] > step) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return list[low] + 1;
}

/* Could the step have come after what `agent` does now? */
enum coenabled { CO_NOT, CO_PERHAPS, CO_YES };

/*
 * If the agent stood in front of it already and could have gone on, we know; else the kinds of the operations must tell (H2). If it
 * was there and had to wait: perhaps (H6).
 */
static enum coenabled
coenabled(uint32_t earlier, uint32_t agent, const struct operation *operation)
{
    const struct step *step = &happens_step[earlier];
    bool may = operation_coenabled(step->op, step->flags, operation);

    if (operation_is_end(operation)) { /* H9 */
        return CO_YES;
    }
    if (last_own(agent) > earlier + 1 || (step->present >> agent & 1) == 0) {
        return may ? CO_YES : CO_NOT;
    }
    if ((step->enabled >> agent & 1) != 0) {
        return CO_YES;
    }
    return may && (operation->flags & ABI_AGENT_WAITS) != 0 ? CO_PERHAPS : CO_NOT;
}

/* Where a search along one object's list is. */
struct cursor {
    uint32_t at; /* 1 + step, 0: at its end */
    uint32_t object;
    bool writes;
    uint8_t counts; /* H4 */
    bool ordered;   /* a change was met: all before it are in the step's clock (H1) */
};

static bool
looks_at_all(const struct cursor *cursor)
{
    return cursor->writes || cursor->counts != COUNTS_NOT;
}

/* *tells: it touches something other than the run's end (H7). */
static uint32_t
start(const struct operation *operation, struct cursor *cursor, bool *tells)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch), used = 0;

    *tells = count != 0;
    count = operation_touches_end(operation, touch, count);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t object = object_number(touch[i].key), j;

        for (j = 0; j < used && cursor[j].object != object; j++) {
        }
        if (j == used) {
            cursor[used++] = (struct cursor){.object = object};
        }
        cursor[j].writes |= touch[i].writes;
        cursor[j].counts |= touch[i].counts;
    }
    for (uint32_t i = 0; i < used; i++) {
        const struct object *object = &objects[cursor[i].object];

        cursor[i].at = looks_at_all(&cursor[i]) ? object->last : object->last_write;
    }
    return used;
}

const struct step_touch *
happens_touch(const struct step *step, uint32_t object)
{
    const struct step_touch *touch = step->touch;

    while (touch->object != object) {
        touch++;
    }
    return touch;
}

/* H3. `co`: the clock of those that were co-enabled. */
static void
tell_race(uint32_t at, uint32_t agent, const uint32_t *co, uint32_t count,
          void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock))
{
    uint32_t clock[MAX_AGENTS] __attribute__((aligned(32)));

    if (count == 0) {
        race(at, agent, co);
        return;
    }
    memcpy(clock, co, happens_width * sizeof(*co));
    for (uint32_t i = 0; i < count; i++) {
        if (!happens_before(at, passed[i])) {
            join(clock, passed[i]);
        }
    }
    race(at, agent, clock);
}

/* H6. Is there something among what has let it go on since that does not follow from the step? */
static bool
could_come_first(uint32_t at, const uint32_t *since, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count && happens_before(at, since[i]); i++) {
    }
    return i < count;
}

/* H7: what a hash has of the agent's own past, and of what made or woke it since. */
static uint64_t
own_past(uint32_t agent, uint32_t own, uint16_t op, uint32_t flags)
{
    return (own != 0 ? happens_step[own - 1].carry : 0) +
           (appeared[agent] > own && op != SP_RUN_DPC && op != SP_FIRE_TIMER &&
                    (flags & ABI_AGENT_RETURNS) == 0 /* H8 */
                ? mix(happens_step[appeared[agent] - 1].hash + 1)
                : 0);
}

static uint32_t
rank_after(uint32_t own)
{
    return own == 0 ? 0 : happens_step[own - 1].rank + happens_step[own - 1].tells;
}

/*
 * All that happens before what `agent` would do now: `full` becomes its clock; the return value is a hash of it.
 */
static uint64_t
search(uint32_t agent, const struct operation *operation, struct cursor *cursor, uint32_t cursors,
       uint32_t *full, void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock))
{
    uint32_t co[MAX_AGENTS] __attribute__((aligned(32)));
    uint32_t there[MAX_AGENTS] __attribute__((aligned(32)));
    const bool several = (operation->flags & ABI_AGENT_SEVERAL) != 0;
    uint32_t own = last_own(agent), passes = 0, mets = 0;
    const bool returned = appeared[agent] > own && (operation->flags & ABI_AGENT_RETURNS) != 0 &&
                          operation->op != SP_DELIVER_APC; /* H10 */
    uint64_t hash = mix((uint64_t)rank_after(own) << 32 | explorer_name(agent)) + operation->op +
                    own_past(agent, own, operation->op, operation->flags);

    memset(full, 0, happens_width * sizeof(*full));
    if (own != 0) {
        join(full, own - 1);
    }
    if (returned) {
        memcpy(there, full, happens_width * sizeof(*there));
    }
    if (appeared[agent] > own) {
        join(full, appeared[agent] - 1);
    }
    if (cursors == 0) {
        return hash;
    }
    memcpy(co, full, happens_width * sizeof(*co));
    for (;;) {
        bool dependent = false, ordered = true, open = false, was_there;
        const struct step *step;
        const uint32_t *clock;
        enum coenabled may;
        uint32_t at = 0;

        for (uint32_t i = 0; i < cursors; i++) {
            at = cursor[i].at > at ? cursor[i].at : at;
        }
        if (at-- == 0) {
            break;
        }
        step = &happens_step[at];
        for (uint32_t i = 0; i < cursors; i++) {
            const struct step_touch *touch;

            if (cursor[i].at != at + 1) {
                continue;
            }
            touch = happens_touch(step, cursor[i].object);
            dependent |=
                touches_conflict(cursor[i].writes, cursor[i].counts, touch->writes, touch->counts);
            ordered &= cursor[i].ordered;
            cursor[i].at = looks_at_all(&cursor[i]) ? touch->before : touch->before_write;
            if (touch->writes) {
                cursor[i].ordered = true;
                open = true;
                if (step->agent == agent) {
                    cursor[i].at = 0;
                }
            } else if (step->agent == agent && !cursor[i].writes &&
                       touch->counts == cursor[i].counts) {
                cursor[i].at =
                    0; /* H4: it has looked at the same, and all before is in its clock */
            }
        }
        if (step->agent == agent || !dependent) {
            continue;
        }
        if (!ordered) {
            join(full, at);
            hash += mix(step->hash + 2);
        }
        was_there = returned && (step->present >> agent & 1) != 0;
        clock = was_there ? there : co;
        may = returned && !was_there && co[step->agent] > at ? CO_NOT /* a step of the DPC's */
                                                             : coenabled(at, agent, operation);
        if (clock[step->agent] <= at && race != NULL &&
            (may == CO_YES || (may == CO_PERHAPS && could_come_first(at, several ? met : passed,
                                                                     several ? mets : passes)))) {
            tell_race(at, agent, clock, passes, race);
        }
        met[mets++] = at;
        if (may != CO_YES) {
            passed[passes++] = at;
            continue;
        }
        join(co, at);
        if (returned) {
            join(there, at);
        }
        if (open) { /* H1 */
            for (uint32_t i = 0; i < cursors; i++) {
                const struct step_touch *touch = step->touch;
                const struct step_touch *end = touch + step->touches;

                while (touch < end && (touch->object != cursor[i].object || !touch->writes)) {
                    touch++;
                }
                if (touch < end) {
                    cursor[i].at = 0;
                }
            }
        }
    }
    return hash;
}

/* Is it to him that `operation`, which queues an APC, queues it? */
static bool
is_queued_to(const struct operation *operation, const struct operation *his)
{
    return his->thread != 0 && his->thread == (operation->object[0] & ~1ull);
}

/* H5: whom an operation that queues an APC keeps from what. */
static void
note_interruption(struct step *step, const struct question *question,
                  const struct operation *operation)
{
    step->interrupts = NO_AGENT;
    if (operation->queues == 0) {
        return;
    }
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);
        const struct operation *other = &question->next[agent];

        if (is_queued_to(operation, other)) {
            step->interrupts = (uint8_t)agent;
            step->interrupted_op = other->op;
            step->interrupted_object = other->object[0];
        }
    }
}

/* The step that queued the APC that interrupted what `agent` does now: 1 + number, 0: none. */
static uint32_t
interrupted_by(uint32_t agent, const struct operation *operation)
{
    uint32_t own = last_own(agent);
    uint32_t delivery = own != 0 ? happens_step[own - 1].delivered : 0, queued;
    const struct step *step;

    if (delivery == 0) {
        return 0;
    }
    step = &happens_step[delivery - 1];
    queued = step->touch[0].before_write;
    if (queued == 0 || step->own >= queued) {
        return 0;
    }
    step = &happens_step[queued - 1];
    return step->interrupts == agent && step->interrupted_op == operation->op &&
                   step->interrupted_object == operation->object[0]
               ? queued
               : 0;
}

static bool
touches_step(const struct cursor *cursor, uint32_t cursors, const struct step *step)
{
    for (uint32_t i = 0; i < cursors; i++) {
        for (uint32_t j = 0; j < step->touches; j++) {
            if (cursor[i].object == step->touch[j].object &&
                touches_conflict(cursor[i].writes, cursor[i].counts, step->touch[j].writes,
                                 step->touch[j].counts)) {
                return true;
            }
        }
    }
    return false;
}

/* H5 */
static void
tell_interruption(uint32_t agent, const struct operation *operation, const struct cursor *cursor,
                  uint32_t cursors,
                  void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock))
{
    uint32_t clock[MAX_AGENTS] __attribute__((aligned(32))) = {0};
    uint32_t queued = interrupted_by(agent, operation);
    bool could;

    if (queued-- == 0 || race == NULL) {
        return;
    }
    could = (happens_step[queued].enabled >> agent & 1) != 0;
    for (uint32_t i = queued + 1; i < happens_steps; i++) {
        if (!happens_before(queued, i) && touches_step(cursor, cursors, &happens_step[i])) {
            join(clock, i);
            could = true;
        }
    }
    if (could) {
        race(queued, agent, clock);
    }
}

void
happens_take(const struct question *question, uint32_t agent,
             void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock))
{
    uint32_t full[MAX_AGENTS] __attribute__((aligned(32)));
    const struct operation *operation = &question->next[agent];
    struct cursor cursor[OPERATION_TOUCHES];
    bool tells;
    uint32_t cursors = start(operation, cursor, &tells), used = cursors;
    struct cursor first[OPERATION_TOUCHES];
    uint32_t number = happens_steps;
    struct step *step;
    uint64_t hash;

    widen(agent);
    if (number == MAX_STEPS) {
        worker_fail("a run has more than %d choices", MAX_STEPS);
    }
    memcpy(first, cursor, used * sizeof(first[0]));
    hash = search(agent, operation, cursor, cursors, full, race);
    tell_interruption(agent, operation, first, used, race);
    step = &happens_step[number];
    step->enabled = question->enabled;
    step->present = question->present;
    step->hash = mix(hash);
    step->trace = step->hash + (number > 0 ? happens_step[number - 1].trace : 0);
    step->own = last_own(agent);
    step->rank = rank_after(step->own);
    step->tells = tells;
    step->carry = tells ? mix(step->hash) : own_past(agent, step->own, step->op, step->flags);
    step->agent = (uint8_t)agent;
    step->op = operation->op;
    step->flags = operation->flags;
    step->counts = operation_counts(operation);
    step->steady = operation_is_steady(operation);
    step->ends = operation_is_end(operation);
    step->delivered = operation->op == SP_DELIVER_APC ? number + 1
                      : step->own != 0                ? happens_step[step->own - 1].delivered
                                                      : 0;
    note_interruption(step, question, operation);
    step->touches = (uint8_t)used;
    for (uint32_t i = 0; i < used; i++) {
        struct object *object = &objects[first[i].object];

        step->touch[i] = (struct step_touch){.object = first[i].object,
                                             .before = object->last,
                                             .before_write = object->last_write,
                                             .writes = first[i].writes,
                                             .counts = first[i].counts};
        object->last = number + 1;
        if (first[i].writes) {
            object->last_write = number + 1;
        }
    }
    full[agent] = number + 1;
    memcpy(clocks[number], full, happens_width * sizeof(*full));
    agents[agent].step[agents[agent].count++] = number;
    happens_steps++;
}

void
happens_blocked(const struct question *end, uint32_t agent,
                void (*race)(uint32_t earlier, uint32_t agent, const uint32_t *clock))
{
    uint32_t full[MAX_AGENTS] __attribute__((aligned(32)));
    struct cursor cursor[OPERATION_TOUCHES], first[OPERATION_TOUCHES];
    bool tells;
    uint32_t cursors = start(&end->next[agent], cursor, &tells);

    widen(agent);
    memcpy(first, cursor, cursors * sizeof(first[0]));
    search(agent, &end->next[agent], cursor, cursors, full, race);
    tell_interruption(agent, &end->next[agent], first, cursors, race);
}

/* Who would let time pass. */
static agent_set
kept_by_end(const struct question *question, uint32_t end)
{
    agent_set kept = 0;

    for (agent_set set = question->enabled & ~set_one(end); set != 0; set &= set - 1) {
        if (operation_dependent(&question->next[set_first(set)], &question->next[end])) {
            kept |= set & -set;
        }
    }
    return kept;
}

agent_set
happens_kept_from(const struct question *question, uint32_t agent)
{
    const struct operation *operation = &question->next[agent];
    agent_set kept = 0;

    if (operation_is_end(operation)) {
        return kept_by_end(question, agent);
    }
    if (operation->queues == 0) {
        return 0;
    }
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t other = set_first(set);
        const struct operation *next = &question->next[other];

        if (other != agent && is_queued_to(operation, next) &&
            ((question->enabled >> other & 1) == 0 || next->op == SP_NONE ||
             operation_dependent(next, operation))) {
            kept |= set & -set;
        }
    }
    return kept;
}

/* In a run that has not crashed, only what nobody waits for. */
agent_set
end_took_away(const struct question *end, const struct step *last)
{
    agent_set set = end->enabled;

    for (agent_set gone = last->enabled & ~end->present & ~set_one(last->agent); gone != 0;
         gone &= gone - 1) {
        uint32_t agent = set_first(gone);

        if (end->next[agent].kind == ABI_AGENT_TIMER || end->next[agent].op == SP_RUN_DPC) {
            set |= set_one(agent);
        }
    }
    return set;
}

bool
happens_before_all(uint32_t steps)
{
    const uint32_t *clock;

    if (steps == 0) {
        return false;
    }
    clock = happens_clock(steps - 1);
    for (uint32_t i = 0; i < happens_width; i++) {
        uint32_t count = agents[i].count;

        /* What is kept of the run before reaches beyond the step where this one is. */
        while (count > 0 && agents[i].step[count - 1] >= steps) {
            count--;
        }
        if (count > 0 && agents[i].step[count - 1] >= clock[i]) {
            return false;
        }
    }
    return true;
}

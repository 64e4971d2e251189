/*
 * private.c - operations that are no schedule points, because nobody else has to do with what they touch.
 *
 * Most calls of the kernel touch what is one thread's alone: its handles, the objects that it has made. In which
 * order they come with other agents' steps makes no difference, so nobody is asked who goes on: such a call is part
 * of the step before it. An object is shared if in some run two agents touch it and one of them changes it. That shows
 * only when code runs, and is learnt as shared memory is (memory.c, host/search/learn.c):
 *
 *   V1  A step on an object that is known to be shared is a schedule point, in each run from its beginning: what is
 *       learnt in a run holds for later ones. So where an agent's points are follows from what it does alone.
 *   V2  Each step is noted, also those that were asked for, and also those of timers, DPCs and injected events. When
 *       an object turns out to be shared, calls before that were no points: `grown` says so, and an exhaustive
 *       search begins anew. At its end no run has shared an object that was not known. Had another schedule done so,
 *       then one that is the same up to there was among those that were explored: all before were points.
 *   V3  What may matter beyond the objects it names is always a point: to wait, to poll, to end, to make a thread.
 *   V5  Who has to wait for an object touches it, too: a lock that is never given back is touched by nobody else, and an event that is reset
 *       as soon as it is set may never have been open at a question.
 *   V4  Who touched what is a fact of one run, so that what is learnt does not depend on which worker does which
 *       runs: a log takes it back to the root, or to a snapshot in the middle of a run.
 */
#include "host/explore/private.h"
#include <errno.h>
#include "host/explore/memory.h"
#include "host/explore/spin.h"
#include "host/machine/machine.h"

#define SLOTS (1u << 16)
#define LOG   (1u << 18)

struct owner {
    uint64_t key;   /* 0: free */
    uint32_t agent; /* the first one, 0: nobody in this run */
    bool wrote;     /* it did */
    bool others;    /* have read it too */
    uint8_t counts; /* enum touch_counts: what anybody did who only read it */
    bool known;     /* V1 */
    bool learnt;
};

static struct owner *owners; /* NULL: everything is a point */
static uint32_t used;
static struct run_learned *learned; /* NULL: nothing is learnt any more */
static uint32_t active;             /* of learned->shared: in force in this run */
static struct logged {
    uint32_t slot, agent;
    bool wrote, others;
    uint8_t counts;
} *log;
static uint32_t logged, at_root;
static uint32_t kept[SPIN_SLOTS];
static bool begun;

/*
 * What a run does, the others do too: once nothing is learnt any more, whether a call is a point follows from what the kernel says of
 * it, and is remembered.
 */
#define MEMORIES 2048
static struct memory {
    uint32_t name; /* these are a cache line */
    bool known, shared;
    uint64_t what; /* struct abi_agent from `op` to `queues` */
    uint64_t object, thread;
    struct abi_object other[ABI_AGENT_OBJECTS - 1];
} __attribute__((aligned(64))) memories[MEMORIES];

GENERAL_REGISTERS_ONLY static struct owner *
find(uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 48);

    while (owners[at].key != key) {
        if (owners[at].key == 0) {
            if (++used > SLOTS / 4 * 3) {
                worker_fail("more than %u objects take part in what is explored", SLOTS / 4 * 3);
            }
            owners[at].key = key;
            break;
        }
        at = (at + 1) % SLOTS;
    }
    return &owners[at];
}

int
private_init(const struct run_request *request)
{
    if (!request->skips_private) {
        return 0;
    }
    owners = search_reserve(SLOTS * sizeof(*owners));
    log = search_reserve(LOG * sizeof(*log));
    if (owners == NULL || log == NULL) {
        return -ENOMEM;
    }
    learned = request->learned;
    for (size_t i = 0; i < request->shared_count; i++) {
        if ((request->shared[i].bytes & RUN_SHARED_OBJECT) != 0) {
            find(request->shared[i].word)->known = true;
        }
    }
    return 0;
}

static void
go_back(uint32_t to)
{
    while (logged > to) {
        const struct logged *entry = &log[--logged];
        struct owner *owner = &owners[entry->slot];

        owner->agent = entry->agent;
        owner->wrote = entry->wrote;
        owner->others = entry->others;
        owner->counts = entry->counts;
    }
}

void
private_begin_run(void)
{
    if (owners == NULL) {
        return;
    }
    if (!begun) {
        at_root = logged;
        begun = true;
    }
    go_back(at_root);
    for (; learned != NULL && learned->freely && active < learned->shared_count; active++) {
        if ((learned->shared[active].bytes & RUN_SHARED_OBJECT) != 0) {
            find(learned->shared[active].word)->known = true;
        }
    }
}

void
private_keep(uint32_t slot)
{
    kept[slot] = logged;
}

void
private_go_back(uint32_t slot)
{
    go_back(kept[slot]);
}

GENERAL_REGISTERS_ONLY static void
keep(const struct owner *owner)
{
    if (logged == LOG) {
        worker_fail("more than %u objects were touched in one run", LOG);
    }
    log[logged++] = (struct logged){(uint32_t)(owner - owners), owner->agent, owner->wrote,
                                    owner->others, owner->counts};
}

/* V2. Who counts up and who counts down meet as if one of them had changed it. */
GENERAL_REGISTERS_ONLY static void
note(struct owner *owner, const struct touch *touch, uint32_t agent)
{
    bool writes = touch->writes, alone = owner->agent == agent && !owner->others, conflict;
    uint8_t counts = owner->counts | touch->counts;

    if (alone && (owner->wrote || !writes) && counts == owner->counts) {
        return;
    }
    conflict = owner->agent != 0 && !alone &&
               (writes || (owner->agent != agent && owner->wrote) ||
                (touch->counts != COUNTS_NOT && counts == (COUNTS_UP | COUNTS_DOWN)));
    if (conflict) {
        owner->learnt = true;
        memory_learn(learned, owner->key, RUN_SHARED_OBJECT);
        return;
    }
    if (owner->agent == agent || owner->agent == 0) {
        keep(owner);
        owner->agent = agent;
        owner->wrote |= writes;
        owner->counts = counts;
    } else if (!owner->others || counts != owner->counts) {
        keep(owner);
        owner->others = true;
        owner->counts = counts;
    }
}

/* Is any of it shared? */
GENERAL_REGISTERS_ONLY static bool
touch(const struct touch *touched, uint32_t count, uint32_t agent)
{
    bool shared = false;

    for (uint32_t i = 0; i < count; i++) {
        struct owner *owner = find(touched[i].key);

        shared |= owner->known;
        if (learned != NULL && !owner->known && !owner->learnt) {
            note(owner, &touched[i], agent);
        }
    }
    return shared;
}

static bool
is_memory(const struct operation *operation)
{
    return operation->op == SP_MEMORY_READ || operation->op == SP_MEMORY_WRITE ||
           operation->op == SP_ATOMIC || operation->patched || operation->size[0] != 0;
}

void
private_step(const struct operation *operation, uint32_t name)
{
    struct touch touched[OPERATION_TOUCHES];
    uint32_t count;

    if (owners == NULL || learned == NULL) {
        return;
    }
    count = operation_touches(operation, touched);
    if (is_memory(
            operation)) { /* memory.c knows who shares that; but the block's life is an object's */
        count = operation_lives(operation, touched);
    }
    touch(touched, count, name);
}

uint64_t
private_operations(void)
{
    static const uint8_t points[] = {
        SP_NONE,        SP_WAIT,          SP_REMOVE_QUEUE, SP_YIELD,         SP_DELAY,
        SP_QUERY_TIME,  SP_CREATE_THREAD, SP_EXIT_THREAD,  SP_SUSPEND,       SP_RESUME,
        SP_QUEUE_APC,   SP_DELIVER_APC,   SP_TERMINATE,    SP_DRIVER_UNLOAD, SP_POOL,
        SP_MEMORY_READ, SP_MEMORY_WRITE,  SP_ATOMIC,
    };
    uint64_t operations = (1ull << SP_LAST) - 1;

    _Static_assert(SP_LAST < 64, "the operations are a set of bits");
    for (size_t i = 0; i < sizeof(points); i++) { /* V3 */
        operations &= ~(1ull << points[i]);
    }
    if (machine.request->boot.inject != 0) {
        operations &= ~(1ull << SP_SYSTEM_SERVICE);
    }
    return owners != NULL ? operations : 0;
}

GENERAL_REGISTERS_ONLY static bool
is_shared(const struct abi_agent *asker)
{
    struct touch touched[OPERATION_TOUCHES];

    return touch(touched, operation_touches_of(asker, operation_objects(asker), touched),
                 asker->name);
}

/* Of an agent that has no list of objects. */
GENERAL_REGISTERS_ONLY static bool
remember_shared(const struct abi_agent *asker)
{
    uint64_t what = *(const uint64_t *)(const void *)&asker->op;
    uint64_t hash =
        (asker->object ^ what << 13 ^ (uint64_t)asker->name << 40) * 0x9E3779B97F4A7C15ull;
    uint32_t others = asker->objects > 1 ? asker->objects - 1u : 0, i = 0;
    struct memory *memory = &memories[(hash >> 50) % MEMORIES];

    _Static_assert(offsetof(struct abi_agent, target) - offsetof(struct abi_agent, op) ==
                       sizeof(what),
                   "struct memory");
    if (memory->known && memory->object == asker->object && memory->what == what &&
        memory->name == asker->name && memory->thread == asker->thread) {
        while (i < others && memory->other[i].object == asker->other[i].object &&
               memory->other[i].flags == asker->other[i].flags) {
            i++;
        }
        if (i == others) {
            return memory->shared;
        }
    }
    memory->known = true;
    memory->name = asker->name;
    memory->what = what;
    memory->object = asker->object;
    memory->thread = asker->thread;
    for (i = 0; i < others; i++) {
        memory->other[i] = asker->other[i];
    }
    return memory->shared = is_shared(asker);
}

GENERAL_REGISTERS_ONLY bool
private_passes(const struct abi_agent *asker)
{
    if (asker->size != 0 || asker->point != 0 ||
        (asker->flags & (ABI_AGENT_BLOCKED | ABI_AGENT_SPINNING | ABI_AGENT_SEVERAL)) != 0) {
        return false;
    }
    return !(learned == NULL && asker->list == 0 ? remember_shared(asker) : is_shared(asker));
}

GENERAL_REGISTERS_ONLY bool
private_is_settled(void)
{
    return learned == NULL;
}

/*
 * dependence.c - which operations do not commute.
 *
 * Two operations are dependent if they touch one object and one of them changes it. What the kernel
 * says of an operation (abi/hypercall.h: struct abi_agent) is all that is known here; docs/explore.md has
 * the table.
 */
#include "host/explore/strategy.h"

/* What of an object an operation is about: one address may be a thread, its APC queue, its life. */
enum aspect {
    OF_STATE,
    OF_LIFE,
    OF_HANDLE,
    OF_APCS,
    OF_MEMORY,
    OF_NORMAL_APC, /* of a thread: it can be interrupted by kernel APCs */
    OF_SPECIAL_APC,
    OF_USER_APC,
    OF_CLAIMS,
    OF_STEPS,
    OF_ENTRIES, /* its steps that touch nothing, but for the APCs that come in front of them */
    OF_PRIORITY,
    OF_ITSELF, /* none */
    OF_NOTHING
};

static const uint8_t aspects[SP_LAST] = {
    /* all others: OF_STATE */
    [SP_NONE] = OF_NOTHING,
    [SP_YIELD] = OF_NOTHING,
    [SP_SYSTEM_SERVICE] = OF_NOTHING,
    [SP_QUERY_TIME] = OF_NOTHING,
    [SP_SET_PRIORITY] = OF_PRIORITY, /* it says what was set before */
    [SP_LEAVE_REGION] = OF_NOTHING,  /* it has been left by then */
    [SP_DELAY] = OF_NOTHING,
    [SP_ENTER_REGION] = OF_ITSELF, /* what matters is which APCs could have come first */
    [SP_OBJECT] = OF_LIFE,
    [SP_REFERENCE] = OF_LIFE,
    [SP_CREATE_THREAD] = OF_LIFE,
    [SP_POOL_FREE] = OF_LIFE,
    [SP_HANDLE] = OF_HANDLE,
    [SP_LOOKUP] = OF_HANDLE,
    [SP_QUEUE_APC] = OF_APCS,
    [SP_DELIVER_APC] = OF_APCS,
    [SP_SUSPEND] = OF_APCS,
    [SP_RESUME] = OF_APCS,
    [SP_MEMORY_READ] = OF_MEMORY,
    [SP_MEMORY_WRITE] = OF_MEMORY,
    [SP_ATOMIC] = OF_MEMORY,
    [SP_CLAIM_LOCK] = OF_CLAIMS,
};

GENERAL_REGISTERS_ONLY static struct touch
touch_of(uint64_t object, enum aspect of, bool writes)
{
    return (struct touch){.key = object ^ (uint64_t)(of + 1) << 56, .writes = writes};
}

GENERAL_REGISTERS_ONLY static struct touch
touch_object(const struct abi_object *object)
{
    bool writes = (object->flags & ABI_AGENT_READS) == 0;

    if ((object->flags & ABI_OBJECT_CLAIMS) != 0) {
        struct touch touch = touch_of(object->object, OF_CLAIMS, writes);

        touch.counts = COUNTS_DOWN;
        return touch;
    }
    return touch_of(object->object, (object->flags & ABI_OBJECT_LIFE) != 0 ? OF_LIFE : OF_STATE,
                    writes);
}

/* What says that the step could be interrupted by a kernel APC instead. */
GENERAL_REGISTERS_ONLY static struct touch
touch_kernel_apc(uint64_t thread, uint8_t takes)
{
    return touch_of(thread, (takes & ABI_APC_NORMAL) != 0 ? OF_NORMAL_APC : OF_SPECIAL_APC, false);
}

/*
 * A thread reads whether an APC could interrupt it; who queues one writes that. What a normal kernel APC may
 * interrupt a special one may too, so one that queues a special one writes both, and nobody reads both.
 */
GENERAL_REGISTERS_ONLY static uint32_t
touch_apcs(const struct operation *operation, enum aspect of, struct touch *touch)
{
    uint64_t target = operation->object[0] & ~1ull;
    uint32_t count = 0;

    if ((operation->takes & ABI_APC_SPECIAL) != 0 && of != OF_NOTHING) {
        touch[count++] = touch_kernel_apc(operation->thread, operation->takes);
    }
    if ((operation->takes & ABI_APC_USER) != 0) {
        touch[count++] = touch_of(operation->thread, OF_USER_APC, false);
    }
    if ((operation->queues & (ABI_APC_NORMAL | ABI_APC_SPECIAL)) != 0) {
        touch[count++] = touch_of(target, OF_NORMAL_APC, true);
    }
    if ((operation->queues & ABI_APC_SPECIAL) != 0) {
        touch[count++] = touch_of(target, OF_SPECIAL_APC, true);
    }
    if ((operation->queues & ABI_APC_USER) != 0) {
        touch[count++] = touch_of(target, OF_USER_APC, true);
    }
    return count;
}

GENERAL_REGISTERS_ONLY static uint8_t
counting(uint16_t op, bool reads, uint64_t flags)
{
    switch (op) {
    case SP_CLAIM_LOCK: /* commutes with others, and not with who shares the lock */
    case SP_ACQUIRE_SHARED:
    case SP_RELEASE_SHARED:
    case SP_TRY_SHARED:
        return COUNTS_UP;
    case SP_TRY_LOCK: /* those who share the lock are why it comes to nothing */
        return (flags & ABI_AGENT_SHUT_OUT) != 0 ? COUNTS_DOWN : COUNTS_NOT;
    }
    return op_counts(op, reads)            ? COUNTS_DOWN
           : (flags & ABI_AGENT_ADDS) != 0 ? COUNTS_UP
                                           : COUNTS_NOT;
}

/* Memory, or what a loop looks at beside that. */
GENERAL_REGISTERS_ONLY static uint32_t
touch_polled(const struct operation *operation, uint32_t i, struct touch *touch, uint32_t count)
{
    if (operation->size[i] == RUN_SPIN_STATE) {
        touch[count] = touch_of(operation->object[i], OF_STATE, false);
        return count + 1;
    }
    return memory_cells(operation->object[i], operation->size[i], !operation->reads[i], touch,
                        count);
}

/* What befalls an agent comes before or after each step of it; but that its request is cancelled is another one's affair than that it raises the IRQL. */
GENERAL_REGISTERS_ONLY static uint32_t
touch_befallen(const struct operation *operation, struct touch *touch, uint32_t count)
{
    bool injected = operation->kind == ABI_AGENT_INJECTED;

    if (injected || operation->op != SP_ENTER_REGION) {
        touch[count++] = touch_of(operation->target, OF_STEPS, injected);
    }
    if (injected ? operation->op != SP_IRP_CANCEL : operation->op == SP_ENTER_REGION) {
        touch[count++] = touch_of(operation->target, OF_ENTRIES, injected);
    }
    return count;
}

GENERAL_REGISTERS_ONLY uint32_t
operation_touches(const struct operation *operation, struct touch *touch)
{
    enum aspect of = aspects[operation->op];
    uint32_t count = touch_apcs(operation, of, touch);

    if (of == OF_MEMORY) {
        count = touch_polled(operation, 0, touch, count);
    } else if (of < OF_ITSELF && operation->object[0] != 0) {
        touch[count] = touch_of(operation->object[0], of, !operation->reads[0]);
        touch[count++].counts = counting(operation->op, operation->reads[0], operation->flags);
    }
    if (operation->more == NULL) { /* what a loop polls: spin.c */
        for (uint32_t i = 1; i < operation->objects; i++) {
            count = touch_polled(operation, i, touch, count);
        }
    }
    for (uint32_t i = 1; i < operation->objects && operation->more != NULL; i++) {
        if ((operation->more[i - 1].flags & ABI_OBJECT_END) == 0) {
            touch[count++] = touch_object(&operation->more[i - 1]);
        }
    }
    return operation->target != 0 ? touch_befallen(operation, touch, count) : count;
}

bool
operation_is_end(const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];

    return operation->op == SP_YIELD && operation_touches_end(operation, touch, 0) != 0;
}

uint32_t
operation_touches_end(const struct operation *operation, struct touch *touch, uint32_t count)
{
    for (uint32_t i = 1; i < operation->objects && operation->more != NULL; i++) {
        if ((operation->more[i - 1].flags & ABI_OBJECT_END) != 0) {
            touch[count++] = touch_object(&operation->more[i - 1]);
        }
    }
    return count;
}

uint32_t
operation_lives(const struct operation *operation, struct touch *touch)
{
    uint32_t count = 0;

    for (uint32_t i = 1; i < operation->objects && operation->more != NULL; i++) {
        if ((operation->more[i - 1].flags & ABI_OBJECT_LIFE) != 0) {
            touch[count++] = touch_object(&operation->more[i - 1]);
        }
    }
    return count;
}

GENERAL_REGISTERS_ONLY uint32_t
operation_touches_of(const struct abi_agent *agent, const struct abi_object *more,
                     struct touch *touch)
{
    enum aspect of = aspects[agent->op];
    uint32_t count = 0;

    if ((agent->takes & ABI_APC_SPECIAL) != 0 && of != OF_NOTHING) {
        touch[count++] = touch_kernel_apc(agent->thread, agent->takes);
    }
    if ((agent->takes & ABI_APC_USER) != 0) {
        touch[count++] = touch_of(agent->thread, OF_USER_APC, false);
    }
    if (of < OF_ITSELF && agent->object != 0) {
        bool reads = (agent->flags & ABI_AGENT_READS) != 0;

        touch[count] = touch_of(agent->object, of, !reads);
        touch[count++].counts = counting(agent->op, reads, agent->flags);
    }
    for (uint32_t i = 1; i < agent->objects; i++) {
        touch[count++] = touch_object(&more[i - 1]);
    }
    return count;
}

bool
operation_dependent(const struct operation *a, const struct operation *b)
{
    struct touch mine[OPERATION_TOUCHES], other[OPERATION_TOUCHES];
    uint32_t count = operation_touches_end(a, mine, operation_touches(a, mine));
    uint32_t others = operation_touches_end(b, other, operation_touches(b, other));

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < others; j++) {
            if (mine[i].key == other[j].key && touches_conflict(mine[i].writes, mine[i].counts,
                                                                other[j].writes, other[j].counts)) {
                return true;
            }
        }
    }
    return false;
}

static bool
releases(uint16_t op)
{
    switch (op) {
    case SP_SET_EVENT:
    case SP_RESET_EVENT: /* nor if it was not set before */
    case SP_PULSE_EVENT:
    case SP_RELEASE_SEMAPHORE:
    case SP_RELEASE_MUTANT:
    case SP_RELEASE_SPINLOCK:
    case SP_RELEASE_LOCK:
    case SP_RELEASE_SHARED:
    case SP_EXIT_THREAD:
    case SP_INSERT_QUEUE:
    case SP_CREATE_THREAD:
        return true;
    }
    return false;
}

bool
operation_is_steady(const struct operation *operation)
{
    switch (operation->op) {
    case SP_WAIT: /* which of several is taken, and whether it times out, is the state's choice */
    case SP_REMOVE_QUEUE:
        return (operation->flags & (ABI_AGENT_SEVERAL | ABI_AGENT_OPEN)) == 0;
    case SP_TRY_LOCK:
    case SP_TRY_SHARED:
        return false;
    case SP_ACQUIRE_SHARED:
    case SP_RELEASE_SHARED:
    case SP_MEMORY_READ:
    case SP_READ_STATE:
    case SP_REFERENCE:
    case SP_LOOKUP:
        return true;
    }
    return !operation->reads[0];
}

bool
operation_coenabled(uint16_t earlier, uint16_t earlier_flags, const struct operation *later)
{
    /* What lets a waiter go cannot come after it, unless the object was open before, or the waiter
       can go on by another object or by a time-out. */
    return !(releases(earlier) && (later->flags & ABI_AGENT_WAITS) != 0 &&
             (earlier_flags & ABI_AGENT_OPEN) == 0 && (later->flags & ABI_AGENT_OPEN) == 0 &&
             (later->flags & ABI_AGENT_SEVERAL) == 0);
}

/*
 * dependence.c - which operations do not commute.
 *
 * Two operations are dependent if they touch one object and one of them changes it. What the kernel
 * says of an operation (abi/hypercall.h: object, ABI_AGENT_READS, ABI_AGENT_OPEN) is all that is
 * known here; docs/decisions.md has the table.
 */
#include "host/explore/strategy.h"

/* What of an object an operation is about: one address may be a thread, its APC queue, its life. */
enum aspect { OF_STATE, OF_LIFE, OF_HANDLE, OF_APCS, OF_MEMORY, OF_STEPS, OF_NOTHING };

static enum aspect
aspect(const struct operation *operation)
{
    switch (operation->op) {
    case SP_NONE:
    case SP_YIELD:
    case SP_SYSTEM_SERVICE:
    case SP_QUERY_TIME:
    case SP_SET_PRIORITY: /* decides nothing where each thread has a processor of its own */
        return OF_NOTHING;
    case SP_OBJECT:
    case SP_REFERENCE:
    case SP_CREATE_THREAD:
        return OF_LIFE;
    case SP_HANDLE:
    case SP_LOOKUP:
        return OF_HANDLE;
    case SP_ENTER_REGION:
    case SP_LEAVE_REGION:
    case SP_QUEUE_APC:
    case SP_SUSPEND:
    case SP_RESUME:
        return OF_APCS;
    case SP_MEMORY_READ:
    case SP_MEMORY_WRITE:
    case SP_ATOMIC:
        return OF_MEMORY;
    }
    return OF_STATE;
}

uint32_t
operation_touches(const struct operation *operation, struct touch *touch)
{
    enum aspect of = aspect(operation);
    uint32_t count = 0;

    for (uint32_t i = 0; i < operation->objects && of != OF_NOTHING; i++) {
        if (of == OF_MEMORY) {
            count = memory_cells(operation->object[i], operation->size[i], !operation->reads[i],
                                 touch, count);
        } else if (operation->object[i] != 0) {
            touch[count++] = (struct touch){operation->object[i] ^ (uint64_t)(of + 1) << 56,
                                            !operation->reads[i]};
        }
    }
    if (operation->target != 0) {
        /* What befalls an agent comes before or after each step of it. */
        touch[count++] = (struct touch){operation->target ^ (uint64_t)(OF_STEPS + 1) << 56,
                                        operation->kind == ABI_AGENT_INJECTED};
    }
    return count;
}

bool
operation_dependent(const struct operation *a, const struct operation *b)
{
    struct touch mine[OPERATION_TOUCHES], other[OPERATION_TOUCHES];
    uint32_t count = operation_touches(a, mine), others = operation_touches(b, other);

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < others; j++) {
            if (mine[i].key == other[j].key && (mine[i].writes || other[j].writes)) {
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
    bool reads = false;

    for (uint32_t i = 0; i < operation->objects; i++) {
        reads |= operation->reads[i];
    }
    switch (operation->op) {
    case SP_WAIT:
        return operation->objects == 1; /* which of several is taken is the state's choice */
    case SP_MEMORY_READ:
    case SP_READ_STATE:
    case SP_REFERENCE:
    case SP_LOOKUP:
        return true;
    }
    return !reads;
}

bool
operation_coenabled(uint16_t earlier, uint16_t earlier_flags, const struct operation *later)
{
    /* What lets a waiter go cannot come after it, unless the object was open before, or the waiter
       can go on by another object or by a time-out. */
    return !(releases(earlier) && (later->flags & ABI_AGENT_WAITS) != 0 &&
             (earlier_flags & ABI_AGENT_OPEN) == 0 && (later->flags & ABI_AGENT_OPEN) == 0 &&
             later->objects == 1);
}

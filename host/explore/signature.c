/*
 * signature.c - when are two failures the same one?
 *
 * By what happened and where, not by who got there how: a bugcheck by its code, its first parameter
 * where that is a small number (a reason, a subcode) and the instruction that trapped; a hang by what
 * is waited for, however many wait. Who waits for a thread that hangs adds nothing.
 */
#include <string.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

#define SMALL      0x10000
#define KI_PROCESS 3 /* of DISPATCHER_HEADER.Type */
#define KI_THREAD  6

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 29;
}

/* Without what is a matter of time: numbers, and where in a function somebody was. */
static uint64_t
mix_text(uint64_t hash, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '+') {
            text += strcspn(text, " ") - 1;
        } else if (*text < '0' || *text > '9') {
            hash = mix(hash, (uint8_t)*text);
        }
    }
    return hash;
}

/* A thread or a process: the first byte of a dispatcher object is its type. */
static bool
is_join(const struct operation *wait)
{
    uint8_t type;

    return wait->op == SP_WAIT && (wait->flags & ABI_AGENT_SEVERAL) == 0 &&
           space_read(wait->object[0], &type, 1) == 1 &&
           ((type & 0x7F) == KI_THREAD || (type & 0x7F) == KI_PROCESS);
}

/* A sum, so that order and repetition do not matter: each wait for an object counts once. */
static uint64_t
waits(const struct question *end)
{
    uint64_t sum = 0;

    for (agent_set set = end->present; set != 0; set &= set - 1) {
        const struct operation *wait = &end->next[set_first(set)];
        bool seen = is_join(wait);

        for (agent_set before = end->present & (set - 1) & ~set; before != 0;
             before &= before - 1) {
            const struct operation *other = &end->next[set_first(before)];

            seen = seen || (other->op == wait->op && other->object[0] == wait->object[0]);
        }
        sum += seen ? 0 : mix(mix(1, wait->op), wait->object[0]);
    }
    return sum;
}

uint64_t
signature_of(const struct abi_stop *why, const struct question *end)
{
    uint64_t hash = mix(mix(1, why->verdict), why->code);
    struct abi_trap trap;

    switch (why->verdict) {
    case ABI_BUGCHECK:
        if (why->parameter[0] < SMALL) {
            hash = mix(hash, why->parameter[0]);
        }
        if (why->trap != 0 && space_read(why->trap, &trap, sizeof(trap)) == sizeof(trap)) {
            hash = mix(hash, trap.original_rip);
        }
        return hash;
    case ABI_HANG:
    case ABI_DEADLOCK:
        return mix(hash, end != NULL ? waits(end) : 0);
    default:
        return mix_text(hash, why->message);
    }
}

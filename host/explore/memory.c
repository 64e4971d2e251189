/*
 * memory.c - which bytes of guest memory several agents touch, and what counts as one object there.
 *
 * At memory granularity the code of a driver tells of every access. Most are to memory of the agent's
 * own, which no order can change; a schedule point is only needed where another agent touches the
 * same bytes and one of them writes. Who touched what is remembered over all runs:
 *
 *   Y1  An access to bytes that are known to be shared is a point. Addresses are the same in every run
 *       (machine-notes 17), so what one run learns holds for the next.
 *   Y2  When a byte turns out to be shared, accesses to it before that were no points: the run was
 *       incomplete, and `grown` says so. A search that claims to be exhaustive begins anew
 *       (host/search/learn.c), until nothing is learnt any more.
 *
 *   Y3  To free a block is to write all of it: an access by somebody else then comes before it or after it. Of a large block
 *       only what was touched before counts.
 *
 *   Y4  Where only calls are points, or only atomic instructions beside them, those bytes are that loops look at which sleep, or have no other point (spin.c, L7
 *       and L8), as far as they are shared.
 *
 * Accesses of different sizes can overlap. A word of 8 bytes is divided into cells at every address
 * where some access begins or ends, so two accesses overlap just when they have a cell in common.
 */
#include "host/explore/memory.h"
#include <errno.h>
#include "host/explore/strategy.h"

#define SLOTS (1u << 18)
#define SMALL 1024 /* bytes of a block: Y3 */

struct word {
    uint64_t number;                   /* address / 8, plus 1 */
    uint32_t agent;                    /* the first one that touched it */
    uint8_t reads, writes;             /* bytes that it did */
    uint8_t other_reads, other_writes; /* all others */
    uint8_t shared;                    /* bytes that several agents touch, one of them writing */
    uint8_t active;                    /* bytes that are points in this run */
    uint8_t cells;                     /* bit i: a cell begins at byte i */
    uint8_t polled;                    /* Y4 */
};

static struct word *words; /* NULL: strategies without a machine (tests) */
static uint32_t used;
static bool begun;
static struct run_learned *learned; /* NULL: a replay */
static uint32_t active;             /* of learned->shared: in force in this run */

/* NULL: the table is full, or it is not there and need not be. */
GENERAL_REGISTERS_ONLY static struct word *
look(uint64_t number, bool make)
{
    uint32_t at = (uint32_t)((number * 0x9E3779B97F4A7C15ull) >> 46);

    for (;; at = (at + 1) % SLOTS) {
        if (words[at].number == number + 1) {
            return &words[at];
        }
        if (words[at].number == 0) {
            if (!make) {
                return NULL;
            }
            if (used == SLOTS / 4 * 3) {
                return NULL;
            }
            used++;
            words[at].number = number + 1;
            words[at].cells = 0x11; /* most accesses are to 4 or 8 bytes */
            return &words[at];
        }
    }
}

GENERAL_REGISTERS_ONLY static struct word *
find(uint64_t number)
{
    return look(number, true);
}

GENERAL_REGISTERS_ONLY void
memory_learn(struct run_learned *to, uint64_t word, uint32_t bytes)
{
    uint32_t at = __atomic_fetch_add(&to->shared_count, 1, __ATOMIC_SEQ_CST);

    if (at < RUN_MAX_SHARED) {
        to->shared[at] = (struct run_shared){word, bytes};
        to->grown = 1;
    } else {
        to->shared_count = RUN_MAX_SHARED;
    }
}

static bool
touch_word(uint64_t number, uint8_t bytes, bool writes, uint32_t agent)
{
    struct word *word = find(number);
    uint8_t conflict;

    if (word == NULL) {
        return true;
    }
    if (learned == NULL) {
        return (word->active & bytes) != 0;
    }
    if (word->agent == 0) {
        word->agent = agent;
    }
    if (word->agent == agent) {
        conflict = word->other_writes | (writes ? word->other_reads : 0);
        word->reads |= bytes;
        word->writes |= writes ? bytes : 0;
    } else {
        conflict =
            word->writes | word->other_writes | (writes ? word->reads | word->other_reads : 0);
        word->other_reads |= bytes;
        word->other_writes |= writes ? bytes : 0;
    }
    conflict &= bytes & (uint8_t)~word->shared;
    if (conflict != 0) {
        memory_learn(learned, number * 8, conflict); /* Y2 */
        word->shared |= conflict;
    }
    return (word->active & bytes) != 0;
}

static uint8_t
bytes_at(uint64_t offset, uint64_t part)
{
    return (uint8_t)(((1u << part) - 1) << offset);
}

bool
memory_touch(uint64_t address, uint64_t size, bool writes, uint32_t agent)
{
    bool shared = !begun;

    while (size != 0) {
        uint64_t offset = address % 8, part = 8 - offset < size ? 8 - offset : size;

        shared |= touch_word(address / 8, bytes_at(offset, part), writes, agent);
        address += part;
        size -= part;
    }
    return shared;
}

bool
memory_touch_polled(uint64_t address, uint64_t size, bool writes, uint32_t agent)
{
    bool shared = false;

    while (size != 0) {
        uint64_t offset = address % 8, part = 8 - offset < size ? 8 - offset : size;
        const struct word *word = look(address / 8, false);

        if (word != NULL && (word->polled & bytes_at(offset, part)) != 0) {
            shared |= touch_word(address / 8, bytes_at(offset, part), writes, agent);
        }
        address += part;
        size -= part;
    }
    return shared;
}

void
memory_poll(uint64_t address, uint32_t size)
{
    while (learned != NULL && size != 0) {
        uint32_t offset = address % 8, part = 8 - offset < size ? 8 - offset : size;
        struct word *word = find(address / 8);
        uint8_t bytes = bytes_at(offset, part);

        if (word != NULL && (bytes & ~word->polled) != 0) {
            word->polled |= bytes;
            memory_learn(learned, address - offset, (uint32_t)word->polled << RUN_SHARED_POLLED);
        }
        address += part;
        size -= part;
    }
}

void
memory_free(uint64_t address, uint64_t size, uint32_t agent)
{
    for (uint64_t at = address; at < address + size; at += 8) {
        if (size <= SMALL || look(at / 8, false) != NULL) {
            memory_touch(at, address + size - at < 8 ? address + size - at : 8, true, agent);
        }
    }
}

int
memory_init(const struct run_request *request)
{
    words = search_reserve(SLOTS * sizeof(*words));
    if (words == NULL) {
        return -ENOMEM;
    }
    learned = request->learned;
    for (size_t i = 0; i < request->shared_count; i++) {
        struct word *word = (request->shared[i].bytes & RUN_SHARED_OTHER) == 0
                                ? find(request->shared[i].word / 8)
                                : NULL;

        if (word != NULL) {
            word->active |= (uint8_t)request->shared[i].bytes;
            word->shared |= (uint8_t)request->shared[i].bytes;
            word->cells |= (uint8_t)(request->shared[i].bytes >> 8);
            word->polled |= (uint8_t)(request->shared[i].bytes >> RUN_SHARED_POLLED);
        }
    }
    return 0;
}

void
memory_begin_run(void)
{
    begun = true;
    for (; learned != NULL && learned->freely && active < learned->shared_count; active++) {
        if ((learned->shared[active].bytes & RUN_SHARED_OTHER) != 0) {
            continue;
        }
        find(learned->shared[active].word / 8)->active |= (uint8_t)learned->shared[active].bytes;
    }
}

GENERAL_REGISTERS_ONLY uint32_t
memory_cells(uint64_t address, uint32_t size, bool writes, struct touch *touch, uint32_t count)
{
    uint32_t left = size != 0 ? size : 1;

    while (left != 0 && address != 0) {
        uint32_t offset = address % 8, part = 8 - offset < left ? 8 - offset : left;
        struct word *word = words != NULL ? find(address / 8) : NULL;
        uint8_t cells = 0xFF, wanted = (uint8_t)(1u << offset | 1u << (offset + part));

        if (word != NULL) {
            if ((wanted & ~word->cells) != 0) {
                word->cells |= wanted;
                if (learned != NULL) {
                    memory_learn(learned, address - offset, (uint32_t)word->cells << 8);
                }
            }
            cells = word->cells;
        }
        /* Of a long copy only what others touch matters. */
        if (size <= 64 || word == NULL || word->active != 0) {
            for (uint32_t i = offset; i < offset + part; i++) {
                if (count == OPERATION_TOUCHES) {
                    if (learned != NULL) {
                        learned->cut = 1;
                    }
                    return count;
                }
                if (i == offset || (cells >> i & 1) != 0) {
                    touch[count++] = (struct touch){.key = (address - offset + i) | 1ull << 63,
                                                    .writes = writes};
                }
            }
        }
        address += part;
        left -= part;
    }
    return count;
}

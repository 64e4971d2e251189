/*
 * lifetime.c - a block of pool that is freed while somebody stands in front of using it, or comes to use it later.
 *
 * What an operation touches tells its block (nt/ke/explore.c, E7), and to free a block is an operation, too. Kernel code
 * that is given a freed object mostly works, so such a run ends well: it is told all the same.
 *
 * From a run in which all went well come candidates: a use, then a free by somebody else. The schedule that tells is as it was, but
 * who used the block is held in front of that until it is freed. A fresh worker plays it (minimise.c): either somebody
 * stands in front of a freed block there, or something else made the free wait for the use, and it is dropped.
 *
 *   F1  A freed block is one as long as it is poisoned: it may have been allocated anew.
 *   F2  Of each agent's uses of a block the last one before the free counts.
 *   F3  What could have happened to a request is nobody's use of it: a cancellation that comes too late does not come.
 */
#include "host/explore/lifetime.h"
#include <string.h>
#include "host/explore/explorer.h"
#include "host/explore/spin.h"
#include "host/machine/branch.h"
#include "host/machine/machine.h"

#define MAX_USES       64
#define MAX_FREES      32
#define MAX_PAIRS      16
#define MAX_CANDIDATES 8
#define POISON         0xFEEEFEEEFEEEFEEEull /* nt/ex/expool.h */
#define LIFE_SALT      0x4C494645
#define PAIR_SALT      0x50414952

struct use {
    uint64_t block, object;
    uint32_t at; /* choices before it */
    uint16_t op;
    uint8_t agent;
};

struct freed {
    uint64_t block;
    uint8_t agent;
};

struct pair {
    struct use use;
    uint32_t until; /* choices before the free */
};

static struct lives {
    struct use use[MAX_USES];
    struct freed freed[MAX_FREES];
    struct pair pair[MAX_PAIRS];
    uint32_t uses, frees, pairs;
} it, kept[SPIN_SLOTS];

struct lives_kept {
    uint32_t uses, frees, pairs;
    struct use *use;
    struct freed *freed;
    struct pair *pair;
};

void
lifetime_begin_run(void)
{
    it.uses = it.frees = it.pairs = 0;
}

static void
copy(struct lives *to, const struct lives *from)
{
    to->uses = from->uses;
    to->frees = from->frees;
    to->pairs = from->pairs;
    memcpy(to->use, from->use, from->uses * sizeof(*from->use));
    memcpy(to->freed, from->freed, from->frees * sizeof(*from->freed));
    memcpy(to->pair, from->pair, from->pairs * sizeof(*from->pair));
}

void
lifetime_keep(uint32_t slot)
{
    copy(&kept[slot], &it);
}

void
lifetime_go_back(uint32_t slot)
{
    copy(&it, &kept[slot]);
}

const struct lives_kept *
lifetime_keep_all(void)
{
    struct lives_kept *to = branch_allocate(sizeof(*to));

    if (to == NULL || (to->use = branch_allocate(it.uses * sizeof(*it.use))) == NULL ||
        (to->freed = branch_allocate(it.frees * sizeof(*it.freed))) == NULL ||
        (to->pair = branch_allocate(it.pairs * sizeof(*it.pair))) == NULL) {
        return NULL;
    }
    to->uses = it.uses;
    to->frees = it.frees;
    to->pairs = it.pairs;
    memcpy(to->use, it.use, it.uses * sizeof(*it.use));
    memcpy(to->freed, it.freed, it.frees * sizeof(*it.freed));
    memcpy(to->pair, it.pair, it.pairs * sizeof(*it.pair));
    return to;
}

void
lifetime_go_back_to(const struct lives_kept *from)
{
    it.uses = from->uses;
    it.frees = from->frees;
    it.pairs = from->pairs;
    memcpy(it.use, from->use, from->uses * sizeof(*it.use));
    memcpy(it.freed, from->freed, from->frees * sizeof(*it.freed));
    memcpy(it.pair, from->pair, from->pairs * sizeof(*it.pair));
}

/* The block whose life the operation reads; 0: none. */
static uint64_t
block_of(const struct operation *operation)
{
    for (uint32_t i = 1; i < operation->objects && operation->more != NULL; i++) {
        if ((operation->more[i - 1].flags & ABI_OBJECT_LIFE) != 0) {
            return operation->more[i - 1].object;
        }
    }
    return 0;
}

static void
note_use(const struct operation *operation, uint32_t agent, uint32_t scheduled)
{
    uint64_t block = block_of(operation);
    uint32_t i = 0;

    if (block == 0) {
        return;
    }
    while (i < it.uses && (it.use[i].block != block || it.use[i].agent != agent)) {
        i++;
    }
    if (i == MAX_USES) {
        return;
    }
    it.uses += i == it.uses;
    it.use[i] = (struct use){block, operation->object[0], scheduled, operation->op, (uint8_t)agent};
}

static void
note_free(uint64_t block, uint32_t agent, uint32_t scheduled)
{
    uint32_t i = 0;

    for (uint32_t j = 0; j < it.uses; j++) {
        if (it.use[j].block == block && it.use[j].agent != agent && it.pairs < MAX_PAIRS) {
            it.pair[it.pairs].use = it.use[j];
            it.pair[it.pairs++].until = scheduled;
        }
    }
    while (i < it.frees && it.freed[i].block != block) {
        i++;
    }
    if (i < MAX_FREES) {
        it.frees += i == it.frees;
        it.freed[i].block = block;
        it.freed[i].agent = (uint8_t)agent;
    }
}

void
lifetime_step(const struct operation *operation, uint32_t agent, uint32_t scheduled)
{
    if (operation->op == SP_POOL_FREE) {
        note_free(operation->object[0], agent, scheduled);
    } else if (operation->objects > 1 && !operation_injected(operation)) { /* F3 */
        note_use(operation, agent, scheduled);
    }
}

bool
lifetime_has_ended(void)
{
    return it.frees != 0;
}

uint64_t
lifetime_over(const struct operation *operation, uint32_t *by)
{
    uint64_t block, content;

    if (operation->objects < 2 || operation_injected(operation) /* F3 */ ||
        (block = block_of(operation)) == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < it.frees; i++) {
        if (it.freed[i].block == block &&
            space_read(operation->object[0] & ~7ull, &content, 8) == 8 &&
            content == POISON) { /* F1 */
            *by = it.freed[i].agent;
            return block;
        }
    }
    return 0;
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 29;
}

uint64_t
lifetime_signature(uint16_t op, uint64_t object)
{
    return mix(mix(LIFE_SALT, op), object);
}

void
lifetime_end(const uint32_t *schedule, struct search_results *results)
{
    for (uint32_t i = 0; i < it.pairs; i++) {
        const struct use *use = &it.pair[i].use;
        uint64_t wanted = lifetime_signature(use->op, use->object), signature = wanted ^ PAIR_SALT;
        struct search_finding *finding = &results->finding[results->findings];
        uint32_t candidates = 0, length = 0, name = explorer_name(use->agent);
        bool known = false;

        for (uint32_t j = 0; j < results->findings; j++) {
            known = known || results->finding[j].signature == signature ||
                    results->finding[j].signature == wanted;
            candidates += results->finding[j].wanted != 0 &&
                          results->finding[j].wanted != results->finding[j].signature;
        }
        if (known || candidates >= MAX_CANDIDATES || results->findings >= SEARCH_FINDINGS ||
            it.pair[i].until >= SEARCH_SCHEDULES - results->schedules) {
            continue;
        }
        *finding =
            (struct search_finding){.stop = {.verdict = ABI_RACE,
                                             .code = 1,
                                             .message = "a block is freed after it was used"},
                                    .signature = signature,
                                    .wanted = wanted,
                                    .times = 1,
                                    .schedule = results->schedules};
        for (uint32_t j = 0; j <= it.pair[i].until; j++) {
            if (j < use->at || schedule[j] != name) {
                results->schedule[results->schedules + length++] = schedule[j];
            }
        }
        finding->schedule_length = length;
        results->schedules += length;
        results->findings++;
    }
}

/*
 * feedback.c - a random search that learns which operations were handed objects by which (after RFF,
 * Wolff et al. 2024).
 *
 * A kind of operation is what is done to which object. A hand-off is a pair of kinds: an operation, and
 * the last one before it that changed the object (or none). A run is guided by up to 4 wishes, each
 * a hand-off that shall or shall not happen; who would act against a wish waits for as long as
 * somebody else can go on. Apart from that it is partial order sampling. Sets of wishes whose runs
 * had hand-offs together that no run had before are kept, and changed a little for the next ones;
 * those whose runs were rarest are taken first.
 *
 * Each run depends on those before, so this search is not shared out among workers. Of N shards each makes every Nth run, and learns from
 * its own alone: no run's number is two shards', all are some shard's, and no two draw the same numbers. It is not the search that one
 * process would make, but N smaller ones.
 */
#include <errno.h>
#include <string.h>
#include "host/explore/sampled.h"

#define MAX_WISHES  4
#define MAX_CORPUS  1024
#define MAX_KINDS   256
#define MAX_OBJECTS 128
#define MAX_SEEN    (1u << 16)

struct wish {
    uint8_t from, to; /* kinds; from 0: the object as it was */
    bool never;
};

struct entry {
    struct wish wish[MAX_WISHES];
    uint32_t wishes;
    uint64_t signature;
};

static struct kind {
    uint8_t object;
    bool writes;
    uint16_t op;
} kinds[MAX_KINDS];
static uint32_t kind_count; /* 0 is none */
static uint64_t objects[MAX_OBJECTS];
static uint32_t object_count;
static uint8_t last_write[MAX_OBJECTS]; /* kind, of this run */
static struct entry *corpus, current;
static uint32_t entries;
static struct seen {
    uint64_t signature;
    uint32_t times;
} *seen;
static uint64_t handed[MAX_KINDS][MAX_KINDS / 64]; /* hand-offs of this run */
static uint32_t fulfilled;                         /* a bit for each wish */
static struct random numbers;
static uint64_t seed;

static int
init(const struct run_search *search)
{
    if (corpus == NULL) {
        corpus = search_reserve(MAX_CORPUS * sizeof(*corpus));
        seen = search_reserve(MAX_SEEN * sizeof(*seen));
    }
    if (corpus == NULL || seen == NULL) {
        return -ENOMEM;
    }
    memset(seen, 0, MAX_SEEN * sizeof(*seen));
    kind_count = 1;
    object_count = entries = 0;
    seed = search->seed;
    return 0;
}

static struct seen *
seen_of(uint64_t signature)
{
    uint64_t at = signature * 0x9E3779B97F4A7C15ull >> 48;

    for (uint32_t i = 0; i < 16; i++) {
        struct seen *entry = &seen[(at + i) & (MAX_SEEN - 1)];

        if (entry->signature == signature || entry->signature == 0) {
            return entry;
        }
    }
    return &seen[at & (MAX_SEEN - 1)]; /* full there: it is forgotten */
}

/* The kind of an operation's touch; 0 if there are too many. */
static uint32_t
kind_of(uint16_t op, const struct touch *touch)
{
    uint32_t object, kind;

    for (object = 0; object < object_count && objects[object] != touch->key; object++) {
    }
    if (object == object_count) {
        if (object == MAX_OBJECTS) {
            return 0;
        }
        objects[object_count++] = touch->key;
    }
    for (kind = 1; kind < kind_count; kind++) {
        if (kinds[kind].object == object && kinds[kind].op == op &&
            kinds[kind].writes == touch->writes) {
            return kind;
        }
    }
    if (kind == MAX_KINDS) {
        return 0;
    }
    kinds[kind_count++] = (struct kind){(uint8_t)object, touch->writes, op};
    return kind;
}

/* A hand-off on an object that some operation changes. */
static bool
new_wish(struct wish *wish)
{
    for (uint32_t tries = 0; tries < 32 && kind_count > 1; tries++) {
        uint32_t to = 1 + (uint32_t)random_below(&numbers, kind_count - 1);
        uint32_t from = (uint32_t)random_below(&numbers, kind_count);

        if (from == 0 || (kinds[from].writes && kinds[from].object == kinds[to].object)) {
            *wish = (struct wish){(uint8_t)from, (uint8_t)to, random_below(&numbers, 3) == 0};
            return true;
        }
    }
    return false;
}

static void
change(struct entry *entry)
{
    uint32_t what = (uint32_t)random_below(&numbers, 4);
    struct wish wish;

    if (entry->wishes > 0 && what == 0) {
        entry->wish[random_below(&numbers, entry->wishes)] = entry->wish[entry->wishes - 1];
        entry->wishes--;
    } else if (entry->wishes > 0 && what == 1) {
        entry->wish[random_below(&numbers, entry->wishes)].never ^= true;
    } else if (new_wish(&wish)) {
        entry->wish[entry->wishes < MAX_WISHES ? entry->wishes++
                                               : random_below(&numbers, MAX_WISHES)] = wish;
    }
}

static bool
begin(uint64_t run)
{
    numbers = run_numbers(seed, 0x4642, run);
    current.wishes = 0;
    if (entries > 0) {
        /* The rarest of some. */
        for (uint32_t i = 0; i < 4; i++) {
            const struct entry *other = &corpus[random_below(&numbers, entries)];

            if (i == 0 || seen_of(other->signature)->times < seen_of(current.signature)->times) {
                current = *other;
            }
        }
        for (uint64_t changes = 1 + random_below(&numbers, 2); changes > 0; changes--) {
            change(&current);
        }
    }
    memset(last_write, 0, sizeof(last_write));
    memset(handed, 0, sizeof(handed));
    fulfilled = 0;
    pos_begin(run, false);
    return true;
}

/* Would it go against a wish that has not come true yet? */
static bool
is_held(const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = kind_of(operation->op, &touch[i]);

        for (uint32_t j = 0; j < current.wishes && kind != 0; j++) {
            const struct wish *wish = &current.wish[j];
            bool now = last_write[kinds[kind].object] == wish->from;

            if ((fulfilled >> j & 1) != 0 || kinds[wish->to].object != kinds[kind].object) {
                continue;
            }
            if (wish->never) {
                if (wish->to == kind && now) {
                    return true;
                }
            } else if (wish->to == kind ? !now : now && kinds[kind].writes) {
                return true;
            }
        }
    }
    return false;
}

static void
note(const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    uint32_t count = operation_touches(operation, touch);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = kind_of(operation->op, &touch[i]), from;

        if (kind == 0) {
            continue;
        }
        from = last_write[kinds[kind].object];
        handed[from][kind / 64] |= 1ull << kind % 64;
        for (uint32_t j = 0; j < current.wishes; j++) {
            if (!current.wish[j].never && current.wish[j].to == kind &&
                current.wish[j].from == from) {
                fulfilled |= 1u << j;
            }
        }
        if (touch[i].writes) {
            last_write[kinds[kind].object] = (uint8_t)kind;
        }
    }
}

static uint32_t
choose(const struct question *question)
{
    struct question free = *question;
    uint32_t chosen;

    for (agent_set set = question->enabled; set != 0 && current.wishes > 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        if (is_held(&question->next[agent])) {
            free.enabled &= ~set_one(agent);
        }
    }
    if (free.enabled == 0) {
        free.enabled = question->enabled;
    }
    chosen = strategy_pos.choose(&free);
    note(&question->next[chosen]);
    return chosen;
}

static void
end(const struct question *question, bool cut)
{
    struct seen *known;
    uint64_t signature = 1;

    for (uint32_t from = 0; from < kind_count; from++) {
        for (uint32_t i = 0; i < MAX_KINDS / 64; i++) {
            signature = (signature ^ handed[from][i]) * 0xD6E8FEB86659FD93ull;
            signature ^= signature >> 31;
        }
    }
    signature |= signature == 0;
    known = seen_of(signature);
    if (known->signature != signature) {
        *known = (struct seen){signature, 0};
        current.signature = signature;
        corpus[entries < MAX_CORPUS ? entries++ : random_below(&numbers, MAX_CORPUS)] = current;
    }
    known->times++;
}

const struct strategy strategy_feedback = {
    .name = "feedback",
    .init = init,
    .begin = begin,
    .choose = choose,
    .end = end,
    .exhausted = SEARCH_BUDGET,
    .kind = STRATEGY_GUIDED,
};

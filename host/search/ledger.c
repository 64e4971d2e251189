/*
 * ledger.c - what is in ledger.h.
 */
#include "host/search/ledger.h"
#include <stdlib.h>
#include <string.h>
#include "host/search/pool.h"

static void *
grown(void *block, size_t size)
{
    block = realloc(block, size);
    if (block == NULL) {
        abort();
    }
    return block;
}

static bool
set_bytes(struct bytes *to, const struct unit_bytes *from)
{
    uint32_t length = from->length;

    if (length > UNIT_ROOM) {
        return false;
    }
    to->data = grown(to->data, length + 1);
    memcpy(to->data, from->data, length);
    to->length = length;
    return true;
}

static struct unit *
new_unit(struct ledger *ledger, uint32_t number, struct unit *parent)
{
    struct unit *unit = calloc(1, sizeof(*unit)), **at = &ledger->units;

    if (unit == NULL) {
        abort();
    }
    while (*at != NULL && (*at)->number < number) {
        at = &(*at)->next;
    }
    *unit = (struct unit){.number = number, .parent = parent, .limit = UINT64_MAX, .next = *at};
    *at = unit;
    ledger->numbers = number >= ledger->numbers ? number + 1 : ledger->numbers;
    return unit;
}

static void
free_unit(struct ledger *ledger, struct unit *unit)
{
    struct unit **at = &ledger->units;

    while (*at != unit) {
        at = &(*at)->next;
    }
    *at = unit->next;
    tally_free(&unit->tally);
    free(unit->state.data);
    free(unit->asks.data);
    free(unit);
}

/* A part that nobody will ask for, with its own parts. */
static void
drop(struct ledger *ledger, struct unit *unit)
{
    for (struct unit *part = ledger->units, *next; part != NULL; part = next) {
        next = part->next;
        if (part->parent == unit) {
            drop(ledger, part);
            next = ledger->units; /* the list has changed */
        }
    }
    unit->parent = NULL;
    if (unit->status == UNIT_BUSY) {
        unit->dropped = true;
    } else {
        free_unit(ledger, unit);
    }
}

static void
drop_parts(struct ledger *ledger, struct unit *unit)
{
    for (struct unit *part = ledger->units; part != NULL;) {
        if (part->parent == unit) {
            drop(ledger, part);
            part = ledger->units;
        } else {
            part = part->next;
        }
    }
}

void
ledger_open(struct ledger *ledger, enum strategy_kind kind, uint64_t runs, bool first,
            uint32_t shard, uint32_t shards)
{
    *ledger = (struct ledger){
        .kind = kind, .runs = runs, .first = first, .stride = shards, .offset = shard};
    if (kind != STRATEGY_SAMPLED) {
        new_unit(ledger, 0, NULL)->limit = runs;
    }
}

void
ledger_close(struct ledger *ledger)
{
    while (ledger->units != NULL) {
        free_unit(ledger, ledger->units);
    }
    tally_free(&ledger->total);
}

struct unit *
ledger_get(struct ledger *ledger, uint64_t block)
{
    struct unit *unit;

    for (unit = ledger->units; unit != NULL; unit = unit->next) {
        if (unit->status == UNIT_WAITS_FOR_WORKER) {
            unit->status = UNIT_BUSY;
            unit->begun = true;
            return unit;
        }
    }
    if (ledger->kind != STRATEGY_SAMPLED || ledger->over || ledger->given >= ledger->runs) {
        return NULL;
    }
    for (unit = ledger->units; unit != NULL; unit = unit->next) {
        if (unit->status == UNIT_AT_END && unit->end == UNIT_FOUND) {
            return NULL; /* the end is known, only what is before it still counts */
        }
    }
    unit = new_unit(ledger, ledger->numbers, NULL);
    unit->status = UNIT_BUSY;
    unit->first = ledger->given;
    unit->limit = block < ledger->runs - ledger->given ? block : ledger->runs - ledger->given;
    ledger->given += unit->limit;
    return unit;
}

void
ledger_lost(struct ledger *ledger, struct unit *unit)
{
    unit->status = UNIT_WAITS_FOR_WORKER;
    unit->taken = NULL;
    if (ledger->kind != STRATEGY_TREE) {
        tally_free(&unit->tally); /* it starts again */
    }
    if (unit->dropped) {
        free_unit(ledger, unit);
    }
}

void
ledger_heard(struct ledger *ledger, struct unit *unit)
{
    if (unit->taken != NULL) {
        tally_add(&unit->tally, &unit->taken->tally);
        drop(ledger, unit->taken);
        unit->taken = NULL;
    }
}

bool
ledger_keep(struct unit *unit, const struct unit_channel *channel)
{
    return channel->state.length != 0 && set_bytes(&unit->state, &channel->state);
}

bool
ledger_offer(struct ledger *ledger, struct unit *unit, const struct unit_channel *channel)
{
    struct unit *part;

    if (!ledger_keep(unit, channel) || channel->part < 1) {
        return false;
    }
    if (unit->dropped) {
        return true;
    }
    part = new_unit(ledger, channel->part, unit);
    part->limit = ledger->runs;
    return set_bytes(&part->state, &channel->given);
}

uint64_t
ledger_left(const struct ledger *ledger, const struct unit *unit)
{
    return ledger->runs == UINT64_MAX         ? UINT64_MAX
           : unit->tally.runs >= ledger->runs ? 0
                                              : ledger->runs - unit->tally.runs;
}

/* The unit is at its end: whoever waits for it can go on. */
static void
set_end(struct ledger *ledger, struct unit *unit, enum unit_end end)
{
    unit->end = end;
    unit->status = UNIT_AT_END;
    if (unit->number == 0 && ledger->kind != STRATEGY_SAMPLED) {
        ledger->over = true;
        ledger->outcome = end;
    }
    for (struct unit *other = ledger->units; other != NULL; other = other->next) {
        if (other->status == UNIT_WAITS_FOR_PART && other->needs == unit) {
            other->status = UNIT_WAITS_FOR_WORKER;
            other->limit = ledger_left(ledger, other);
        }
    }
}

enum unit_answer
ledger_need(struct ledger *ledger, struct unit *unit, struct unit_channel *channel)
{
    struct unit *part = ledger->units;

    while (part != NULL && (part->number != channel->part || part->parent != unit)) {
        part = part->next;
    }
    if (!ledger_keep(unit, channel)) {
        return UNIT_OVER; /* nonsense */
    }
    if (part == NULL) { /* was taken back already, by a worker that was lost */
        channel->limit = ledger_left(ledger, unit);
        return UNIT_INLINE;
    }
    if (part->begun && part->status != UNIT_AT_END) {
        unit->status = UNIT_WAITS_FOR_PART;
        unit->needs = part;
        return UNIT_LOAD;
    }
    if (part->status == UNIT_WAITS_FOR_WORKER || part->end == UNIT_STOPPED ||
        part->tally.runs > ledger_left(ledger, unit) ||
        (part->end == UNIT_LIMIT && part->tally.runs != ledger_left(ledger, unit))) {
        drop(ledger, part); /* the budget ends inside of it: it must be gone through here */
        channel->limit = ledger_left(ledger, unit);
        return UNIT_INLINE;
    }
    if (part->end != UNIT_EXHAUSTED) {
        enum unit_end end = part->end;

        tally_add(&unit->tally, &part->tally);
        drop_parts(ledger, unit);
        set_end(ledger, unit, end);
        return UNIT_LOAD;
    }
    memcpy(channel->given.data, part->asks.data, part->asks.length);
    channel->given.length = part->asks.length;
    channel->limit = ledger_left(ledger, unit);
    channel->limit -= channel->limit != UINT64_MAX ? part->tally.runs : 0;
    unit->taken = part;
    return UNIT_TAKE;
}

/* Adds the blocks that follow on what has been added: L2. */
static void
add_blocks(struct ledger *ledger)
{
    struct unit *unit = ledger->units;

    while (!ledger->over && unit != NULL && unit->first == ledger->added &&
           unit->status == UNIT_AT_END) {
        ledger->added += unit->limit;
        tally_add(&ledger->total, &unit->tally);
        if (unit->end == UNIT_FOUND) {
            ledger->over = true;
            ledger->outcome = UNIT_FOUND;
        }
        free_unit(ledger, unit);
        unit = ledger->units;
    }
    if (!ledger->over && ledger->added >= ledger->runs) {
        ledger->over = true;
        ledger->outcome = UNIT_LIMIT;
    }
}

bool
ledger_done(struct ledger *ledger, struct unit *unit, const struct unit_channel *channel)
{
    if (unit->dropped) {
        unit->status = UNIT_AT_END;
        drop(ledger, unit);
        return true;
    }
    if (channel->end > UNIT_STOPPED || !set_bytes(&unit->asks, &channel->given)) {
        return false;
    }
    if (channel->end != UNIT_EXHAUSTED) {
        drop_parts(ledger, unit);
    }
    set_end(ledger, unit, (enum unit_end)channel->end);
    if (ledger->kind == STRATEGY_SAMPLED && channel->end != UNIT_STOPPED) {
        add_blocks(ledger);
    }
    return true;
}

void
ledger_sum(struct ledger *ledger, struct tally *out)
{
    *out = (struct tally){0};
    tally_add(out, &ledger->total);
    for (struct unit *unit = ledger->units; unit != NULL; unit = unit->next) {
        if (!unit->dropped) {
            tally_add(out, &unit->tally);
        }
    }
}

#define MOST_TOLD 256

/* Of all parts; several may have the same. */
struct told {
    uint64_t signature[MOST_TOLD];
    size_t count;
};

static void
add_findings(struct told *told, const struct tally *tally)
{
    for (size_t i = 0; i < tally->findings && told->count < MOST_TOLD; i++) {
        size_t at = 0;

        while (at < told->count && told->signature[at] != tally->finding[i].finding.signature) {
            at++;
        }
        told->signature[at] = tally->finding[i].finding.signature;
        told->count += at == told->count;
    }
}

static void
add_figures(struct pool_progress *progress, struct told *told, const struct tally *tally)
{
    progress->runs += tally->runs;
    progress->traces = tally->looked == 0                 ? progress->traces + tally->traces
                       : progress->traces > tally->traces ? progress->traces
                                                          : tally->traces; /* nobody's alone */
    progress->bad += tally->bad;
    add_findings(told, tally);
    progress->findings = told->count;
}

void
ledger_progress(const struct ledger *ledger, struct pool_progress *progress)
{
    struct told told = {.count = 0};

    add_figures(progress, &told, &ledger->total);
    for (const struct unit *unit = ledger->units; unit != NULL; unit = unit->next) {
        if (!unit->dropped) {
            add_figures(progress, &told, &unit->tally);
            progress->estimate = unit->parent == NULL ? unit->tally.estimate : progress->estimate;
        }
    }
}

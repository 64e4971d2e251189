/*
 * split.c - which shard has a trace, for a search that may come to one trace by several runs.
 *
 * Shards of a search that has one run for each trace can be told apart by how a run begins (top.h). Where a trace has several runs, and
 * which of them are within the bound is no matter of the trace, it must be the trace itself that says whose it is; and it should say so early, for a shard
 * has to go up to there in each run.
 *
 *   V1  All that change one object do so in an order that is part of the trace. The step that is the m-th to change it, with all that comes before that
 *       (its hash), decides: each shard has the traces in which that hash falls to it. A run that comes to another's is cut.
 *   V2  What an agent does at its end and no step of another one depends on is no part of a trace (told.h, T1). So that step decides once
 *       another agent has touched the object behind it. Then it is part of the trace, with all that changed the object before.
 *   V3  The object and m follow from the first run, which is the same in all shards and counts in none: what most agents touch, and soonest. m is so large
 *       that there are many parts for each shard, but no more than half of the changes, as what comes before is searched by each.
 *   V4  A trace that ends before anything is decided falls to one by its own hash. All come to it.
 *   V5  A crash is told by its step and what comes before that. If the deciding step is part of that, it decides; else the crash falls to
 *       one shard by its hash. That one need not have a run within the bound that shows it: the others leave it to whoever adds up the results
 *       (strategy.h, loose) with its hash.
 */
#include "host/explore/split.h"
#include <stddef.h>
#include "host/explore/happens.h"

#define PARTS 16 /* of a shard */

static uint32_t shard, shards;
static bool learning;
static uint64_t object;  /* its key; 0: none */
static uint32_t decides; /* the change that does, from 1 */

void
split_init(const struct run_search *search)
{
    shard = search->shard;
    shards = search->shards;
    learning = shards > 1;
    object = 0;
}

bool
split_sharded(void)
{
    return shards > 1;
}

bool
split_learns(void)
{
    return learning;
}

/* What the agents of the first run do to an object. */
struct use {
    agent_set agents;
    uint32_t changes;
    uint32_t latest; /* most own steps of an agent before it touches the object */
};

static const struct step_touch *
touch_of(const struct step *step, uint32_t number)
{
    uint32_t t = 0;

    while (t < step->touches && step->touch[t].object != number) {
        t++;
    }
    return t < step->touches ? &step->touch[t] : NULL;
}

static struct use
use_of(uint32_t number)
{
    struct use use = {0};
    uint32_t own[MAX_AGENTS] = {0};

    for (uint32_t i = 0; i < happens_steps; i++) {
        const struct step *step = &happens_step[i];
        const struct step_touch *touch = touch_of(step, number);

        if (touch != NULL) {
            if ((use.agents >> step->agent & 1) == 0 && own[step->agent] > use.latest) {
                use.latest = own[step->agent];
            }
            use.agents |= set_one(step->agent);
            use.changes += touch->writes;
        }
        own[step->agent]++;
    }
    return use;
}

/* V3 */
void
split_learn(void)
{
    struct use best = {0};
    uint64_t parts;

    learning = false;
    for (uint32_t i = 0; i < happens_steps; i++) {
        const struct step *step = &happens_step[i];

        for (uint32_t t = 0; t < step->touches; t++) {
            uint32_t agents;
            struct use use;

            if (step->touch[t].before != 0) {
                continue; /* it has been looked at */
            }
            use = use_of(step->touch[t].object);
            agents = set_count(use.agents);
            if (agents > 1 && use.changes > 1 &&
                (agents > set_count(best.agents) ||
                 (agents == set_count(best.agents) && use.latest < best.latest))) {
                best = use;
                object = happens_key(step->touch[t].object);
            }
        }
    }
    decides = 1;
    parts = set_count(best.agents);
    while (parts < (uint64_t)PARTS * shards && decides < best.changes / 2) {
        parts *= set_count(best.agents);
        decides++;
    }
}

struct split
split_follow(const struct split *before)
{
    struct split now = *before;
    const struct step *step;

    if (object == 0 || now.decided || happens_steps == 0) {
        return now;
    }
    step = &happens_step[happens_steps - 1];
    for (uint32_t t = 0; t < step->touches; t++) {
        if (happens_key(step->touch[t].object) == object) {
            if (now.decider != 0) {
                now.decided = step->agent != happens_step[now.decider - 1].agent; /* V2 */
            }
            now.changes += step->touch[t].writes;
            if (now.decider == 0 && now.changes == decides) {
                now.decider = happens_steps;
            }
        }
    }
    return now;
}

static bool
falls_to_us(uint64_t hash)
{
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93ull;
    hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15ull;
    return (uint32_t)((unsigned __int128)hash * shards >> 64) == shard;
}

bool
split_is_ours(const struct split *split)
{
    return falls_to_us(happens_step[split->decider - 1].hash);
}

enum split_whose
split_whose(const struct split *split, uint64_t trace, const uint32_t *seen)
{
    bool decided = split->decider != 0 &&
                   split->decider - 1 < seen[happens_step[split->decider - 1].agent]; /* V2 */

    return (decided ? split_is_ours(split) : falls_to_us(trace)) ? SPLIT_OURS : SPLIT_ANOTHERS;
}

bool
split_crash_is_loose(const struct split *split)
{
    return split->decider == 0 || !happens_before(split->decider - 1, happens_steps - 1);
}

enum split_whose
split_whose_crash(const struct split *split)
{
    if (!split_crash_is_loose(split)) {
        return split_is_ours(split) ? SPLIT_OURS : SPLIT_ANOTHERS;
    }
    return falls_to_us(happens_step[happens_steps - 1].hash) ? SPLIT_OURS
           : split->decided                                  ? SPLIT_STRAY
                                                             : SPLIT_ANOTHERS;
}

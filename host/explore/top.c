/*
 * top.c - what is in top.h.
 */
#include "host/explore/top.h"
#include "host/explore/happens.h"

#define PARTS 512 /* of a shard */

uint32_t top;
static uint32_t shard, shards;
static bool learning;

void
top_init(const struct run_search *search)
{
    shard = search->shard;
    shards = search->shards;
    top = 0;
    learning = shards > 1;
}

bool
top_learns(void)
{
    return learning;
}

void
top_learn(void)
{
    uint64_t parts = 1;

    learning = false;
    for (top = 0; top < happens_steps && parts < (uint64_t)PARTS * shards; top++) {
        parts *= set_count(happens_step[top].enabled);
    }
    top += top == 0;
}

/* The first `steps` answers are a run's, or lead to a part that one shard has. */
static bool
is_ours(uint32_t steps)
{
    uint64_t hash = 0x9E3779B97F4A7C15ull;

    for (uint32_t i = 0; i < steps; i++) {
        hash = (hash ^ (happens_step[i].agent + 1u)) * 0xD6E8FEB86659FD93ull;
        hash ^= hash >> 32;
    }
    return (uint32_t)((unsigned __int128)hash * shards >> 64) == shard;
}

bool
top_ends_here(uint32_t step)
{
    return step == top && top != 0 && !is_ours(top);
}

bool
top_counts(bool skipped)
{
    return top == 0 || (!skipped && (happens_steps > top || is_ours(happens_steps)));
}

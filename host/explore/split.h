/*
 * split.h - which shard has a trace, for a search that may come to one trace by several runs (bounded.c).
 */
#ifndef HOST_EXPLORE_SPLIT_H
#define HOST_EXPLORE_SPLIT_H

#include "host/explore/strategy.h"

/* What the steps up to a question say of that. */
struct split {
    uint32_t changes; /* of the object */
    uint32_t decider; /* 1 + number of the step that decides; 0: it has not come */
    bool decided;     /* each trace that begins so has it */
};

enum split_whose {
    SPLIT_OURS,
    SPLIT_ANOTHERS,
    SPLIT_STRAY, /* of a crash: another's, who may have no run that shows it */
};

void split_init(const struct run_search *search);
bool split_sharded(void); /* there are several shards */
/* The run that is under way is the first one of each shard and counts for nothing: its end says what to split by. */
bool split_learns(void);
void split_learn(void);
/* Of the question behind the last step. */
struct split split_follow(const struct split *before);
/* Of what is decided. */
bool split_is_ours(const struct split *split);
/* A run has come to its end; `trace` tells its trace, and step i is part of that if i < seen[its agent]. */
enum split_whose split_whose(const struct split *split, uint64_t trace, const uint32_t *seen);
/* The same for one that crashed. */
enum split_whose split_whose_crash(const struct split *split);
/* Is the crash told by a step that other runs to it need not have? Then other shards may have it too. */
bool split_crash_is_loose(const struct split *split);

#endif

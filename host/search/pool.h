/*
 * pool.h - a search by several worker processes, each with a guest of its own.
 */
#ifndef HOST_SEARCH_POOL_H
#define HOST_SEARCH_POOL_H

#include "host/search/tally.h"

struct pool_progress {
    uint64_t runs, traces, bad;
    size_t findings;
    double estimate; /* 0: not known */
    double seconds;
};

struct pool_plan {
    const struct run_search *search; /* strategy, seed, budget; `first` */
    uint32_t jobs;
    uint32_t shard, shards; /* this one (from 0) of how many */
    void (*progress)(void *context,
                     const struct pool_progress *progress); /* NULL; ten times a second */
    void *context;
    const volatile uint32_t *abandon; /* not NULL: the search ends when this is not 0 */
};

struct pool_outcome {
    enum search_outcome outcome;
    struct tally tally; /* the caller's to free */
    double seconds;
    uint32_t lost; /* workers that were killed from outside; others went on with what they did */
    uint32_t died; /* schedules at which a worker died by itself: findings */
    char message[1024]; /* of a failure */
};

/* 0, or negative errno with a message. `request` says what a run is; its results and channel are not
   used. */
int pool_search(const struct run_request *request, const struct pool_plan *plan,
                struct pool_outcome *out);

#endif

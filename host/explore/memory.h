/*
 * memory.h - which bytes of guest memory several agents touch. Runs in the worker.
 */
#ifndef HOST_EXPLORE_MEMORY_H
#define HOST_EXPLORE_MEMORY_H

#include "host/machine/run.h"

/* 0 or -ENOMEM. */
int memory_init(const struct run_request *request);
/*
 * A run begins. Before the first one every access is a point, for the first choice must not be missed.
 */
void memory_begin_run(void);

/* Tells the search what is shared (struct run_shared); more than RUN_MAX_SHARED are not told. */
void memory_learn(struct run_learned *learned, uint64_t word, uint32_t bytes);

/* Is this access a schedule point? */
bool memory_touch(uint64_t address, uint64_t size, bool writes, uint32_t agent);
/* The same where only what loops that sleep look at is one. */
bool memory_touch_polled(uint64_t address, uint64_t size, bool writes, uint32_t agent);
/* A loop that sleeps looks at this. */
void memory_poll(uint64_t address, uint32_t size);
/* An agent frees a block, which is a step of its own. */
void memory_free(uint64_t address, uint64_t size, uint32_t agent);

#endif

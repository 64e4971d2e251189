/*
 * targets.h - threads to which others queue kernel APCs: see targets.c.
 */
#ifndef HOST_EXPLORE_TARGETS_H
#define HOST_EXPLORE_TARGETS_H

#include "host/explore/strategy.h"

void targets_init(const struct run_request *request);
void targets_begin_run(void);
/* A step that is made. */
void targets_step(const struct question *question, uint32_t agent);
/* Those that are known in this run: struct abi_machine. */
extern struct targets {
    uint64_t normal, special;
} targets_known;

#endif

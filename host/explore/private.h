/*
 * private.h - operations on objects that one agent only has to do with. See private.c.
 */
#ifndef HOST_EXPLORE_PRIVATE_H
#define HOST_EXPLORE_PRIVATE_H

#include "host/explore/strategy.h"

/* 0 or -ENOMEM. */
int private_init(const struct run_request *request);
/* A run begins, at the root. */
void private_begin_run(void);
/* For snapshots in the middle of a run; `slot` counts from 0. */
void private_keep(uint32_t slot);
void private_go_back(uint32_t slot);
/* Agent `name` makes this step. */
void private_step(const struct operation *operation, uint32_t name);
/* Operations (1 << enum abi_event) of which private_passes may say yes. */
uint64_t private_operations(void);
/* `asker` is about to do one of these: does no other agent have to do with what it touches? */
bool private_passes(const struct abi_agent *asker);
/* Is nothing learnt any more? Then what it says of the same `asker` stays so. */
bool private_is_settled(void);

#endif

/*
 * round_robin.h - the strategy of `ntlab run`: agents take turns in the order of the question.
 */
#ifndef HOST_EXPLORE_ROUND_ROBIN_H
#define HOST_EXPLORE_ROUND_ROBIN_H

#include <stdint.h>
#include "abi/hypercall.h"

uint32_t round_robin_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker);

#endif

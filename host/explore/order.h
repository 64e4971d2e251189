/*
 * order.h - locks that a run takes in different orders, and the schedule that would make a deadlock of it.
 */
#ifndef HOST_EXPLORE_ORDER_H
#define HOST_EXPLORE_ORDER_H

#include "host/explore/strategy.h"

/* An acquire of a lock by an agent that has others. */
struct order_step {
    uint64_t held[4];
    uint64_t object;
    uint32_t held_count;
    uint32_t at; /* choices before it */
    uint16_t op;
    uint8_t agent;
};

#define ORDER_STEPS 256

/*
 * Of those of a run: adds to the results what could close a circle. `signature` is what the circle of two such
 * waits would have.
 */
void order_end(const struct order_step *steps, uint32_t count, const uint32_t *schedule,
               uint64_t (*signature)(const struct order_step *a, const struct order_step *b),
               struct search_results *results);

#endif

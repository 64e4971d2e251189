/*
 * learn.h - a search whose schedule points are not all known when it begins.
 */
#ifndef HOST_SEARCH_LEARN_H
#define HOST_SEARCH_LEARN_H

#include "host/search/pool.h"

/*
 * As pool_search. What it learns is left in *learned, which stays mapped; for whoever replays a finding there is
 * learn_use.
 */
int learn_search(struct run_request *request, const struct pool_plan *plan,
                 struct pool_outcome *out, struct run_learned **learned);

/*
 * A schedule counts choices, so it holds for the schedule points that were known when it was found
 * (search_finding.points): sets those in *request.
 */
void learn_use(struct run_request *request, uint32_t points);

/* More was shared, or polled, than can be remembered: not all of it is a schedule point. */
bool learn_was_full(void);

#endif

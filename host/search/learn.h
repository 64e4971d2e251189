/*
 * learn.h - a search whose schedule points are not all known when it begins.
 */
#ifndef HOST_SEARCH_LEARN_H
#define HOST_SEARCH_LEARN_H

#include "host/search/pool.h"

/*
 * As pool_search. What it learns is left in request->shared for whoever replays a finding, and in
 * *learned, which stays mapped.
 */
int learn_search(struct run_request *request, const struct pool_plan *plan,
                 struct pool_outcome *out, struct run_learned **learned);

#endif

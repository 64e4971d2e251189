/*
 * top.h - which shard has a run, for a search that comes to each trace once.
 *
 *   D7  A search that is split into shards tries all who can step at the first `top` questions, so nothing
 *       below asks anything of them; who does what is below is told by a hash of the answers there.
 */
#ifndef HOST_EXPLORE_TOP_H
#define HOST_EXPLORE_TOP_H

#include "host/explore/strategy.h"

extern uint32_t top; /* 0: not split */

void top_init(const struct run_search *search);
/* Of the first run, which counts for nothing: it tells how deep there are many parts for each shard. */
bool top_learns(void);
void top_learn(void);
/* Behind the first `top` answers of a run: is what follows another shard's? */
bool top_ends_here(uint32_t step);
/* Does the run that has ended, or was cut there (`skipped`), belong to this shard? */
bool top_counts(bool skipped);

#endif

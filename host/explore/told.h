/*
 * told.h - what tells the trace of the run that has ended (happens.h has its steps) from others.
 *
 *   T1  What an agent does at its end and no step of another one depends on is no part of a trace: it follows from the rest, and the run
 *       may have ended before it was done (brute.c, O5; not where it hangs). Nor is a step that touches nothing (O8).
 *   T2  A run that crashed is told by its last step and what came before that: what others did beside it does not matter.
 */
#ifndef HOST_EXPLORE_TOLD_H
#define HOST_EXPLORE_TOLD_H

#include <stdbool.h>
#include <stdint.h>

struct abi_stop;

uint64_t told_trace(const struct abi_stop *why, bool crashed);
/* T1: for each agent 1 + its last step that another one's depends on. `seen` has room for MAX_AGENTS. */
void told_seen(uint32_t *seen);

#endif

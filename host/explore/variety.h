/*
 * variety.h - how many traces there are among the runs of a search that samples, and how often one more run would show a new one.
 *
 *   V1  To tell a trace (told.h) takes longer than many a run. So only some runs are looked at: the first
 *       ones, then one in so many, by their numbers, whoever makes them. They begin at the root.
 *   V2  Of the traces those SEARCH_TRACES are kept whose hashes are the smallest, each with the number of times that it was met. What two
 *       parts of a search have kept says what the whole would have: no hash below the greatest one of both has been left out. Up to
 *       SEARCH_TRACES the number is exact; above, the distance of those kept says how many there are (to some 3 %).
 *   V3  The chance that one more run is a trace that has not been met: the share of the runs whose trace was met once (Good's
 *       estimate).
 */
#ifndef HOST_EXPLORE_VARIETY_H
#define HOST_EXPLORE_VARIETY_H

#include <stdbool.h>
#include <stdint.h>
#include "host/machine/run.h"

struct abi_agent;
struct abi_stop;
struct question;
struct strategy;

/* In the worker. 0 or -ENOMEM; nothing is looked at where there is no `strategy` that samples. */
int variety_init(const struct strategy *strategy);
/* Before the first answer of run number `run`: is it looked at? */
bool variety_looks_at(uint64_t run);
void variety_choose_run(uint64_t run);
/* The run is at its beginning, for the first time or once more. */
void variety_begin_run(void);
extern bool variety_samples; /* the strategy samples */
extern bool variety_looks;   /* the run that is under way is looked at */
/* A question of it has been answered; `turns`: by fair.c. */
void variety_step(const struct question *question, uint32_t chosen, bool turns);
/* The only agent there, of this number, makes a step that is no question. True: it need not be told, nor those behind it, for all that was
   done by others comes before them. */
bool variety_alone(const struct abi_agent *agent, uint32_t number);
/* It has ended. */
void variety_end(const struct abi_stop *why, bool crashed, struct search_results *results);

/* Puts one more into `kept`, which has `used` of SEARCH_TRACES: how many it has then. */
uint32_t variety_add(struct search_trace *kept, uint32_t used, struct search_trace one);
/* V2 */
uint64_t variety_traces(const struct search_trace *kept, uint32_t used);
/* V3. 0: each trace has been met again. */
double variety_chance(const struct search_trace *kept, uint32_t used);

#endif

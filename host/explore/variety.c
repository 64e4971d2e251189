/*
 * variety.c - see variety.h.
 */
#include "host/explore/variety.h"
#include <string.h>
#include "host/explore/happens.h"
#include "host/explore/told.h"

#define FIRST   512 /* V1: all, ... */
#define OFTEN   64  /* ... one in so many, ... */
#define MANY    32768
#define SELDOM  1024            /* ... behind so many one in these */
#define LONGEST (MAX_STEPS / 2) /* steps of a run: a longer one is not told */

bool variety_samples, variety_looks;

static struct operation lone[MAX_AGENTS];

int
variety_init(const struct strategy *strategy)
{
    variety_looks = false;
    variety_samples = strategy->kind == STRATEGY_SAMPLED || strategy->kind == STRATEGY_GUIDED;
    return variety_samples ? happens_init() : 0;
}

/* V1. Mixed, so that each shard has some of them. */
bool
variety_looks_at(uint64_t run)
{
    struct random random = {.state = run};

    return run < FIRST || random_next(&random) % (run < MANY ? OFTEN : SELDOM) == 0;
}

void
variety_choose_run(uint64_t run)
{
    variety_looks = variety_samples && variety_looks_at(run);
}

void
variety_begin_run(void)
{
    if (variety_samples) {
        happens_keep(0);
    }
}

void
variety_step(const struct question *question, uint32_t chosen, bool turns)
{
    if (turns || happens_steps >= LONGEST) {
        variety_looks = false;
        return;
    }
    happens_ask(question);
    happens_take(question, chosen, NULL);
}

bool
variety_alone(const struct abi_agent *agent, uint32_t number)
{
    struct question question = {.enabled = set_one(number),
                                .present = set_one(number),
                                .last = (uint8_t)number,
                                .step = happens_steps,
                                .next = lone};

    if (happens_steps > 0 && happens_step[happens_steps - 1].agent == number &&
        happens_before_all(happens_steps)) {
        return true;
    }
    operation_describe(&lone[number], agent);
    variety_step(&question, number, false);
    return false;
}

void
variety_end(const struct abi_stop *why, bool crashed, struct search_results *results)
{
    if (!variety_looks || why == NULL) {
        return;
    }
    results->looked++;
    results->kept =
        variety_add(results->trace, results->kept,
                    (struct search_trace){.hash = told_trace(why, crashed), .times = 1});
}

uint32_t
variety_add(struct search_trace *kept, uint32_t used, struct search_trace one)
{
    uint32_t low = 0, high = used;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (kept[middle].hash < one.hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < used && kept[low].hash == one.hash) {
        kept[low].times += one.times;
        return used;
    }
    if (low == SEARCH_TRACES) {
        return used;
    }
    used -= used == SEARCH_TRACES;
    memmove(&kept[low + 1], &kept[low], (used - low) * sizeof(*kept));
    kept[low] = one;
    return used + 1;
}

uint64_t
variety_traces(const struct search_trace *kept, uint32_t used)
{
    if (used < SEARCH_TRACES) {
        return used;
    }
    return (uint64_t)((SEARCH_TRACES - 1) / (((double)kept[used - 1].hash + 1) * 0x1p-64));
}

double
variety_chance(const struct search_trace *kept, uint32_t used)
{
    uint64_t once = 0, all = 0;

    for (uint32_t i = 0; i < used; i++) {
        once += kept[i].times == 1;
        all += kept[i].times;
    }
    /* Where not all are kept, those that are stand for the others. */
    return all == 0 ? 0 : (double)once / (double)all;
}

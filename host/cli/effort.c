/*
 * effort.c - `ntlab explore` without --strategy: which strategies, and what each may spend.
 *
 *     an eighth of the budget   exhaustive search (dpor): most tests are done with then
 *     five eighths              the same, if its estimate says that it will come to an end,
 *     or a quarter              bounded search: what has few preemptions, for certain
 *     the rest                  the portfolio: what has many, perhaps
 *
 * Where a run has more choices than are kept nothing is exhausted, and the second one is left out.
 *
 * With fewer processors than threads (--cpus) there is no exhaustive search, and the bounded one has three eighths.
 * `--effort quick` leaves the bounded search out. Each part begins anew, so what a part comes to
 * follows from its budget alone; with a budget in runs all of it does.
 */
#include <stdlib.h>
#include "host/cli/explore.h"

/* Adds what a part has come to: the same traces may have been met by several. */
static void
add(struct pool_outcome *sum, struct pool_outcome *part)
{
    uint64_t traces = sum->tally.traces, bad = sum->tally.bad;
    uint64_t more_traces = part->tally.traces, more_bad = part->tally.bad;

    tally_add(&sum->tally, &part->tally);
    sum->tally.traces = traces > more_traces ? traces : more_traces;
    sum->tally.bad = bad > more_bad ? bad : more_bad;
    sum->seconds += part->seconds;
    sum->lost += part->lost;
    sum->died += part->died;
    part->tally.finding = NULL;
    part->tally.findings = 0;
}

/* One strategy with a share of the budget. */
static int
try(struct search *search, const struct run_search *whole, const char *strategy, double share,
    struct pool_outcome *out)
{
    double left = whole->seconds - search->outcome.seconds;
    int error;

    search->plan = *whole;
    search->plan.strategy = strategy;
    if (whole->runs != 0) {
        search->plan.runs = (uint64_t)((double)whole->runs * share);
        search->plan.runs += search->plan.runs == 0;
    }
    if (whole->seconds != 0) {
        search->plan.seconds = whole->seconds * share < left ? whole->seconds * share : left;
        search->plan.seconds = search->plan.seconds > 0.1 ? search->plan.seconds : 0.1;
    }
    error = learn_search(&search->request, &search->pool, out, &search->learned);
    if (error != 0) {
        search->outcome = *out;
    }
    return error;
}

/* Will what is left of the budget be enough for all traces? */
static bool
fits(const struct run_search *whole, const struct pool_outcome *part)
{
    const struct tally *tally = &part->tally;
    double runs = tally->estimate * (double)tally->runs / (double)(tally->traces | 1);

    if (tally->estimate <= 0) {
        return false;
    }
    return (whole->runs == 0 || runs < 0.8 * (double)whole->runs) &&
           (whole->seconds == 0 ||
            runs * part->seconds / (double)(tally->runs | 1) < 0.8 * whole->seconds);
}

static bool
is_settled(const struct pool_outcome *outcome)
{
    return outcome->outcome == SEARCH_EXHAUSTED || outcome->outcome == SEARCH_STOPPED;
}

/* What the parts before have left open is sampled; nothing that comes out is exhaustive. */
static int
end_with_portfolio(struct search *search, const struct run_search *whole, double share)
{
    struct pool_outcome part;
    int error = try(search, whole, "portfolio", share, &part);

    if (error != 0) {
        return error;
    }
    search->portfolio = part.tally.runs;
    add(&search->outcome, &part);
    search->outcome.outcome = part.outcome == SEARCH_STOPPED     ? SEARCH_STOPPED
                              : search->outcome.tally.bound != 0 ? SEARCH_BOUNDED
                                                                 : SEARCH_BUDGET;
    return 0;
}

/* What priorities decide can only be bounded and sampled. */
static int
search_few(struct search *search)
{
    const struct run_search whole = search->plan;
    bool quick = search->options->effort == EFFORT_QUICK;
    int error;

    if (!quick) {
        error = try(search, &whole, "bounded", 3.0 / 8, &search->outcome);
        if (error != 0 || is_settled(&search->outcome)) {
            return error;
        }
    }
    error = end_with_portfolio(search, &whole, quick ? 1 : 5.0 / 8);
    if (error != 0) {
        return error;
    }
    search->plan.strategy = quick ? "portfolio" : "bounded, portfolio";
    return 0;
}

int
search_by_effort(struct search *search)
{
    const struct run_search whole = search->plan;
    bool quick = search->options->effort == EFFORT_QUICK;
    double rest = 7.0 / 8;
    struct pool_outcome part;
    int error;

    if (whole.few) {
        return search_few(search);
    }
    error = try(search, &whole, "dpor", 1.0 / 8, &search->outcome);
    if (error != 0 || is_settled(&search->outcome)) {
        return error;
    }
    if (search->outcome.tally.beyond == 0 && fits(&whole, &search->outcome)) {
        error = try(search, &whole, "dpor", 5.0 / 8, &part);
        if (error != 0) {
            return error;
        }
        part.seconds += search->outcome.seconds;
        tally_free(&search->outcome.tally); /* it has all that is in there */
        search->outcome = part;
        if (is_settled(&part)) {
            return 0;
        }
        rest = 1.0 / 4;
    } else if (!quick) {
        error = try(search, &whole, "bounded", 1.0 / 4, &part);
        if (error != 0) {
            return error;
        }
        add(&search->outcome, &part);
        search->outcome.outcome = part.outcome;
        if (is_settled(&part)) {
            return 0;
        }
        rest = 5.0 / 8;
    }
    error = end_with_portfolio(search, &whole, rest);
    if (error != 0) {
        return error;
    }
    search->plan.strategy =
        search->outcome.tally.bound == 0 ? "dpor, portfolio" : "dpor, bounded, portfolio";
    return 0;
}

/*
 * chances.c - how likely a run of a random strategy is to hit the bug: exactly, by walking every
 * outcome of all its draws, and where priorities are real numbers by 20000 runs.
 */
#include <math.h>
#include "tests/host/check.h"
#include "tests/host/explore/model.h"

struct fraction {
    uint64_t bad, all;
};

static const struct {
    const struct program *program;
    int a, b;
    uint32_t agents, longest;
    struct fraction walk, pct[3]; /* pct: bad of all orders and change points */
} rows[] = {
    {&program_reorder, 1, 1, 2, 6, {1, 16}, {{0, 2}, {1, 12}, {8, 60}}},
    {&program_reorder, 2, 1, 3, 8, {4, 81}, {{0, 6}, {2, 48}, {24, 336}}},
    {&program_reorder, 3, 1, 4, 10, {39, 1024}, {{0, 24}, {6, 240}, {96, 2160}}},
    {&program_deadlock01, 0, 0, 2, 8, {1, 2}, {{0, 2}, {2, 16}, {28, 112}}},
    {&program_din_phil, 3, 0, 3, 12, {1, 3}, {{0, 6}, {3, 72}, {72, 792}}},
    {&program_twostage, 1, 1, 2, 8, {1, 16}, {{0, 2}, {2, 16}, {22, 112}}},
    {&program_twostage, 2, 1, 3, 12, {14, 243}, {{0, 6}, {4, 72}, {80, 792}}},
    {&program_stack, 3, 0, 2, 12, {1, 4}, {{0, 2}, {4, 24}, {68, 264}}},
    {&program_account, 0, 0, 3, 3, {1, 3}, {{2, 6}, {6, 18}, {12, 36}}},
    {&program_lazy01, 0, 0, 3, 3, {1, 3}, {{2, 6}, {6, 18}, {12, 36}}},
    {&program_bluetooth, 1, 0, 2, 10, {5, 128}, {{0, 2}, {1, 20}, {14, 180}}},
    {&program_bluetooth_event, 1, 0, 2, 10, {5, 128}, {{0, 2}, {1, 20}, {14, 180}}},
    {&program_bluetooth_event, 2, 0, 3, 15, {25471, 419904}, {{0, 6}, {6, 90}, {132, 1260}}},
};

static void
check_exact(size_t i, const struct strategy *strategy, uint32_t depth, struct fraction wanted,
            bool integers)
{
    const struct run_search search = {.depth = depth, .steps = rows[i].longest};
    struct chances found = model_chances(strategy, &search, rows[i].program, rows[i].a, rows[i].b);

    CHECK_THAT(found.bad * wanted.all == found.all * wanted.bad &&
                   (!integers || found.outcomes == wanted.all),
               "%s(%d,%d) by %s %u: %lu of %lu (%lu outcomes), not %lu of %lu",
               rows[i].program->name, rows[i].a, rows[i].b, strategy->name, depth,
               (uint64_t)found.bad, (uint64_t)found.all, found.outcomes, wanted.bad, wanted.all);
}

static const struct {
    const struct program *program;
    int a, b;
    const struct strategy *strategy;
    double chance;
} measured[] = {
    {&program_reorder, 2, 1, &strategy_pos, 0.100},
    {&program_reorder, 2, 1, &strategy_urw, 0.144},
    {&program_reorder, 9, 1, &strategy_pos, 0.031},
    /* No reorder(9,1) by urw: 0.068 is of an agent's most steps, which no run learnt from has. */
    {&program_bluetooth, 1, 0, &strategy_pos, 0.065},
    {&program_bluetooth, 1, 0, &strategy_urw, 0.016},
    {&program_din_phil, 7, 0, &strategy_pos, 0.024},
    {&program_din_phil, 7, 0, &strategy_urw, 0.124},
    {&program_din_phil, 7, 0, &strategy_random, 0.075},
};

#define RUNS 20000

static void
check_measured(size_t i)
{
    const struct run_search search = {.seed = 1};
    struct count found = model_search(measured[i].strategy, &search, measured[i].program,
                                      measured[i].a, measured[i].b, RUNS, false);
    double chance = (double)found.bad / RUNS, wanted = measured[i].chance;
    /* The figure is itself one of as many runs, with three digits. */
    double apart = 4 * sqrt(2 * wanted * (1 - wanted) / RUNS) + 0.0006;

    CHECK_THAT(fabs(chance - wanted) < apart, "%s(%d,%d) by %s: %.4f, not %.3f",
               measured[i].program->name, measured[i].a, measured[i].b, measured[i].strategy->name,
               chance, wanted);
}

/* Runs to the first bug, of 20 seeds in the mean. */
static void
check_feedback(const struct program *program, int a, int b, double most)
{
    uint64_t all = 0;

    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct run_search search = {.seed = seed, .first = true};

        all += model_search(&strategy_feedback, &search, program, a, b, 10000, false).runs;
    }
    CHECK_THAT((double)all / 20 <= most, "%s(%d,%d) by feedback: %.1f runs to the first bug",
               program->name, a, b, (double)all / 20);
}

/* Whoever yields is not let go on before the others have stepped: a bound on turns, in every run. */
static void
check_fair(int spinners, int steps)
{
    const struct run_search search = {.seed = 3};
    struct count fair =
        model_search(&strategy_fair_walk, &search, &program_spin, spinners, steps, 5000, false);
    struct count walk =
        model_search(&strategy_random, &search, &program_spin, spinners, steps, 5000, false);

    CHECK_THAT(fair.bad == 0, "%lu of %lu runs", fair.bad, fair.runs);
    CHECK(walk.bad != 0); /* the check can fail */
}

int
main(void)
{
    check_fair(1, 3);
    check_fair(2, 4);
    check_feedback(&program_reorder, 2, 1, 40);
    check_feedback(&program_reorder, 9, 1, 60);
    check_feedback(&program_reorder, 19, 1, 100); /* pos: about 500, urw none */
    check_feedback(&program_bluetooth, 1, 0, 60);
    check_feedback(&program_twostage, 19, 1, 200);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t longest = model_longest(rows[i].program, rows[i].a, rows[i].b);

        CHECK_THAT(longest == rows[i].longest, "%s(%d,%d): %u", rows[i].program->name, rows[i].a,
                   rows[i].b, longest);
        check_exact(i, &strategy_random, 0, rows[i].walk, false);
        for (uint32_t depth = 1; depth <= 3; depth++) {
            check_exact(i, &strategy_pct, depth, rows[i].pct[depth - 1], true);
        }
    }
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
        check_measured(i);
    }
    return check_done("explore-chances");
}

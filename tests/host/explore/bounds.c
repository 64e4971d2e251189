/*
 * bounds.c - schedules, traces and bad traces within a bound of preemptions or delays.
 */
#include "tests/host/check.h"
#include "tests/host/explore/model.h"

#define NOT_COUNTED (-1)

static const struct {
    const struct program *program;
    int a, b;
    struct {
        int64_t schedules, traces, bad;
    } bound[4];
} rows[] = {
    {&program_deadlock01, 0, 0, {{2, 2, 0}, {6, 3, 1}, {NOT_COUNTED, 3, 1}, {NOT_COUNTED, 3, 1}}},
    {&program_reorder, 2, 1, {{6, 6, 0}, {26, 26, 4}, {80, 50, 8}, {148, 56, 12}}},
    {&program_reorder, 3, 1, {{24, 24, 0}, {186, 186, 18}, {894, 612, 72}, {2748, 1098, 144}}},
    {&program_bluetooth_event, 1, 0, {{2, 2, 0}, {9, 4, 1}, {15, 7, 1}, {27, 7, 1}}},
    {&program_bluetooth_event, 2, 0, {{6, 5, 0}, {64, 17, 4}, {250, 45, 8}, {782, 69, 18}}},
    {&program_twostage, 1, 1, {{2, 2, 0}, {4, 3, 1}, {7, 3, 1}, {8, 3, 1}}},
    {&program_din_phil, 3, 0, {{6, 6, 0}, {57, 7, 1}, {129, 7, 1}, {150, 7, 1}}},
    {&program_stack, 3, 0, {{2, 2, 0}, {6, 6, 2}, {14, 14, 4}, {18, 18, 6}}},
};

static const struct {
    const struct program *program;
    int a;
    uint32_t bounds;
    uint64_t traces[8];
} delays[] = {
    {&program_readers, 6, 7, {1, 2, 8, 23, 43, 58, 64}},
    {&program_readers_last, 6, 7, {1, 7, 22, 42, 57, 63, 64}},
    {&program_writers, 6, 8, {1, 6, 20, 49, 98, 169, 259, 360}},
};

static struct count
bounded(const struct strategy *strategy, const struct program *program, int a, int b, int bound)
{
    const struct run_search search = {.bound = (uint32_t)bound + 1};

    return model_search(strategy, &search, program, a, b, 10000000, true);
}

/* The same as the strategy itself tells traces apart. */
static struct count
told_apart(const struct strategy *strategy, const struct program *program, int a, int b, int bound)
{
    const struct run_search search = {.bound = (uint32_t)bound + 1};

    return model_search(strategy, &search, program, a, b, 10000000, false);
}

/* All shards of the search, are the search: as the strategy itself tells traces apart. */
static void
check_shards(const struct strategy *strategy, const struct program *program, int number, int length,
             int bound)
{
    struct run_search search = {.bound = (uint32_t)bound + 1};
    struct count whole = model_search(strategy, &search, program, number, length, 10000000, false);
    struct count most, sum;

    search.shards = 2 + (uint32_t)number % 6;
    sum = model_shards(strategy, search, program, number, length, &most);
    CHECK_THAT(sum.traces == whole.traces && sum.bad == whole.bad,
               "%s program %d of length %d by %s %d in %u shards: %lu traces, %lu bad, not %lu, "
               "%lu",
               program->name, number, length, strategy->name, bound, search.shards, sum.traces,
               sum.bad, whole.traces, whole.bad);
}

static void
check_random(const struct program *program, int number, int length, int bound)
{
    struct count truth = brute_force(program, number, length, bound);
    struct count found;

    if (truth.runs >= BRUTE_LIMIT) {
        return;
    }
    found = bounded(&strategy_bounded, program, number, length, bound);
    CHECK_THAT(found.traces == truth.traces && found.bad == truth.bad,
               "%s program %d of length %d with %d preemptions: %lu traces, %lu bad, not "
               "%lu, %lu",
               program->name, number, length, bound, found.traces, found.bad, truth.traces,
               truth.bad);
    found = told_apart(&strategy_bounded, program, number, length, bound);
    CHECK_THAT(found.traces == truth.traces && found.bad == truth.bad,
               "%s program %d of length %d with %d preemptions, as bounded tells traces apart: %lu "
               "traces, %lu bad, not %lu, %lu",
               program->name, number, length, bound, found.traces, found.bad, truth.traces,
               truth.bad);
    check_shards(&strategy_bounded, program, number, length, bound);
    check_shards(&strategy_delay, program, number, length, bound);
}

int
main(int argc, char **argv)
{
    int programs = argc > 1 ? atoi(argv[1]) : 400;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int bound = 0; bound < 4; bound++) {
            struct count truth = brute_force(rows[i].program, rows[i].a, rows[i].b, bound);
            struct count found =
                bounded(&strategy_bounded, rows[i].program, rows[i].a, rows[i].b, bound);
            int64_t schedules = rows[i].bound[bound].schedules;

            CHECK_THAT((schedules == NOT_COUNTED || (int64_t)truth.runs == schedules) &&
                           (int64_t)truth.traces == rows[i].bound[bound].traces &&
                           (int64_t)truth.bad == rows[i].bound[bound].bad,
                       "%s(%d,%d) with %d preemptions: %lu/%lu/%lu", rows[i].program->name,
                       rows[i].a, rows[i].b, bound, truth.runs, truth.traces, truth.bad);
            CHECK_THAT((int64_t)found.traces == rows[i].bound[bound].traces &&
                           (int64_t)found.bad == rows[i].bound[bound].bad,
                       "%s(%d,%d) by bounded %d: %lu runs, %lu traces, %lu bad",
                       rows[i].program->name, rows[i].a, rows[i].b, bound, found.runs, found.traces,
                       found.bad);
        }
    }
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        for (uint32_t bound = 0; bound < delays[i].bounds; bound++) {
            struct count found =
                bounded(&strategy_delay, delays[i].program, delays[i].a, 0, (int)bound);

            CHECK_THAT(found.traces == delays[i].traces[bound], "%s(%d) with %u delays: %lu",
                       delays[i].program->name, delays[i].a, bound, found.traces);
        }
    }
    for (int i = 0; i < programs; i++) {
        int length = 2 + i % 4, bound = i / 4 % 4;

        check_random(&program_random, i, length, bound);
        check_random(&program_crashing, i, length, bound);
    }
    return check_done("explore-bounds");
}

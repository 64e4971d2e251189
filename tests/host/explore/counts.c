/* counts.c - the traces of the known programs, and of thousands of random ones, by each strategy. */
#include "tests/host/check.h"
#include "tests/host/explore/model.h"

static const struct {
    const struct program *program;
    int a, b;
    int64_t traces, bad, blocked; /* -1: not known */
    bool small;                   /* enough to walk all its schedules */
} rows[] = {
    {&program_readers, 2, 0, 4, 0, 0, true},
    {&program_readers, 6, 0, 64, 0, 0, true},
    {&program_readers, 8, 0, 256, 0, 0, false},
    {&program_readers, 13, 0, 8192, 0, 0, false},
    {&program_lastzero, 1, 0, 2, 0, -1, true},
    {&program_lastzero, 2, 0, 5, 0, -1, true},
    {&program_lastzero, 3, 0, 12, 0, -1, true},
    {&program_lastzero, 4, 0, 28, 0, -1, false},
    {&program_lastzero, 5, 0, 64, 0, 33, false},
    {&program_lastzero, 8, 0, 704, 0, -1, false},
    {&program_lastzero, 10, 0, 3328, 0, -1, false},
    {&program_lockinc, 2, 0, 2, 0, 0, true},
    {&program_lockinc, 3, 0, 6, 0, 0, true},
    {&program_lockinc, 5, 0, 120, 0, 0, false},
    {&program_lockinc, 7, 0, 5040, 0, 0, false},
    {&program_inc, 2, 1, 4, 0, 0, true},
    {&program_inc, 3, 1, 36, 0, -1, true},
    {&program_inc, 4, 1, 576, 0, -1, false},
    {&program_inc, 2, 2, 16, 0, -1, true},
    {&program_popl, 0, 0, 5, 0, 5, true},
    {&program_reorder, 1, 1, 4, 1, -1, true},
    {&program_reorder, 2, 1, 56, 12, -1, true},
    {&program_reorder, 3, 1, 1248, 216, -1, false},
    {&program_reorder, 4, 1, 40032, 5760, -1, false},
    {&program_din_phil, 2, 0, 3, 1, -1, true},
    {&program_din_phil, 3, 0, 7, 1, -1, true},
    {&program_din_phil, 4, 0, 15, 1, -1, false},
    {&program_deadlock01, 0, 0, 3, 1, -1, true},
    {&program_lazy01, 0, 0, 6, 2, 0, true},
    {&program_account, 0, 0, 6, 2, 0, true},
    {&program_token_ring, 0, 0, 24, 4, 0, true},
    {&program_stack, 2, 0, 6, 1, 0, true},
    {&program_stack, 3, 0, 20, 6, 0, true},
    {&program_stack, 5, 0, 252, 120, 0, false},
    {&program_stack, 7, 0, 3432, 2002, 0, false},
    {&program_twostage, 1, 1, 3, 1, -1, true},
    {&program_twostage, 2, 1, 28, 8, -1, true},
    {&program_twostage, 3, 1, 468, 108, -1, false},
    {&program_bluetooth, 1, 0, 10, 1, -1, true},
    {&program_bluetooth, 2, 0, 204, 50, -1, true},
    {&program_bluetooth_event, 1, 0, 7, 1, -1, true},
    {&program_bluetooth_event, 2, 0, 111, 30, -1, true},
    {&program_bluetooth_fixed, 1, 0, 7, 0, -1, true},
    {&program_bluetooth_fixed, 2, 0, 132, 0, -1, true},
    {&program_ssbexp, 3, 0, 6, 0, 18, false},
    {&program_ssbexp, 5, 0, 10, 0, 150, false},
    {&program_ssbexp, 8, 0, 16, 0, 2032, false},
    {&program_ssbexp, 10, 0, 20, 0, 10220, false},
    {&program_indexer, 11, 0, 1, 0, 0, false},
    {&program_indexer, 12, 0, 8, 0, 0, false},
    {&program_indexer, 13, 0, 64, 0, 0, false},
    {&program_indexer, 15, 0, 4096, 0, 0, false},
    {&program_filesystem, 13, 0, 1, 0, 0, false},
    {&program_filesystem, 14, 0, 2, 0, 0, false},
    {&program_filesystem, 16, 0, 8, 0, 0, false},
    {&program_filesystem, 18, 0, 32, 0, 0, false},
    {&program_filesystem, 19, 0, 64, 0, 0, false},
    {&program_filesystem, 16, 1, 8, 0, 0, false},
    {&program_free, 1, 0, 3, 1, -1, true},
    {&program_free, 2, 0, 9, 5, -1, true},
    {&program_free, 3, 0, 27, 19, -1, true},
    {&program_event, 1, 1, 1, 0, -1, true},
    {&program_event, 2, 1, 2, 2, -1, true},
    {&program_event, 1, 2, 4, 0, -1, true},
    {&program_event, 2, 2, 8, 4, -1, true},
    {&program_event, 3, 3, 126, 90, -1, false},
    {&program_semaphore, 2, 1, 2, 2, -1, true},
    {&program_semaphore, 2, 2, 8, 0, -1, true},
    {&program_semaphore, 3, 3, 180, 0, -1, false},
    {&program_casrot, 2, 0, 2, 0, -1, true},
    {&program_casrot, 3, 0, 5, 0, -1, true},
    {&program_casrot, 4, 0, 14, 0, -1, true},
    {&program_casrot, 5, 0, 43, 0, -1, true},
    {&program_give, 2, 0, 2, 0, -1, true}, /* which one is the last */
    {&program_give, 3, 0, 3, 0, -1, true},
    {&program_give, 3, 1, 3, 0, -1, true},
    {&program_give, 5, 2, 5, 0, -1, false},
    {&program_open, 1, 0, 3, 0, -1,
     true}, /* the first one goes first; or one of the two is the last */
    {&program_open, 1, 1, 2, 0, -1, true},
    {&program_open, 2, 1, 4, 0, -1,
     true}, /* the first handle before or behind each of the others */
    {&program_open, 3, 1, 8, 0, -1, true},
    {&program_open, 2, 0, 19, 0, -1, true},
};

static void
check_row(const struct strategy *strategy, size_t i, bool optimal)
{
    const struct run_search search = {0};
    struct count found =
        model_search(strategy, &search, rows[i].program, rows[i].a, rows[i].b, 10000000, false);
    int64_t blocked = !optimal ? rows[i].blocked
                      : rows[i].program == &program_give || rows[i].program == &program_open ? -1
                                                                                             : 0;

    CHECK_THAT((int64_t)found.traces == rows[i].traces && (int64_t)found.bad == rows[i].bad &&
                   (blocked < 0 || (int64_t)found.blocked == blocked),
               "%s(%d,%d) by %s: %lu traces, %lu bad, %lu blocked, not %ld %ld %ld",
               rows[i].program->name, rows[i].a, rows[i].b, strategy->name, found.traces, found.bad,
               found.blocked, rows[i].traces, rows[i].bad, blocked);
}

static void
check_random(const struct strategy *strategy, const struct program *program, int number, int length,
             const struct count *truth, bool optimal)
{
    const struct run_search search = {0};
    struct count all = model_search(strategy, &search, program, number, length, 10000000, false);
    struct count distinct =
        model_search(strategy, &search, program, number, length, 10000000, true);

    CHECK_THAT(all.traces == truth->traces && all.bad == truth->bad &&
                   distinct.traces == truth->traces && (!optimal || all.blocked == 0),
               "%s program %d of length %d by %s: %lu traces (%lu distinct), %lu bad, %lu "
               "blocked, not %lu, %lu",
               program->name, number, length, strategy->name, all.traces, distinct.traces, all.bad,
               all.blocked, truth->traces, truth->bad);
}

static void
check_shards(const struct strategy *strategy, const struct program *program, int number, int length,
             uint32_t shards, const struct count *truth)
{
    const struct run_search search = {.shards = shards};
    struct count most, sum = model_shards(strategy, search, program, number, length, &most);

    CHECK_THAT(sum.traces == truth->traces && sum.bad == truth->bad,
               "%s program %d of length %d by %s in %u shards: %lu traces, %lu bad, not %lu, %lu",
               program->name, number, length, strategy->name, shards, sum.traces, sum.bad,
               truth->traces, truth->bad);
}

static void
check_all(const struct program *program, int number, int length, bool optimal)
{
    struct count truth = brute_force(program, number, length, -1);

    if (truth.runs >= BRUTE_LIMIT) {
        return;
    }
    check_random(&strategy_dpor, program, number, length, &truth, false);
    check_random(&strategy_odpor, program, number, length, &truth, optimal);
    check_shards(&strategy_dpor, program, number, length, 2 + (uint32_t)number % 6, &truth);
    check_shards(&strategy_odpor, program, number, length, 2 + (uint32_t)number % 6, &truth);
}

int
main(int argc, char **argv)
{
    int programs = argc > 1 ? atoi(argv[1]) : 600;
    int only = argc > 2 ? atoi(argv[2]) : -1;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && only < 0; i++) {
        if (rows[i].small) {
            struct count truth = brute_force(rows[i].program, rows[i].a, rows[i].b, -1);

            CHECK_THAT((int64_t)truth.traces == rows[i].traces && (int64_t)truth.bad == rows[i].bad,
                       "%s(%d,%d) by brute force: %lu schedules, %lu traces, %lu bad",
                       rows[i].program->name, rows[i].a, rows[i].b, truth.runs, truth.traces,
                       truth.bad);
        }
        check_row(&strategy_dpor, i, false);
        check_row(&strategy_odpor, i, true);
    }
    for (int i = only < 0 ? 0 : only; i < programs; i++) {
        int length = 2 + i % 4;

        check_all(&program_random, i, length, true);
        check_all(&program_crashing, i, length, false);
        if (i % 3 == 0) {
            check_all(&program_counting, i, length, false);
            check_all(&program_adding, i, length, false);
        }
    }
    return check_done("explore-model");
}

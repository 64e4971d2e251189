/*
 * brute.c - what is true of a small program: all its schedules, one after the other.
 *
 * Nothing here knows how the strategies do it. A trace is told by the set of its steps, each with the
 * steps before it that it depends on.
 */
#include <stdlib.h>
#include <string.h>
#include "tests/host/check.h"
#include "tests/host/explore/model.h"

#define MAX_RUN 4096

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 31)) * 0x7FB5D329728EA185ull;
    z = (z ^ (z >> 27)) * 0x81DADEF4BC2DD44Dull;
    return z ^ (z >> 33);
}

/* A set of hashes. */
static struct {
    uint64_t *hash;
    size_t count, size;
} set;

static bool
set_add(uint64_t hash)
{
    size_t at;

    if (set.count * 2 >= set.size) {
        uint64_t *old = set.hash;
        size_t size = set.size;

        set.size = size == 0 ? 1024 : size * 2;
        set.hash = calloc(set.size, sizeof(*set.hash));
        set.count = 0;
        for (size_t i = 0; i < size; i++) {
            if (old[i] != 0) {
                set_add(old[i]);
            }
        }
        free(old);
    }
    hash |= hash == 0;
    for (at = hash & (set.size - 1); set.hash[at] != 0; at = (at + 1) & (set.size - 1)) {
        if (set.hash[at] == hash) {
            return false;
        }
    }
    set.hash[at] = hash;
    set.count++;
    return true;
}

static void
set_clear(void)
{
    free(set.hash);
    memset(&set, 0, sizeof(set));
}

/* The run so far. */
static struct {
    struct operation operation[MAX_RUN];
    uint8_t thread[MAX_RUN];
    int threads[MAX_RUN]; /* that there are in front of it */
    uint64_t hash[MAX_RUN];
    uint32_t steps;
} run;

static void
push(const struct model *m, uint32_t thread)
{
    struct operation operation = model_operation(m, thread);
    uint64_t hash = mix(thread + 1);

    for (uint32_t i = 0; i < run.steps; i++) {
        bool makes = run.threads[i] <= (int)thread &&
                     (i + 1 == run.steps ? m->threads : run.threads[i + 1]) > (int)thread;

        if (run.thread[i] == thread || makes ||
            operation_dependent(&run.operation[i], &operation)) {
            hash += mix(run.hash[i]);
        }
    }
    run.threads[run.steps] = m->threads;
    run.operation[run.steps] = operation;
    run.thread[run.steps] = (uint8_t)thread;
    run.hash[run.steps] = mix(hash);
    run.steps++;
}

/* Of a run that crashed what others did beside it does not matter. */
static uint64_t
trace_of_run(const struct model *m)
{
    uint64_t hash = 0;

    if (m->crashed) {
        return ~run.hash[run.steps - 1];
    }

    for (uint32_t i = 0; i < run.steps; i++) {
        hash += run.hash[i];
    }
    return hash;
}

static void
count_run(struct count *count, struct model *m, bool distinct)
{
    bool known = distinct && !set_add(trace_of_run(m));

    model_finish(m);
    count->traces += !known;
    count->bad += !known && m->bad;
}

static void
walk(struct count *count, const struct model *m, int last, int preemptions)
{
    uint64_t enabled = m->crashed ? 0 : model_enabled(m);

    if (count->runs >= BRUTE_LIMIT) {
        return;
    }
    if (enabled == 0) {
        struct model end = *m;

        count->runs++;
        count_run(count, &end, true);
        return;
    }
    for (; enabled != 0; enabled &= enabled - 1) {
        uint32_t thread = (uint32_t)__builtin_ctzll(enabled);
        bool preempts =
            last >= 0 && (uint32_t)last != thread && (model_enabled(m) >> last & 1) != 0;
        struct model next = *m;

        if (preempts && preemptions == 0) {
            continue;
        }
        push(m, thread);
        model_step(&next, thread);
        walk(count, &next, (int)thread,
             preempts && preemptions > 0 ? preemptions - 1 : preemptions);
        run.steps--;
    }
}

struct count
brute_force(const struct program *program, int a, int b, int preemptions)
{
    struct count count = {0};
    struct model m;

    model_start(&m, program, a, b);
    run.steps = 0;
    set_clear();
    walk(&count, &m, -1, preemptions);
    return count;
}

static uint32_t
longest(const struct model *m)
{
    uint32_t most = 0;

    for (uint64_t enabled = model_enabled(m); enabled != 0; enabled &= enabled - 1) {
        struct model next = *m;
        uint32_t length;

        model_step(&next, (uint32_t)__builtin_ctzll(enabled));
        length = 1 + longest(&next);
        most = length > most ? length : most;
    }
    return most;
}

uint32_t
model_longest(const struct program *program, int a, int b)
{
    struct model m;

    model_start(&m, program, a, b);
    return longest(&m);
}

/* Along a strategy's answers, until nobody can step, one of them crashes, or the run is cut. */
static bool
play(const struct strategy *strategy, struct model *m, bool noted, struct question *question,
     struct operation *next)
{
    uint32_t chosen;

    *question = (struct question){.last = NO_AGENT, .next = next};
    run.steps = 0;
    for (; !m->crashed; question->step++) {
        question->enabled = model_enabled(m);
        question->present = model_present(m);
        for (uint64_t present = (uint64_t)question->present; present != 0; present &= present - 1) {
            uint32_t thread = (uint32_t)__builtin_ctzll(present);

            next[thread] = model_operation(m, thread);
        }
        if (question->enabled == 0) {
            return true;
        }
        chosen = strategy->choose(question);
        if (chosen == ANSWER_CUT) {
            return false;
        }
        if (chosen >= MAX_AGENTS || (question->enabled >> chosen & 1) == 0) {
            printf("%s chose %u at step %u of %s\n", strategy->name, chosen, question->step,
                   m->program->name);
            exit(1);
        }
        if (noted) {
            push(m, chosen);
        }
        model_step(m, chosen);
        question->last = (uint8_t)chosen;
    }
    question->enabled &= ~set_one(question->last); /* who could have stepped instead */
    question->present &= ~set_one(question->last);
    return true;
}

/* Crashes that several shards may come to: strategy.h. */
static struct {
    uint64_t hash;
    bool counted;
} loose[4096];
static uint32_t loose_count;

static void
note_loose(uint64_t hash, bool counted)
{
    if (hash == 0) {
        return;
    }
    for (uint32_t i = 0; i < loose_count; i++) {
        if (loose[i].hash == hash) {
            loose[i].counted |= counted;
            return;
        }
    }
    if (loose_count == sizeof(loose) / sizeof(loose[0])) {
        printf("too many crashes\n");
        exit(1);
    }
    loose[loose_count].hash = hash;
    loose[loose_count++].counted = counted;
}

/* What became of a run. */
enum ended { RUN_COUNTS, RUN_REPEATS, RUN_IS_CUT, RUN_IS_ANOTHERS };

/* One run, with those that the strategy wants made before it counts. */
static enum ended
one_run(const struct strategy *strategy, struct model *m, bool noted)
{
    static const struct abi_stop crash = {.verdict = ABI_BUGCHECK, .code = 1}, clean = {0},
                                 hang = {.verdict = ABI_DEADLOCK};
    struct operation next[MAX_AGENTS];
    struct model start = *m;
    struct question question;
    enum ended ended = RUN_COUNTS;
    const struct abi_stop *why;
    bool whole;

    do {
        *m = start;
        whole = play(strategy, m, noted, &question, next);
        why = !whole ? NULL : m->crashed ? &crash : model_present(m) != 0 ? &hang : &clean;
    } while (strategy->again != NULL && strategy->again(why, m->crashed));
    if (strategy->counts != NULL && !strategy->counts(why, m->crashed)) {
        ended = RUN_IS_ANOTHERS;
    } else if (!whole) {
        ended = RUN_IS_CUT;
    }
    if (whole && (m->crashed || !noted) && strategy->repeats != NULL &&
        strategy->repeats(why, m->crashed) && ended == RUN_COUNTS) {
        ended = RUN_REPEATS;
    }
    if (whole && m->crashed && ended != RUN_IS_ANOTHERS && strategy->loose != NULL) {
        note_loose(strategy->loose(), ended == RUN_COUNTS);
    }
    if (strategy->end != NULL) {
        strategy->end(&question, !whole);
    }
    return ended;
}

struct count
model_search(const struct strategy *strategy, const struct run_search *search,
             const struct program *program, int a, int b, uint64_t runs, bool distinct)
{
    struct count count = {0};
    struct model m;

    set_clear();
    if (strategy->init(search) != 0) {
        exit(1);
    }
    if (search->shards > 1) { /* one run tells how deep to split: unit.c */
        strategy->begin(0);
        model_start(&m, program, a, b);
        one_run(strategy, &m, distinct);
        if (strategy->load != NULL) {
            strategy->load(NULL, 0);
        }
    }
    for (uint64_t number = 0; count.runs < runs && strategy->begin(number); number++) {
        enum ended ended;

        model_start(&m, program, a, b);
        ended = one_run(strategy, &m, distinct);
        count.runs += ended != RUN_IS_ANOTHERS;
        count.blocked += ended == RUN_IS_CUT || ended == RUN_REPEATS;
        if (ended == RUN_COUNTS) {
            count_run(&count, &m, distinct);
            if (search->first && m.bad) {
                break;
            }
        }
    }
    return count;
}

struct count
model_shards(const struct strategy *strategy, struct run_search search,
             const struct program *program, int a, int b, struct count *most)
{
    struct count sum = {0};

    loose_count = 0;
    *most = (struct count){0};
    for (search.shard = 0; search.shard < search.shards; search.shard++) {
        struct count one = model_search(strategy, &search, program, a, b, 10000000, false);

        sum.runs += one.runs;
        sum.traces += one.traces;
        sum.bad += one.bad;
        sum.blocked += one.blocked;
        most->runs = one.runs > most->runs ? one.runs : most->runs;
    }
    for (uint32_t i = 0; i < loose_count; i++) {
        sum.traces += !loose[i].counted;
        sum.bad += !loose[i].counted;
    }
    return sum;
}

/* The draws of a run, each with its bound: the last one that has another outcome is counted up. */
static struct {
    uint64_t value[64], bound[64];
    uint32_t count, given;
} draws;

static uint64_t
draw(uint64_t bound)
{
    if (draws.count == sizeof(draws.value) / sizeof(draws.value[0])) {
        printf("too many draws in one run\n");
        exit(1);
    }
    if (draws.count == draws.given) {
        draws.value[draws.given++] = 0;
    }
    draws.bound[draws.count] = bound;
    return draws.value[draws.count++];
}

struct chances
model_chances(const struct strategy *strategy, const struct run_search *search,
              const struct program *program, int a, int b)
{
    struct chances chances = {.all = 1};
    struct model m;

    random_draw = draw;
    draws.given = 0;
    if (strategy->init(search) != 0) {
        exit(1);
    }
    do {
        unsigned __int128 weight = 1;

        draws.count = 0;
        strategy->begin(0);
        model_start(&m, program, a, b);
        one_run(strategy, &m, false);
        model_finish(&m);
        /* All weights are fractions of one denominator, which grows as it must. */
        for (uint32_t i = 0; i < draws.count; i++) {
            weight *= draws.bound[i];
        }
        if (chances.all % weight != 0) {
            unsigned __int128 x = chances.all, y = weight;

            while (y != 0) {
                unsigned __int128 rest = x % y;

                x = y;
                y = rest;
            }
            chances.bad *= weight / x;
            chances.all *= weight / x;
        }
        chances.bad += m.bad ? chances.all / weight : 0;
        chances.outcomes++;
        while (draws.count > 0 &&
               draws.value[draws.count - 1] + 1 == draws.bound[draws.count - 1]) {
            draws.count--;
        }
        draws.given = draws.count;
        if (draws.count > 0) {
            draws.value[draws.count - 1]++;
        }
    } while (draws.given > 0);
    random_draw = NULL;
    return chances;
}

/*
 * model.h - small concurrent programs without a machine, to try strategies on.
 *
 * A thread is a function that stops in front of each operation that others may see and is called
 * again to do it and go on. Its locals live in t->r. A program of a few steps runs in less than a
 * microsecond, so all its schedules can be walked, and a strategy be held against them.
 */
#ifndef TESTS_HOST_EXPLORE_MODEL_H
#define TESTS_HOST_EXPLORE_MODEL_H

#include "host/explore/strategy.h"

#define MODEL_THREADS 24
#define MODEL_OBJECTS 160
#define MODEL_LOCALS  4

enum model_operation {
    DONE,
    YIELD,
    READ,
    WRITE,
    UPDATE,
    TRY,
    LOCK,
    UNLOCK,
    WAIT,
    WAIT_ALL,
    SET,
    RESET,
    PUT,
    TAKE,
    GIVE, /* back a reference */
    USE,  /* of what is referenced */
    ADD   /* a reference, while there is one */
};

struct model;
struct thread {
    void (*code)(struct model *m, struct thread *t);
    uint16_t line;
    uint8_t id;
    uint8_t op; /* enum model_operation: what it stands in front of */
    int16_t object;
    int16_t expected; /* TRY: it changes nothing if the value is another */
    int16_t argument;
    int16_t r[MODEL_LOCALS];
};

struct model {
    const struct program *program;
    int a, b; /* the program's parameters */
    int threads;
    bool bad;
    bool crashed; /* by the last step: nobody goes on */
    int16_t object[MODEL_OBJECTS];
    struct thread thread[MODEL_THREADS];
};

struct program {
    const char *name;
    void (*setup)(struct model *m);
    void (*finish)(struct model *m); /* may be NULL: looks at the end of a run */
};

/* Inside a thread's function: BEGIN ... END, and between them these. */
#define BEGIN                                                                                      \
    switch (t->line) {                                                                             \
    case 0:
#define END                                                                                        \
    }                                                                                              \
    t->op = DONE
#define AT(kind, number)                                                                           \
    do {                                                                                           \
        t->line = __LINE__;                                                                        \
        t->op = (kind);                                                                            \
        t->object = (int16_t)(number);                                                             \
        return;                                                                                    \
    case __LINE__:;                                                                                \
    } while (0)
#define OBJECT (m->object[t->object])

void model_start(struct model *m, const struct program *program, int a, int b);
void model_thread(struct model *m, void (*code)(struct model *m, struct thread *t), int argument);
uint64_t model_present(const struct model *m);
uint64_t model_enabled(const struct model *m);
struct operation model_operation(const struct model *m, uint32_t thread);
void model_step(struct model *m, uint32_t thread);
void model_finish(struct model *m);

struct count {
    uint64_t runs, traces, bad, blocked;
};

/* All schedules with up to so many preemptions (-1: any number), by brute force: `runs` are schedules, and
   traces are told apart by what depends on what. It gives up after BRUTE_LIMIT of them. */
#define BRUTE_LIMIT 200000
struct count brute_force(const struct program *program, int a, int b, int preemptions);
/* All that a strategy runs, up to `runs` that count. With `distinct` traces are told apart as above. */
struct count model_search(const struct strategy *strategy, const struct run_search *search,
                          const struct program *program, int a, int b, uint64_t runs,
                          bool distinct);

/* The shards of a search, added up as `ntlab merge` does; *most: of the largest. */
struct count model_shards(const struct strategy *strategy, struct run_search search,
                          const struct program *program, int a, int b, struct count *most);

/* All outcomes of a strategy's random draws in one run, first to last: weights as fractions of `all`.
   False if there are too many. */
struct chances {
    unsigned __int128 bad, all;
    uint64_t outcomes;
};
struct chances model_chances(const struct strategy *strategy, const struct run_search *search,
                             const struct program *program, int a, int b);
/* The longest run. */
uint32_t model_longest(const struct program *program, int a, int b);

extern const struct program program_readers, program_readers_last, program_lastzero,
    program_lockinc, program_inc, program_popl, program_reorder, program_din_phil,
    program_deadlock01, program_lazy01, program_account, program_token_ring, program_stack,
    program_twostage, program_bluetooth, program_bluetooth_event, program_bluetooth_fixed,
    program_ssbexp, program_indexer, program_filesystem, program_writers, program_free,
    program_event, program_semaphore, program_casrot, program_spin, program_random, program_give,
    program_counting, program_adding, program_open, program_crashing;

#endif

/*
 * strategy.h - how a search answers: one strategy is one file.
 *
 * The explorer numbers agents in the order in which a run meets them: two runs give an agent the same
 * number if they have gone the same way until it came. (So a run follows from what was chosen in it
 * alone, not from the runs before; what is kept across runs that go different ways is kept by
 * explorer_name.) A strategy sees only real questions: at least one agent could step, each is at an
 * operation that others may see.
 */
#ifndef HOST_EXPLORE_STRATEGY_H
#define HOST_EXPLORE_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/hypercall.h"
#include "abi/trace.h"
#include "host/machine/run.h"

#define MAX_AGENTS      128 /* as many as a set has room for; less than NO_AGENT */
#define MAX_STEPS       65536
#define TOO_MANY_AGENTS "more than %d threads, DPCs and timers take part in what is explored"
#define NO_AGENT        0xFF

/* Set operations are those on bits: a | b, a & b, a & ~b; `set &= set - 1` takes the first one out. */
typedef unsigned __int128 agent_set;

#define SET_ALL (~(agent_set)0)

static inline agent_set
set_one(uint32_t agent)
{
    return (agent_set)1 << agent;
}

/* Of a set that is not empty. */
static inline uint32_t
set_first(agent_set set)
{
    uint64_t low = (uint64_t)set;

    return (uint32_t)(low != 0 ? __builtin_ctzll(low)
                               : 64 + __builtin_ctzll((uint64_t)(set >> 64)));
}

/* Each processor that ntlab runs on has it (wrgsbase came later); the compiler may not know. */
static inline uint32_t
count_bits(uint64_t set)
{
    uint64_t count;

    __asm__("popcntq %1, %0" : "=r"(count) : "r"(set) : "cc");
    return (uint32_t)count;
}
static inline uint32_t
set_count(agent_set set)
{
    return count_bits((uint64_t)set) + count_bits((uint64_t)(set >> 64));
}

/* What an agent would do next. */
struct operation {
    uint16_t op;           /* enum abi_event */
    uint16_t flags;        /* enum abi_agent_flags */
    uint16_t kind;         /* enum abi_agent_kind: whose operation it is */
    uint8_t takes, queues; /* enum abi_apc */
    uint32_t
        target; /* the agent whose next step it changes: its own, or that of the injected event; 0: none */
    uint32_t objects;
    uint64_t object[ABI_AGENT_OBJECTS];
    bool reads[ABI_AGENT_OBJECTS]; /* changes nothing of it */
    uint32_t size
        [ABI_AGENT_OBJECTS]; /* of memory: bytes, 0 means 1; of what a loop polls also RUN_SPIN_STATE */
    uint64_t thread;         /* 0: no thread's */
    const struct abi_object
        *more;     /* all objects but the first; the same list has the same address */
    uint64_t site; /* of memory: the code that accesses it; 0: not known */
    bool patched;  /* and the loader has found it, not the compiler told it */
};

struct question {
    agent_set enabled;            /* agents that could step */
    agent_set present;            /* and those whose next operation would block */
    uint8_t last;                 /* who stepped last, NO_AGENT at the root */
    uint32_t step;                /* number of this question in its run */
    const struct operation *next; /* by agent */
};

/* How a run ended, for strategies that learn from it. */
struct outcome {
    const struct abi_stop *why; /* NULL: it was cut */
    uint64_t run;               /* number of the run */
    uint64_t signature, hash;
    const uint32_t *schedule; /* names */
    uint32_t steps;
    struct search_results *results;
};

enum answer_special {
    ANSWER_CUT = 0xFFFFFFFF,  /* this run cannot show anything new: end it */
    ANSWER_FAIR = 0xFFFFFFFE, /* from here on everybody takes turns (fair.c) */
};

struct random;

/* How a strategy's runs can be shared out among processes (unit.h). */
enum strategy_kind {
    STRATEGY_WHOLE, /* not at all: a run may depend on all runs before */
    STRATEGY_PARTED, /* the same, but it can be split into shards: each makes its part of the runs, by `counts` */
    STRATEGY_GUIDED,  /* the same: run i depends on the seed, i, and the shard's runs before it */
    STRATEGY_SAMPLED, /* run i depends on the seed and i, and what was learnt in runs below `warm` */
    STRATEGY_TREE,    /* by subtrees: it has load, save, give and asks */
};

struct strategy {
    const char *name;
    int (*init)(const struct run_search *search);
    /* False: nothing is left. `run` counts from 0. */
    bool (*begin)(uint64_t run);
    uint32_t (*choose)(const struct question *question);
    /* NULL: 0. After begin(run), run > 0: so many of the first answers will be those of the last run. The explorer
       may start anywhere up to there: the first question that it asks has that `step`. */
    uint32_t (*shared)(void);
    /* NULL: no. Is it known already that the search comes back to question number `step` of this run
       for another answer? */
    bool (*returns)(uint32_t step);
    /* Where there is one agent only there is nothing to choose. NULL: its steps need not be told. Else
       they are questions like others, until it took the last step and this says yes: all that was done by others
       comes before what it does from now on, after the first `steps` questions. */
    bool (*alone)(uint32_t steps);
    /* May be NULL. The run has ended after `steps` answers; with ANSWER_CUT `cut`. Agents that are left over
       blocked are in `end->present`. Where it crashed, `end->enabled` are those who could have stepped instead of
       the one that did last. */
    void (*end)(const struct question *end, bool cut);
    enum search_outcome exhausted; /* what it means when nothing is left */
    /* May be NULL. Asked when a run has come to its end, before all else: shall the explorer make one more run first, which counts
       for nothing? What it asks there `choose` answers as it likes, and this is asked at its end too. The last run, for which
       the answer is no, is the one that counts: it must be the first one over again. */
    bool (*again)(const struct abi_stop *why, bool crashed);
    /* May be NULL. Asked when a run has come to its end, before `end`: has its trace been counted before?
       `crashed`: it ended in the middle, with agents left that could step. */
    bool (*repeats)(const struct abi_stop *why, bool crashed);
    /* May be NULL. After begin: what else is known of the search (bound, whole, estimate). */
    void (*tell)(struct search_results *results);
    /* May be NULL. With it the strategy keeps findings itself. */
    void (*judge)(const struct outcome *outcome);

    /* NULL: yes. Of a search that is split into shards: does the run that has ended belong to this one? `why` NULL: it was cut.
       Asked before `repeats` and `end`. */
    bool (*counts)(const struct abi_stop *why, bool crashed);
    /* May be NULL. Asked behind `repeats` of a crash that counts, in a search that is split into shards: what tells it, if other shards
       may have come to it too. 0: none. If `repeats` has said yes it is theirs to count, but they may never come to it. */
    uint64_t (*loose)(void);

    enum strategy_kind kind;
    /* Of one that samples: what it answers follows from `begin` and the questions of the run alone. */
    bool by_questions;
    /* May be NULL. Then that is all that the answers to come depend on beside the questions, and where there is one answer it stays as it is
       (together.c). Such a strategy has no `end`, `tell` or `judge`. */
    struct random *numbers;
    /* Every process does runs 0 to warm - 1 for itself, uncounted, before any other. */
    uint64_t warm;
    /* The four of a tree are called between two runs, save also from inside unit_need. What a
       subtree comes to must follow from its state alone.
       load: the next begin goes on as it would have where `state` was saved; length 0: at the root.
       save: all that load needs; its length, 0 if there is no room.
       give: gives a subtree away that has not begun: what load needs for it; 0: there is none. When
       begin comes to it, it calls unit_need(part) and does what that says.
       asks: at a subtree's end: what its races ask of questions above its own root. */
    bool (*load)(const uint8_t *state, size_t length);
    size_t (*save)(uint8_t *out, size_t room);
    size_t (*give)(uint32_t part, uint8_t *out, size_t room);
    size_t (*asks)(uint8_t *out, size_t room);
};

const struct strategy *strategy_find(const char *name); /* explorer.c; NULL: there is none */

extern const struct strategy strategy_random, strategy_pct, strategy_dpor, strategy_odpor,
    strategy_pos, strategy_urw, strategy_surw, strategy_bounded, strategy_delay, strategy_portfolio,
    strategy_feedback, strategy_fair_walk, strategy_replay, strategy_minimise, strategy_fair,
    strategy_brute, strategy_lattice, strategy_watch;

uint32_t explorer_name(uint32_t number); /* of an agent */

/* The agent of that name out of `among`; NO_AGENT: it is not there. */
static inline uint32_t
explorer_named(agent_set among, uint32_t name)
{
    for (; among != 0; among &= among - 1) {
        if (explorer_name(set_first(among)) == name) {
            return set_first(among);
        }
    }
    return NO_AGENT;
}

/* operation.c: what the kernel says of an agent; and is it what was said at the last question? */
void operation_describe(struct operation *operation, const struct abi_agent *agent);
const struct abi_object *operation_objects(const struct abi_agent *agent);
bool operation_is_known(const struct operation *operation, const struct abi_agent *agent);

/* What is done to a count, by operations that otherwise only read it. */
enum touch_counts {
    COUNTS_NOT,
    COUNTS_UP,  /* one more */
    COUNTS_DOWN /* one less, which is not the last one */
};
/* An aspect of an object that an operation touches. Two operations are dependent if they have a key in common that one of
   them changes, or that the one counts up and the other one down: that it was not the last may be because of the former. */
struct touch {
    uint64_t key;
    bool writes;
    uint8_t counts; /* enum touch_counts */
};
GENERAL_REGISTERS_ONLY static inline bool
touches_conflict(bool writes, uint8_t counts, bool others_write, uint8_t others_count)
{
    return writes || others_write || (counts | others_count) == (COUNTS_UP | COUNTS_DOWN);
}
#define OPERATION_TOUCHES (64 + 10) /* a wait for all that one can wait for */
/* memory.c: appends what an access to `size` bytes touches; the new count. */
uint32_t memory_cells(uint64_t address, uint32_t size, bool writes, struct touch *touch,
                      uint32_t count);
uint32_t operation_touches(const struct operation *operation, struct touch *touch);
/* The same for the run's end, which says who comes before whom, and nothing of what anybody does: appended; the new count. */
uint32_t operation_touches_end(const struct operation *operation, struct touch *touch,
                               uint32_t count);
/* The end itself, in which who waits for it stands. */
bool operation_is_end(const struct operation *operation);
/* Of these, only the blocks and objects that must not be freed before it. */
uint32_t operation_lives(const struct operation *operation, struct touch *touch);
/* The same for an agent's that queues no APC and accesses no memory; `more`: operation_objects of it. */
uint32_t operation_touches_of(const struct abi_agent *agent, const struct abi_object *more,
                              struct touch *touch);
bool operation_dependent(const struct operation *a, const struct operation *b);
/* Would the agent touch the same in any state? Not so: a compare-exchange that fails changes nothing. */
bool operation_is_steady(const struct operation *operation);
/* Does it change nothing for those who only read, but perhaps what another one that does the same would be? To give back a
   reference that is not the last is independent of others that are not, and of one that is not yet. So who sleeps in front of one
   sleeps until it is the last (dpor.c, D9). */
static inline bool
op_counts(uint16_t op, bool reads)
{
    return op == SP_OBJECT && reads;
}
static inline bool
operation_counts(const struct operation *operation)
{
    return op_counts(operation->op, operation->reads[0]);
}
/* Could an earlier operation have been done after `later`, had `later` come first? */
bool operation_coenabled(uint16_t earlier, uint16_t earlier_flags, const struct operation *later);

/* replay.c: choices that a tolerant replay has passed over; and the sentence about them. */
extern uint32_t replay_skipped;
void replay_say(void);
const char *operation_name(uint16_t op); /* of enum abi_event, in words */

/* Memory for a strategy's init: zeroed, and free until it is touched. NULL if there is none. */
void *search_reserve(size_t size);
void search_clear(void *at, size_t size); /* all of it, at an init: as it was at first */

/* Does it happen because the environment adds it, not because a thread goes on? */
static inline bool
operation_injected(const struct operation *operation)
{
    return operation->kind == ABI_AGENT_TIMEOUT || operation->kind == ABI_AGENT_INJECTED;
}

/*
 * Who goes on of `free`, which is not empty: whoever stepped last, else the first one without an injected event if
 * there is one. An event need not happen, and what follows it is not what would follow without it: a search that
 * begins with it at a question where nothing asks for it would never see the run without.
 */
static inline uint32_t
question_first(const struct question *question, agent_set free)
{
    agent_set plain = 0;

    if (question->last != NO_AGENT && (free >> question->last & 1) != 0) {
        return question->last;
    }
    for (agent_set set = free; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        plain |= operation_injected(&question->next[agent]) ? 0 : set_one(agent);
    }
    return set_first(plain != 0 ? plain : free);
}

/* fair.c: the end of a run in which everybody takes turns. */
enum fair_end { FAIR_GOES_ON, FAIR_STANDS_STILL, FAIR_TOO_LONG };
void fair_begin(void);
/* `asker` has come to its next operation. */
enum fair_end fair_state(const struct question *question, uint32_t asker);
uint32_t fair_next(const struct question *question);

/* Equal for two runs that fail in the same way; `end`: who was left, and before what. */
uint64_t signature_of(const struct abi_stop *why, const struct question *end);

/* A small generator of our own: the same numbers on every machine. */
struct random {
    uint64_t state;
};
static inline uint64_t
random_next(struct random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}
extern uint64_t (*random_draw)(uint64_t bound); /* for tests that walk all outcomes: NULL */
static inline uint64_t
random_below(struct random *random, uint64_t bound)
{
    if (random_draw != NULL) {
        return random_draw(bound);
    }
    return (uint64_t)(((unsigned __int128)random_next(random) * bound) >> 64);
}
static inline uint32_t
set_nth(agent_set set, uint32_t n)
{
    while (n-- > 0) {
        set &= set - 1;
    }
    return set_first(set);
}

#endif

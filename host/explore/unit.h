/*
 * unit.h - a search in units: what a worker is given to do, and what it brings back.
 *
 * A unit is a block of runs (of a strategy whose run i follows from i), or a subtree of a search. What
 * it comes to follows from what the worker is given alone, so it does not matter who does it, when,
 * or how often: a unit that was lost with its worker is done again. pool.c has the other side. A worker
 * without a channel searches alone until its budget is spent.
 *
 *   U1  A worker speaks only between two runs, and waits for the answer. What it has said (figures
 *       since it last spoke, the state it would go on from) is one: either all of it counts or nothing.
 *   U3  Where a run of the search is stands in the channel too, so that a worker that dies by itself (guest code
 *       has written over it, the watchdog had to kill it) leaves the schedule that it died at.
 *   U4  What a block of runs came to is said only if memory was put back right after each of them (host/machine/lines.c); else the block is
 *       done again from its beginning.
 *   U5  Runs of a block need not be made in the order of their numbers (together.c): what is said of it are sums and sets. But a finding's
 *       schedule is that of the first run that shows it, and with `first` the block ends there. So when one comes that this worker has not shown
 *       before, the block is done again, in order up to there, also if the time is up.
 *   U2  The channel is shared memory and a socket that carries one byte for each message. The guest may have
 *       trampled it (machine.h, M4): lengths are bounded, and nonsense ends the worker only.
 */
#ifndef HOST_EXPLORE_UNIT_H
#define HOST_EXPLORE_UNIT_H

#include "host/explore/strategy.h"
#include "host/machine/run.h"

#define UNIT_ROOM                                                                                  \
    (16u << 20) /* as much as a path of MAX_STEPS can need; free until it is touched */

enum unit_message {
    UNIT_READY = 1, /* has nothing to do */
    UNIT_OFFER,     /* gives `given` away as part number `part`; would go on from `state` */
    UNIT_KEEP,      /* only says how far it is: `state` */
    UNIT_NEED,      /* has come to part number `part` */
    UNIT_DONE,      /* the unit is at its end, as `end` says; `given` is what it asks of others */
    UNIT_ONLY_RUN,  /* there was nothing to choose: one run is all */
};

enum unit_end { UNIT_EXHAUSTED, UNIT_LIMIT, UNIT_FOUND, UNIT_STOPPED };

enum unit_answer {
    UNIT_GO = 1, /* on with it */
    UNIT_TAKE, /* the part that was needed has been done: `given` is what it asks, `limit` is left */
    UNIT_INLINE, /* nobody has begun it: do it here; `limit` */
    UNIT_LOAD,   /* something else: `first`, `stride`, `limit`, `state` */
    UNIT_OVER,   /* the search is over */
};

struct unit_bytes {
    uint32_t length;
    uint8_t data[UNIT_ROOM];
};

struct unit_channel {
    /* From the pool, looked at after each run. */
    volatile uint32_t hungry; /* not 0: somebody has nothing to do: offer a part, of this number */
    volatile uint32_t stop;   /* the time is up: bring what there is */
    volatile uint32_t report; /* say how far you are (KEEP) */
    /* From the worker. */
    volatile uint32_t waits; /* for an answer */
    uint32_t message, end;
    uint32_t part; /* that is needed */
    uint64_t done; /* runs of this unit */
    /* U3: the run that is under way. */
    volatile uint32_t rooted; /* there has been a first choice */
    volatile uint32_t steps, scheduled;
    /* The answer. */
    uint32_t answer;
    uint64_t first, stride; /* of a block: its first run, and how far it is to the next */
    uint64_t limit;         /* runs at most; UINT64_MAX: all */
    struct unit_bytes state, given;
    uint32_t schedule[MAX_STEPS]; /* names; `scheduled` of them */
};

/* Schedules at which a worker died, and died again. Written by the pool only: whoever comes to one ends its
   run there, with `why`. */
#define UNIT_DEATHS 64
struct unit_deaths {
    uint32_t count;
    struct unit_death {
        uint32_t steps, scheduled;
        struct abi_stop why;
        uint32_t schedule[MAX_STEPS];
    } death[UNIT_DEATHS];
};

/* In the worker. Begins the next run of this or of another unit; false: the search is over. */
void unit_init(const struct strategy *strategy, const struct run_search *search,
               struct search_results *results);
bool unit_begin(void);
/* The run that is under way is this one: together.c, R2. */
void unit_run_is(uint64_t run);
uint64_t unit_run(void); /* the number of the run that was begun last, the same whoever does it */
/* After a run, `bad` or not, that counts or belongs to another shard; `digest`: of its trace hash. */
void unit_ended(bool counts, bool bad, uint64_t digest);
/* U4: the unit that is under way is done from its beginning when the next run is begun. */
void unit_again(void);
/* There was nothing to choose. */
void unit_only_run(void);
/* For a strategy's begin: it has come to a part that was given away. UNIT_TAKE: it is done, *asks is
   what it asks of the questions above it. UNIT_INLINE: it is the caller's again. UNIT_LOAD: begin
   returns false, the rest of the unit waits. */
enum unit_answer unit_need(uint32_t part, const uint8_t **asks, size_t *length);

#endif
